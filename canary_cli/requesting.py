"""What options ask for: above all an execution's input, made of them and checked as the controller checks it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.edge.request import parse_request
from canary.rules.releases.problems import RefusedError
from canary.rules.targets.policy import effective_policy
from canary_cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from canary.rules.releases.problems import Problem
    from canary.rules.releases.release import Request
    from canary.rules.targets.live import Live
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NEWEST = "the newest published version"


def start_input(  # noqa: PLR0913 - one parameter an option
    target: str,
    *,
    functions: Sequence[str] = (),
    deployment: str | None = None,
    policy: str | None = None,
    changes: Sequence[str] = (),
    reason: str = "",
    labels: Sequence[str] = (),
    is_retry: bool = False,
    on_behalf_of: str = "",
) -> dict[str, Any]:
    """The input of an execution that starts a rollout; what was not given is left out.

    Raises:
        CommandError: an option has no name and value.

    """
    versions = dict(pair_of(text, "--function") for text in functions)
    release = {**({"functions": versions} if versions else {}), **({"deployment": deployment} if deployment else {})}
    changed = _nested(pair_of(text, "--set") for text in changes)
    labelled = dict(pair_of(text, "--label") for text in labels)
    override = {**({"from": policy} if policy else {}), **changed} if changed else policy
    given = {"target": target, "release": release, "policy": override, "reason": reason, "on_behalf_of": on_behalf_of}
    return optional({**given, "labels": labelled, "retry": is_retry})


def optional(given: Mapping[str, Any]) -> dict[str, Any]:
    """An input without what was not given."""
    return {key: value for key, value in given.items() if value}


def parse_start(given: Mapping[str, Any]) -> Request:
    """The request that an input makes.

    Raises:
        CommandError: with every problem of the input.

    """
    request, problems = parse_request(given)
    if request is None:
        raise wrong_input(problems)
    return request


def wrong_input(problems: tuple[Problem, ...]) -> CommandError:
    """That an input is wrong, and why."""
    return CommandError(
        "BadInput", str(RefusedError(problems)), "change the options; docs/schemas has every key", ExitCode.USAGE
    )


def changes_of(request: Request, target: Target, live: Live | None) -> Iterator[str]:
    """What a start changes, one line each; the controller's own checks come later."""
    for function in target.functions:
        old = str(live.live[function.name]) if live else "?"
        yield f"{function.name} {old} -> {request.release.functions.get(function.name, NEWEST)}"
    if target.stage:
        yield f"deployment -> {request.release.deployment or 'present if the definition changed since the last promotion'}"
    policy = effective_policy(target.policy, request.policy_override)
    steps = ", ".join(f"{step.weight_percent} % for {step.bake_seconds // 60} min" for step in policy.steps)
    yield f"policy {policy.name}: {steps}, then promotion"


def policy_of(target: Target, shipped: str | None) -> Policy:
    """The shipped policy of this name, or the target's own without a name.

    Raises:
        CommandError: no policy of this name is shipped.

    """
    return effective_policy(target.policy, parse_start(start_input(target.name, policy=shipped)).policy_override)


def execution_name(target: str, now: float, suffix: str) -> str:
    """A name that was never used, which becomes the rollout's id: ``orders-20260131T120000Z-3f9a``."""
    return f"{target}-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{suffix}"


def pair_of(text: str, option: str) -> tuple[str, str]:
    """The name and the value of an option such as ``name=value``.

    Raises:
        CommandError: it has none.

    """
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise CommandError(
            "Usage", f"{option} takes a name and a value, got {text!r}", f"write {option} name=value", ExitCode.USAGE
        )
    return name.strip(), value.strip()


def parse_duration(text: str, option: str) -> float:
    """The seconds of ``90s``, ``15m``, ``2h`` or ``90d``.

    Raises:
        CommandError: the text is no duration.

    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if not found:
        raise CommandError(
            "BadDuration",
            f"{option} is a number with a unit, got {text!r}",
            "write 90s, 15m, 2h or 90d",
            ExitCode.USAGE,
        )
    return int(found[1]) * UNITS[found[2]]


def _nested(pairs: Iterator[tuple[str, str]]) -> dict[str, Any]:
    """``detect.errors=0.02`` as ``{"detect": {"errors": 0.02}}``. A value is JSON if it can be read as such, else text."""
    found: dict[str, Any] = {}
    for path, value in pairs:
        *outer, last = path.split(".")
        place: Any = found
        for name in outer:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                found_twice = f"--set gives {path} a value, and a part of it too"
                raise CommandError("Usage", found_twice, "set each key once", ExitCode.USAGE)
        place[last] = _value(value)
    return found


def _value(text: str) -> Any:  # noqa: ANN401 - JSON is of any type
    try:
        return json.loads(text)
    except ValueError:
        return text
