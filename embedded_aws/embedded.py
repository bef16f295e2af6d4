"""The embedded AWS: all its parts in this process, on one virtual clock.

Decides which parts there are, and in which order they start and stop; it does not know what each part does. moto's state and
the process's time are global, so a process can have only one embedded AWS open at a time. Closing it restores everything.
"""

from __future__ import annotations

import math
import os
import random
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import boto3

from embedded_aws.apigateway.stages.control_plane import Gateway
from embedded_aws.awslambda.functions import Lambdas
from embedded_aws.cloudformation import custom
from embedded_aws.cloudformation.custom import Replies
from embedded_aws.cloudformation.service import create_stacks
from embedded_aws.cloudwatch.alarm_actions import AlarmActions
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.cloudwatch.metrics_api import CloudWatch
from embedded_aws.dataplane import execute_api
from embedded_aws.dataplane.dataplane import DataPlane
from embedded_aws.dataplane.execute_api import ExecuteApi
from embedded_aws.dataplane.measurement_faults import MeasurementFaults
from embedded_aws.events.bus import EventBus
from embedded_aws.events.deliveries import Deliveries
from embedded_aws.events.scheduler import Scheduler
from embedded_aws.faults.calls import Faults
from embedded_aws.iam.permissions import Permissions
from embedded_aws.iam.service_permissions import FunctionGuard
from embedded_aws.logs.ingest import LogIngest
from embedded_aws.moto_seams import apigateway, application, logs, seams, stepfunctions
from embedded_aws.moto_seams.hooks import preserved
from embedded_aws.server import Application, Server
from embedded_aws.shortcut import INSIDE, Shortcut, opened
from embedded_aws.time.clock import Clock
from embedded_aws.wire.connection import Place
from embedded_aws.wire.throttles import Throttles
from embedded_aws.wire.unknowns import Unknowns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.awslambda.guest import Guest
    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.cloudwatch.alarm_records import StateChange

ACCOUNT = "123456789012"
REGION = "eu-west-1"
START_TIME = 1_767_571_200.0  # 2026-01-05T00:00:00Z, a Monday
MINUTE = 60
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"}

_is_open = False


class EmbeddedAwsError(RuntimeError):
    """The embedded AWS was used in an unsupported way."""


class EmbeddedAws:
    """An AWS account in one Region, on loopback; a context manager.

    ``start_time`` is epoch seconds. ``speed`` is simulated seconds per real second; None means as fast as possible. ``port``
    0 takes any free port. Equal seeds and equal calls give equal runs. ``answers`` settle open questions
    (`embedded_aws.wire.unknowns`). With ``enforce_iam``, functions, state machines and schedules are limited to what their
    roles allow (`embedded_aws.iam.permissions`). Functions of a ``guest`` run from this process
    (`embedded_aws.awslambda.guest`).
    """

    account = ACCOUNT
    region = REGION

    def __init__(
        self,
        *,
        start_time: float = START_TIME,
        speed: float | None = None,
        port: int = 0,
        seed: int = 0,
        answers: Mapping[str, str] | None = None,
        enforce_iam: bool = False,
        guest: Guest | None = None,
    ) -> None:
        self.start_time = start_time
        self._port = port
        self._seed = seed
        self._stack = ExitStack()
        self._build(Clock(start_time, speed=speed), Unknowns(answers))
        self.lambdas.guest = guest
        if enforce_iam:
            self.permissions.enforce()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_only_one())
            stack.enter_context(preserved([hook for seam in seams() for hook in seam.HOOKS]))
            application.forget_everything(self._seed)
            for seam in seams():
                stack.callback(seam.install(self) or _nothing)
            stack.enter_context(self.clock.governing_process_time())
            invoked = ExecuteApi(self.dataplane, now=self.clock.now, busy=self.clock.busy)
            served = Application(self.clock, self.permissions, {execute_api.PREFIX: invoked, custom.PREFIX: self._replies})
            server = Server(served, self._port)
            stack.callback(server.close)
            self.endpoint_url = server.url
            self.permissions.secrets[_CREDENTIALS["AWS_ACCESS_KEY_ID"]] = _CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
            self.lambdas.environment = {"AWS_ENDPOINT_URL": INSIDE, **_CREDENTIALS}
            stack.enter_context(_environment({**_CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": server.url}))
            shortcut = Shortcut(server.url, served.handle, clock=self.clock, faults=self.faults)
            stack.enter_context(opened(shortcut))
            stack.callback(self.clock.close)
            self._stack = stack.pop_all()
        self._tick_at(math.floor(self.clock.now() / MINUTE) * MINUTE + MINUTE)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything: threads, server, patches, and the process's simulated time. Closing twice is harmless."""
        self._stack.close()

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """A boto3 client in this process that reaches the embedded AWS without sockets."""
        return _client(service)

    def invoke(self, function: str, event: object, *, qualifier: str | None = None) -> Invocation:
        """Invoke a function by name or ARN, with or without a qualifier.

        Raises:
            LambdaError: Lambda refuses the invocation.
        """
        name, _, own_qualifier = function.rpartition(":function:")[2].partition(":")
        return self.lambdas.invoke(name, event, qualifier=qualifier or own_qualifier or None)

    def has_log_group(self, name: str) -> bool:
        """Whether CloudWatch Logs has a log group of this name."""
        return logs.has_group(name)

    def stop_execution(self, arn: str) -> None:
        """Stop an execution as StopExecution does."""
        stepfunctions.stop(self, arn)

    def run_until_ended(self, execution_arn: str, *, limit: float) -> dict[str, Any]:
        """Drive time until the execution has ended, for at most ``limit`` simulated seconds; returns its description.

        Raises:
            ClockError: the execution is still running at the limit.
        """
        self.clock.run_until(lambda: not stepfunctions.is_running(self, execution_arn), limit=limit)
        description: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return description

    def _build(self, clock: Clock, unknowns: Unknowns) -> None:
        now, draw = clock.now, partial(_random, self._seed)
        self.clock = clock
        self.unknowns = unknowns
        self.rng = draw("executions")
        self.throttles = Throttles(now)
        self.faults = Faults(now)
        self.metrics = MetricStore(now, rng=draw("metrics"))
        is_late = unknowns.ask("metric-delay") == "5-minutes"
        self.metrics.services_lateness_seconds = 300 - self.metrics.arrival_seconds if is_late else 0.0
        self.cloudwatch = CloudWatch(self.metrics, now, unknowns)
        self.alarms = Alarms(self.metrics, now, region=REGION, account=ACCOUNT)
        self.logs = LogIngest(self.metrics, now, unknowns=unknowns)
        self.logs.filter_lateness_seconds = 120.0 if unknowns.ask("filter-delay") == "2-minutes" else 0.0
        self.gateway = Gateway(now, unknowns, draw("gateway"), account=ACCOUNT, region=REGION)
        self.lambdas = Lambdas(
            now=now,
            rng=draw("lambdas"),
            logs=self.logs,
            metrics=self.metrics,
            unknowns=unknowns,
            account=ACCOUNT,
            region=REGION,
        )
        self.dataplane = DataPlane(
            gateway=self.gateway,
            lambdas=self.lambdas,
            logs=self.logs,
            metrics=self.metrics,
            unknowns=unknowns,
            now=now,
            rng=draw("dataplane"),
        )
        self.measurement = MeasurementFaults(clock, self.dataplane.records, self.metrics, rng=draw("measurement"))
        self.permissions = Permissions(now, account=ACCOUNT)
        self.dataplane.gatekeeper.permissions = self.permissions
        self.dataplane.gatekeeper.knows_key = partial(apigateway.knows_key, account=ACCOUNT, region=REGION)
        self.lambdas.guard = FunctionGuard(self.permissions, Place(ACCOUNT, REGION), self.has_log_group)
        deliveries = Deliveries(self.client, self.lambdas, self.permissions, unknowns)
        self.lambdas.queued.on_exhausted = deliveries.hand_over_failure
        self._actions = AlarmActions(clock, deliveries)
        self.events = EventBus(clock, deliveries, rng=draw("events"), account=ACCOUNT, region=REGION)
        self.scheduler = Scheduler(clock, rng=draw("scheduler"))
        self._replies = Replies()
        self.stacks = create_stacks(
            self.client,
            self.invoke,
            self._replies,
            endpoint=lambda: self.endpoint_url,
            ask=unknowns.ask,
            now=now,
            rng=draw("cloudformation"),
            place=(ACCOUNT, REGION),
        )
        self._connect()

    def _connect(self) -> None:
        """Connect each part to the parts that react to it."""
        self.lambdas.call_at = self._spawn_at
        self.dataplane.records.has_log_group = self.has_log_group
        self.alarms.on_change(self._announce)
        self.alarms.on_change(self._actions.take)
        self.clock.on_advance(self.dataplane.advance)

    def _spawn_at(self, due: float, action: Callable[[], None], *, name: str) -> object:
        """Run ``action`` at ``due`` in an actor, so that it may wait on the clock."""

        def spawn() -> None:
            self.clock.spawn(action, name=name)

        return self.clock.call_at(due, spawn, name=name)

    def _announce(self, change: StateChange) -> None:
        event = change.event()
        self.events.put(event["source"], event["detail-type"], event["detail"], event["resources"])

    def _tick_at(self, minute: float) -> None:
        def tick() -> None:
            self.alarms.evaluate(minute)
            self._tick_at(minute + MINUTE)

        self.clock.call_at(minute, tick, name="alarms")


@cache
def _client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client of whichever embedded AWS is open, cached because creating one takes longer than opening an embedded AWS."""
    return _session().client(service, endpoint_url=INSIDE)


@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _random(seed: int, part: str) -> random.Random:
    """A generator for each part, so that a change in one part does not change what the others draw."""
    return random.Random(f"{seed} {part}")


@contextmanager
def _only_one() -> Iterator[None]:
    global _is_open  # noqa: PLW0603 - moto's state is global, and so is this
    if _is_open:
        raise EmbeddedAwsError("an embedded AWS is already open in this process; close it before opening another one")
    _is_open = True
    try:
        yield
    finally:
        _is_open = False


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set the process's environment for boto3, so that no client created meanwhile can reach the real AWS."""
    hidden = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
    before = {name: os.environ.get(name) for name in (*values, *hidden)}
    os.environ.update(values)
    for name in hidden:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _nothing() -> None:
    """Replaces a cleanup that a seam does not need, because its hooks are kept."""
