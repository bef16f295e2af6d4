"""What a case needs of a world, and the full world: the embedded AWS with the controller and real requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, Self

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.caller import running
from tests.faults.record_edits import holder
from tests.faults.small.account import ANSWERS
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target
    from embedded_aws.faults.calls import Faults

Json = dict[str, Any]
Notification = tuple[float, str, Json]


class Execution(Protocol):
    """An execution, as a verdict reads it."""

    arn: str
    status: str
    error: str
    cause: str
    output: Any
    states: list[str]
    ended: float | None


class World(Protocol):
    """What both worlds can do."""

    target: Target
    faults: Faults
    events: int
    began: float
    writes: list[Any]

    @property
    def notifications(self) -> list[Notification]: ...
    def now(self) -> float: ...
    def holder(self) -> str | None: ...
    def client(self, service: str) -> Any: ...
    def publish(self, *, failing: float = 0.0) -> None: ...
    def start(self, **more: Any) -> Execution: ...
    def finish(self, execution: Execution) -> Execution: ...
    def rest(self, seconds: float, *, until: Callable[[], bool] = ...) -> None: ...
    def at(self, seconds: float, action: Callable[[], object]) -> None: ...
    def stop_running(self) -> None: ...
    def abort(self) -> None: ...
    def lose_metrics(self, *, late: bool) -> None: ...
    def wholes(self) -> tuple[tuple[str, Mapping[str, str]], ...]: ...
    def had_canary(self, at: float) -> bool: ...
    def half_releases(self) -> list[Any]: ...


class _Started:
    """An execution of the full world."""

    def __init__(self, rig: Rig, arn: str) -> None:
        self.arn = arn
        self._rig = rig

    def __getattr__(self, name: str) -> Any:
        described = self._rig.aws.client("stepfunctions").describe_execution(executionArn=self.arn)
        match name:
            case "states":
                return self._rig.states(self.arn)
            case "output":
                return json.loads(described["output"]) if "output" in described else None
            case "ended":
                return described["stopDate"].timestamp() if "stopDate" in described else None
        return described.get(name, "")


class FullWorld:
    """A context manager, like the small one."""

    NEVER, TWICE = 0, 2

    def __init__(self, *, seed: int, policy: Policy, per_minute: float = 60.0) -> None:
        self._aws = EmbeddedAws(guest=CONTROLLER, seed=seed, answers=ANSWERS)
        self._policy = policy
        self._per_minute = per_minute
        self.notifications: list[Notification] = []
        self.writes: list[Any] = []

    def __enter__(self) -> Self:
        self._aws.__enter__()
        try:
            self.rig = Rig(self._aws, policy=self._policy, per_minute=self._per_minute, history=False)
        except BaseException:
            self._aws.close()
            raise
        self.target = self.rig.target
        self.faults = self._aws.faults
        self.began = self.now()
        self._first = (self.rig.stage["deploymentId"], {name: live for name, (live, _) in self.rig.aliases().items()})
        self._hear_notifications()
        return self

    def __exit__(self, *_: object) -> None:
        self._aws.close()

    @property
    def events(self) -> int:
        return self._events

    @events.setter
    def events(self, times: int) -> None:
        """How often the rule for failed executions delivers; the controller's own events are always delivered."""
        self._events = times

    def _hear_notifications(self) -> None:
        """Count the guard's events, and keep the controller's events."""
        self._events = 1
        bus = self._aws.events
        send = bus.send

        def heard(target: Any, event: Any) -> None:
            times = self._events if "GuardRollout" in target.arn or "HearAlarm" in target.arn else 1
            for _ in range(times):
                send(target, event)

        bus.send = heard
        topic = self.client("sns").create_topic(Name="notifications")["TopicArn"]
        self.client("events").put_rule(Name="notifications", EventPattern=json.dumps({"source": ["canary"]}))
        self.client("events").put_targets(Rule="notifications", Targets=[{"Id": "topic", "Arn": topic}])

        def keep(target: Any, event: Any) -> None:
            if target.arn == topic:
                self.notifications.append((self.now(), event["detail-type"], event["detail"]))
            else:
                heard(target, event)

        bus.send = keep

    def now(self) -> float:
        return self._aws.clock.now()

    def holder(self) -> str | None:
        return holder(self)

    def client(self, service: str) -> Any:
        return self._aws.client(service)

    def publish(self, *, failing: float = 0.0) -> None:
        numbers = {"FAILING_SHARE": failing} if failing else {}
        self._release = self.rig.publish(**numbers)

    def start(self, **more: Any) -> Execution:
        return _Started(self.rig, self.rig.start(**more))

    def finish(self, execution: Execution) -> Execution:
        self.rig.finish(execution.arn)
        return execution

    def rest(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        end = self.now() + seconds
        while self.now() < end and not until():
            self.rig.settle(min(60.0, end - self.now()))

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        clock = self._aws.clock

        def act() -> None:
            with running(None):
                action()

        clock.call_at(clock.now() + seconds, lambda: clock.spawn(act, name="someone"), name="someone")

    def stop_running(self) -> None:
        listed = self.client("stepfunctions").list_executions(
            stateMachineArn=self.rig.controller.machine_arn, statusFilter="RUNNING"
        )
        for one in listed["executions"]:
            self._aws.stop_execution(one["executionArn"])

    def abort(self) -> None:
        event = {"verb": "abort", "target": self.target.name, "reason": "a person aborts"}
        self._aws.clock.spawn(lambda: self._aws.invoke(self.rig.controller.operator, event), name="a person")

    def lose_metrics(self, *, late: bool) -> None:
        self._aws.metrics.arrival_seconds = 600.0 if late else 1e9

    def wholes(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        api = self.target.stage.rest_api_id
        items = self.client("apigateway").get_deployments(restApiId=api)["items"]
        made = [one["id"] for one in items if one.get("description", "").startswith("canary rollout")]
        return (self._first, *((one, self._release) for one in made))

    def had_canary(self, at: float) -> bool:
        """What served the requests; a canary without traffic is not seen."""
        return any(one.arm == "canary" for one in self.rig.served if at - 60 <= one.at <= at)

    def half_releases(self) -> list[Any]:
        known = dict(self.wholes())
        calls = [one for one in self.rig.served if one.function and one.version and one.deployment_id in known]
        return [one.details() for one in calls if known[str(one.deployment_id)][one.function] != one.version]
