"""One run: the small account with the controller in it, its rules and its schedule, and what was observed.

The handlers are the controller's own, with botocore clients of the small account. Events arrive a second later, once,
twice or never. A function that fails is retried as Lambda retries asynchronous calls.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import random
import re
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from canary.edge.target import target_to_json
from canary_machine.definition import load
from demo.controller import FUNCTION_PREFIX, GUARD, LISTENER, OPERATOR, SWEEPER, TABLE, TARGET_PREFIX, TIMEOUT_SECONDS
from embedded_aws.events.bus import iso_seconds
from embedded_aws.faults.caller import running, running_task
from embedded_aws.faults.calls import Faults, Killed
from tests.faults.small.account import ADDRESS, REGION, Account, client_of, reached
from tests.faults.small.clock import SmallClock
from tests.faults.small.context import Context
from tests.faults.small.executions import Execution, Outcome
from tests.faults.small.machine import Machine
from tests.faults.small.sample import make_sample
from tests.faults.small.settings_history import HalfRelease, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from canary.rules.targets.policy import Policy
    from embedded_aws.apigateway.stages.stage import Canary

Json = dict[str, Any]
START_TIME = 1_767_571_200.0
MINUTE = 60
EVENT_SECONDS = 1.0
RETRY_SECONDS = (60, 120)
"""A failed asynchronous invocation is tried twice more (docs/aws.md#asynchronous-invocations)."""

MACHINE_ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:canary-rollout"
FAILED = {"FAILED", "TIMED_OUT", "ABORTED"}


class Invocation(NamedTuple):
    """One run of a function: when it began and ended, and its outcome."""

    task: str
    began: float
    ended: float
    outcome: Outcome


class Write(NamedTuple):
    """A task's patch of the stage: the paths, the stage's canary before it, and whether an execution was running."""

    at: float
    task: str
    paths: tuple[str, ...]
    canary: Canary | None
    is_owned: bool


class SmallWorld:
    """A context manager. ``events`` is how often EventBridge delivers AWS's events, 0 to 2; it does not affect the schedule."""

    def __init__(self, *, seed: int, policy: Policy, per_minute: float = 60.0) -> None:
        self.sample = make_sample()
        self.target = replace(self.sample.target, policy=policy)
        self.clock = SmallClock(START_TIME + 17.25)
        self.faults = Faults(self.clock.now)
        self.account = Account(self.sample, self.clock, self.faults, seed=seed, per_minute=per_minute)
        self.machine = Machine(_definition(), self, self.clock, self.faults, random.Random(f"machine {seed}"))
        self.account.machine = self.machine
        self.machine.on_end = self._announce
        self.account.on_alarm = self._hear
        self.account.on_call = self._note_write
        self.account.on_invoke = self._invoke_function
        self.writes: list[Write] = []
        self.events = 1
        self.began = self.clock.now()
        self.invocations: list[Invocation] = []
        self.metrics: list[tuple[float, str]] = []
        self._serial = _Serial.next()
        self._names = 0
        self._handlers: dict[str, Callable[[Json, object], Json]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(reached(self.account))
        self.account.parameters[f"{TARGET_PREFIX}{self.target.name}"] = target_to_json(self.target)
        self.clock.call_at(_next_minute(self.clock.now()), self._tick)
        self.clock.sleep(2 * MINUTE)
        self.began = self.clock.now()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def notifications(self) -> list[tuple[float, str, Json]]:
        """What was put on the event bus: when, detail-type, detail."""
        return self.account.notifications

    def now(self) -> float:
        """The present, in epoch seconds."""
        return self.clock.now()

    def holder(self) -> str | None:
        """The rollout that holds the target's lock."""
        lock = self.account.table.item(f"target#{self.target.name}", "lock")
        return str(lock["rollout_id"]["S"]) if "rollout_id" in lock else None

    def lose_metrics(self, *, late: bool) -> None:
        """Let no more data reach CloudWatch, or each minute only ten minutes late."""
        self.account.traffic.advance(self.clock.now())
        if late:
            self.account.traffic.arrival_seconds = 600.0
        else:
            self.account.traffic.is_silent = True

    def client(self, service: str) -> Any:
        """A client of this account, for any caller."""
        return client_of(service)

    def start(self, **more: Any) -> Execution:
        """Start a rollout of the release, or another operation."""
        self._names += 1
        given = {"target": self.target.name, **more}
        name = f"w{self._serial}-{self._names}"
        return self.machine.start(f"{MACHINE_ARN.replace('stateMachine', 'execution')}:{name}", given)

    def publish(self, *, failing: float = 0.0) -> None:
        """Publish the release; it fails this share of its requests."""
        self.account.traffic.failing = {f"{name}:{version}": failing for name, version in self.sample.release.items()}

    def finish(self, execution: Execution, *, limit: float = 6 * 3600.0) -> Execution:
        """Let time pass until the execution has ended, or the limit is reached."""
        self.clock.run_while(lambda: execution.is_running, limit=limit)
        return execution

    def rest(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, but no longer than needed."""
        self.clock.run_while(lambda: not until(), limit=seconds)

    def wholes(self) -> tuple[Whole, ...]:
        """Base before the rollout, and the release once for each deployment of it; a repeated call creates two."""
        first, *later = self.account.gateway.gateway.deployments(str(self.target.stage and self.target.stage.rest_api_id))
        made = [one.id for one in later if (one.description or "").startswith("canary rollout")]
        return Whole(first.id, self.sample.base), *(Whole(one, self.sample.release) for one in made)

    def had_canary(self, at: float) -> bool:
        """Whether the stage had a canary at this time."""
        stage = [one.stage for one in self.account.history.settings if one.at <= at][-1]
        return stage is not None and stage.canary is not None

    def half_releases(self) -> list[HalfRelease]:
        """Where a request could have met half of base or of the release."""
        return self.account.history.half_releases(*self.wholes())

    def stop_running(self) -> None:
        """Stop every running execution, as someone else might."""
        for one in [*self.machine.executions.values()]:
            if one.is_running:
                self.machine.stop(one.arn)

    def abort(self) -> None:
        """Call the verb abort, as a user might."""
        event = {"verb": "abort", "target": self.target.name, "reason": "a person aborts"}
        self.clock.call_after(0, lambda: _ignore(self.invoke(OPERATOR, event)))

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Have someone else act after this many seconds."""

        def act() -> None:
            with running(None):
                action()

        self.clock.call_after(seconds, act)

    def invoke(self, task: str, event: Json) -> Outcome:
        """Run one of the controller's functions until it answers, fails, is killed or times out."""
        began, printed = self.clock.now(), io.StringIO()
        context = Context(f"{task}-{len(self.invocations)}", self.clock.now, began + TIMEOUT_SECONDS)
        try:
            with running(task), redirect_stdout(printed), self._limited(context):
                outcome = Outcome(json.loads(json.dumps(self._handler(task)(json.loads(json.dumps(event)), context))))
        except Killed as death:
            is_late = self.clock.now() > context.deadline
            error = "Sandbox.Timedout" if is_late else "Runtime.ExitError"
            outcome = Outcome({"errorType": error, "errorMessage": f"RequestId: 0 Error: {death}"}, error)
        except NotImplementedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
            kind = type(error).__name__
            outcome = Outcome({"errorType": kind, "errorMessage": str(error), "requestId": "0", "stackTrace": []}, kind)
        self.metrics += [(self.clock.now(), name) for name in _metric_names(printed.getvalue())]
        self.invocations.append(Invocation(task, began, self.clock.now(), outcome))
        return outcome

    def invoke_later(self, seconds: float, task: str, event: Json, retries: tuple[float, ...] = RETRY_SECONDS) -> None:
        """Invoke a function asynchronously."""

        def run() -> None:
            if self.invoke(task, event).error is not None and retries:
                self.invoke_later(retries[0], task, event, retries[1:])

        self.clock.call_after(seconds, run)

    def _note_write(self, _service: str, operation: str, asked: Json) -> None:
        stage = self.account.gateway.stage
        if operation == "UpdateStage" and stage is not None:
            paths = tuple(str(one["path"]) for one in asked["patchOperations"])
            is_owned = any(one.is_running for one in self.machine.executions.values())
            self.writes.append(Write(self.clock.now(), str(running_task()), paths, stage.canary, is_owned))

    def _invoke_function(self, function: str, event: Json) -> None:
        """Invoke a function of the controller by name or ARN, on behalf of another one."""
        self.invoke_later(0, function.rpartition(":")[2].removeprefix(FUNCTION_PREFIX), event)

    def _limited(self, context: Context) -> ExitStack:
        """While in the block, a call after the function's deadline kills the function."""
        outer = self.account.on_call
        stack = ExitStack()
        stack.callback(setattr, self.account, "on_call", outer)

        def check(service: str, operation: str, asked: Json) -> None:
            if self.clock.now() > context.deadline:
                raise Killed(f"timed out before {service}.{operation}")
            outer(service, operation, asked)

        self.account.on_call = check
        return stack

    def _handler(self, task: str) -> Callable[[Json, object], Json]:
        if task not in self._handlers:
            module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", task).lower()
            handler = importlib.import_module(f"canary.tasks.{module}").handler
            environ = {"CANARY_TASK": task, "CANARY_TABLE": TABLE, "CANARY_TARGET_PREFIX": TARGET_PREFIX}
            aws = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": ADDRESS, "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
            with _own_logger(f"canary-{task}"):
                self._handlers[task] = handler.bind({**environ, **aws})
        return self._handlers[task]

    def _announce(self, execution: Execution) -> None:
        """Report an ended execution through EventBridge; if it failed, a rule calls the guard."""
        if execution.status not in FAILED:
            return
        detail = {"executionArn": execution.arn, "stateMachineArn": MACHINE_ARN, "status": execution.status}
        event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
        for n in range(self.events):
            self.invoke_later(EVENT_SECONDS * (n + 1), GUARD, {**event, "time": iso_seconds(self.clock.now())})

    def _hear(self, alarm: str) -> None:
        detail = {"alarmName": alarm, "state": {"value": "ALARM"}}
        event = {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": detail}
        for n in range(self.events):
            self.invoke_later(EVENT_SECONDS * (n + 1), LISTENER, {**event, "time": iso_seconds(self.clock.now())})

    def _tick(self) -> None:
        due = self.clock.now()
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "time": iso_seconds(due)}
        self.invoke_later(EVENT_SECONDS, SWEEPER, event)
        self.clock.call_at(_next_minute(due), self._tick)


class _Serial:
    """Numbers for execution names, unique in a process: what a warm function keeps of one run must not match another run."""

    _last = 0

    @classmethod
    def next(cls) -> int:
        cls._last += 1
        return cls._last


@cache
def _definition() -> Mapping[str, Any]:
    return load()


@contextmanager
def _own_logger(name: str) -> Iterator[None]:
    """A logger made in the block is this world's alone: it is quiet, and those of other worlds in this process are not."""
    known = logging.Logger.manager.loggerDict
    kept = known.pop(name, None)
    yield
    known.pop(name, None)
    if kept:
        known[name] = kept


def _next_minute(now: float) -> float:
    return (now // MINUTE + 1) * MINUTE


def _metric_names(printed: str) -> list[str]:
    """The metrics in a function's output, in CloudWatch's embedded metric format."""
    found = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return [metric["Name"] for one in found for space in one["_aws"]["CloudWatchMetrics"] for metric in space["Metrics"]]


def _ignore(_: object) -> None:
    """Ignore a verb's answer."""
