"""An account on the embedded AWS for APIs of one's own: without the sample, with a controller or quite empty.

Decides when a target of a folder is registered, and when an API gets its past. What is deployed into the account, and by which
tool, is not known here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError

from canary.edge.target import parse_target
from demo.accounts import Account
from demo.controller import TARGET_PREFIX, create_controller, register_target
from demo.guest import CONTROLLER
from demo.stand import REPORTS
from embedded_aws.dataplane.stage_traffic import StageTraffic
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.startup import without_collections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from canary.rules.targets.target import Target
    from demo.accounts import OwnAccount

Tell = Callable[[str], None]
HOUR = 3600.0
LOOK_SECONDS = 30.0
"""Simulated time between two looks at the folder and at the registered targets."""

PATTERN = "*.y*ml"
_ABSENT = frozenset({"NotFoundException", "ResourceNotFoundException"})


@contextmanager
def open_own_account(own: OwnAccount, *, port: int, speed: float | None, tell: Tell) -> Iterator[EmbeddedAws]:
    """An embedded AWS with this account; ``tell`` gets a line for whatever is noticed in it. Its clock does not run yet."""
    with EmbeddedAws(port=port, speed=speed, guest=CONTROLLER) as aws:
        with without_collections():
            if own.account is Account.CONTROLLER:
                create_controller(aws.client, reports=REPORTS)
        attend(aws, own, tell=tell)
        yield aws


def attend(aws: EmbeddedAws, own: OwnAccount, *, tell: Tell, without: Sequence[tuple[str, str]] = ()) -> None:
    """From now on, call the APIs of the account, register the folder's targets, and give each new target its past."""
    rng = random.Random("0 own traffic")
    aws.dataplane.add_source(
        StageTraffic(aws.gateway, own.traffic, rng=rng, per_minute=own.per_minute, without=without, tell=tell)
    )
    if own.targets or own.history_hours:
        aws.clock.spawn(Attendant(aws, own, tell).run, name="attendant")


class Attendant:
    """Looks at the folder and at the registered targets while time passes."""

    def __init__(self, aws: EmbeddedAws, own: OwnAccount, tell: Tell) -> None:
        self._aws = aws
        self._own = own
        self._tell = tell
        self._registered: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._known = set(self._names()) if own.history_hours else set()

    def run(self) -> None:
        """Look again and again, in an actor of the clock."""
        while True:
            self.look()
            self._aws.clock.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Register what is ready, then greet the targets that are new."""
        for file in sorted(self._own.targets.glob(PATTERN)) if self._own.targets else ():
            self._take(file)
        if hours := self._own.history_hours:
            for name in self._names():
                if name not in self._known:
                    self._known.add(name)
                    self._greet(name, hours)

    def _take(self, file: Path) -> None:
        """Register the file's target unless it is registered as it is now, or cannot be yet."""
        try:
            text = file.read_text(encoding="utf-8")
            if self._registered.get(file.name) == text:
                return
            target, problems = parse_target(yaml.safe_load(text))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            self._say(file, f"it cannot be read: {' '.join(str(error).split())}")
            return
        if target is None or problems:
            self._say(file, "; ".join(map(str, problems)))
            return
        if missing := find_missing(self._aws.client, target):
            self._say(file, f"target {target.name} waits for {missing}")
            return
        try:
            register_target(self._aws.client, target)
        except ClientError as error:
            self._say(file, f"target {target.name} cannot be registered: {error}")
            return
        self._registered[file.name] = text
        self._say(file, f"target {target.name} is registered; see canary doctor {target.name}")

    def _greet(self, name: str, hours: float) -> None:
        until = self._aws.clock.now() + hours * HOUR
        self._tell(f"{name}: {hours:g} hours of requests pass as fast as they can be served; its history")
        self._aws.clock.call_at(until, lambda: self._tell(f"{name}: its history is complete"), name="history")
        self._aws.clock.hurry(hours * HOUR)

    def _say(self, file: Path, line: str) -> None:
        """Tell what is new about a file."""
        if self._told.get(file.name) != line:
            self._told[file.name] = line
            self._tell(f"{file}: {line}")

    def _names(self) -> list[str]:
        pages = self._aws.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=TARGET_PREFIX)
        return [str(each["Name"]).removeprefix(TARGET_PREFIX) for page in pages for each in page["Parameters"]]


def find_missing(connect: Callable[[str], Any], target: Target) -> str | None:
    """The first part of the account that the target names and that does not exist yet; None if it is complete."""
    for function in target.functions:
        for alias in (function.live, function.canary):
            if alias and not _has(connect("lambda").get_alias, FunctionName=function.name, Name=alias):
                return f"the alias {alias} of function {function.name}"
    if stage := target.stage:
        place = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
        if not _has(connect("apigateway").get_stage, **place):
            return f"the stage {stage.stage_name} of API {stage.rest_api_id}"
    group = target.access_log_group
    if group and not _has_log_group(connect, group):
        return f"the log group {group}"
    return None


def _has_log_group(connect: Callable[[str], Any], group: str) -> bool:
    found = connect("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return any(one["logGroupName"] == group for one in found)


def _has(read: Callable[..., Any], **which: str) -> bool:
    try:
        read(**which)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return False
        raise
    return True
