"""How a handler starts: it reads its settings from the environment once, then creates clients, records and logger.

Only this module reads `os.environ`. Handlers have no `try`: the state machine routes errors.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from canary.aws.clients import Clients
from canary.aws.notifications import Notifications
from canary.aws.records import Records
from canary.aws.troubles import Troubles
from canary.edge.events import read_event
from canary.edge.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.errors import ControllerError

Event = TypeVar("Event")
Answer = TypeVar("Answer")
Json = dict[str, Any]

METRICS = "CanaryController"
"""The namespace of the controller's own metrics."""


@dataclass(frozen=True, slots=True)
class LambdaCall:
    """The call that a handler answers. ``request_id``: Lambda's own, by which CloudTrail and the log find it."""

    request_id: str = ""
    function_arn: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a handler works with."""

    settings: Settings
    clients: Clients
    records: Records
    notifications: Notifications
    troubles: Troubles
    logger: Logger
    call: LambdaCall = LambdaCall()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Tools:
        """The tools of the function with this environment.

        Raises:
            SettingsError: a variable is missing or wrong.

        """
        settings = Settings.from_env(environ)
        clients = Clients(task=settings.task, region=settings.region, endpoint_url=settings.endpoint_url)
        logger = Logger(service=f"canary-{settings.task}", level=environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
        kept = partial(_report_kept, logger)
        records = Records(clients.dynamodb, settings.table, settings.retention_days, on_kept=kept)
        notifications = Notifications(lambda: clients.events, logger, settings.reports)
        troubles = Troubles(lambda: clients.ssm, logger)
        return cls(settings, clients, records, notifications, troubles, logger)

    def count(self, what: str) -> None:
        """Count one event for the controller's own alarms and dashboard, as a CloudWatch metric through the log."""
        count(what)


def count(what: str) -> None:
    """Count one event, as `Tools.count` does."""
    with single_metric(name=what, unit=MetricUnit.Count, value=1, namespace=METRICS) as metric:
        metric.add_dimension("service", "canary")


def _report_kept(logger: Logger, rollout_id: str, error: ControllerError) -> None:
    logger.error("record will not expire", rollout=rollout_id, reason=f"{error}; delete it by hand once it is too old")
    count("RecordKept")


def as_it_is(event: Json) -> Json:
    """A person's own call; the task itself reads it and reports its problems."""
    return event


class Handler(Generic[Event, Answer]):
    """A Lambda handler: reads the event, makes one call, returns its answer."""

    def __init__(self, read: Callable[[Json], Event], act: Callable[[Event, Tools], Answer]) -> None:
        self._read = read
        self._act = act
        self._tools: Tools | None = None

    def __call__(self, event: Json, context: object) -> Answer:
        """What Lambda calls."""
        if self._tools is None:
            self._tools = Tools.from_env(os.environ)
        return self._run(self._tools, event, context)

    def bind(self, environ: Mapping[str, str]) -> Callable[[Json, object], Answer]:
        """The same handler for another environment, with its own clients."""
        tools = Tools.from_env(environ)

        def bound(event: Json, context: object) -> Answer:
            return self._run(tools, event, context)

        return bound

    def _run(self, tools: Tools, event: Json, context: object) -> Answer:
        call = LambdaCall(getattr(context, "aws_request_id", ""), getattr(context, "invoked_function_arn", ""))
        tools.logger.set_correlation_id(call.request_id or None)
        return self._act(self._read(event), replace(tools, call=call))


def on(kind: type[Event]) -> Callable[[Json], Event]:
    """Reads an event as `kind`, one of `canary.edge.events`."""
    return partial(read_event, kind)
