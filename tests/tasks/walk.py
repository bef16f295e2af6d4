"""A rollout made step by step: each task is invoked as the state machine invokes it, with the event of its state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from canary.aws.side_items import warm_up_key
from canary.aws.taken_back import taken_back_key
from canary.aws.troubles import PREFIX as TROUBLES
from canary.rules.targets.policy import WhenUnproven
from demo.controller import ALARM_RULE_PREFIX, TARGET_PREFIX, function_name, register_target
from demo.sample import create_ship_sample, publish_release
from tests.rig import QUICK, Rig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target
    from embedded_aws.embedded import EmbeddedAws

SETTLE = 30
PAYMENTS = "orders-payment-failures"
PATIENT = replace(QUICK, max_extension_seconds=3600, when_unproven=WhenUnproven.HOLD)
"""Steps that do not end on their own while a test looks at one task."""


class TaskFailedError(Exception):
    """A task's function ended with an error; ``kind`` is the name that the machine's Catch and Retry see."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


QUIET_MINUTES = 15
"""Longer than an alarm's window of nine minutes."""


class Ground:
    """A rig with a release published for `orders` and for `orders-ship`, restored after each test.

    Only the test invokes tasks: the rules that invoke guard and sweeper are removed.
    """

    def __init__(self, aws: EmbeddedAws, **more: Any) -> None:
        self.rig = Rig(aws, history=False, per_minute=60, **more)
        self.aws = aws
        self.ship = replace(create_ship_sample(aws.client), policy=self.rig.target.policy)
        events = aws.client("events")
        for rule in ("canary-failed-executions", "canary-every-minute"):
            events.remove_targets(Rule=rule, Ids=["function"])
        self.new = self.rig.publish()
        self.new_ship = publish_release(aws.client, self.ship, {"NAME": "ship"})
        self._walks = count(1)
        self._registered = {self.rig.target.name: self.rig.target}
        aws.clock.run_for(60)
        self.arrangement = self._arrangement()
        self.old_deployment = self.rig.stage["deploymentId"]
        self.old = {name: live for name, (live, _) in self.rig.aliases().items()}

    def walk(self, target: Target | None = None, **changes: Any) -> Walk:
        """A rollout of this target, which is registered first."""
        target = replace(target or self.rig.target, **changes)
        if self._registered.get(target.name) != target:
            register_target(self.aws.client, target)
            self._registered[target.name] = target
        return Walk(self, target, f"walk-{next(self._walks):04}")

    def restore(self) -> None:
        """Restore the state from before any test, once the calls that the test left to Lambda are made."""
        self.aws.faults.clear()
        self.aws.clock.run_for(1)
        gateway, stage = self.aws.client("apigateway"), self.rig.target.stage
        names = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
        operations = [
            {"op": "replace", "path": "/deploymentId", "value": self.old_deployment},
            {"op": "replace", "path": "/variables/lambdaAlias", "value": "live"},
            *({"op": "remove", "path": f"/variables/{name}"} for name in self.rig.stage["variables"] if name != "lambdaAlias"),
        ]
        if "canarySettings" in self.rig.stage:
            gateway.update_stage(**names, patchOperations=[{"op": "remove", "path": "/canarySettings"}])
        gateway.update_stage(**names, patchOperations=operations)
        for function in (*self.rig.target.functions, *self.ship.functions):
            for alias in filter(None, (function.live, function.canary)):
                self.point(function.name, alias, "1")
        table = self.aws.client("dynamodb")
        for name in self._registered:
            table.delete_item(TableName=self.rig.controller.table, Key=lock_key(name))
            table.delete_item(TableName=self.rig.controller.table, Key=taken_back_key(name))
            table.delete_item(TableName=self.rig.controller.table, Key=warm_up_key(name))
        own = self.rig.target.name
        others = [f"{TARGET_PREFIX}{name}" for name in self._registered if name != own]
        self.aws.client("ssm").delete_parameters(Names=[*others, *(f"{TROUBLES}{name}" for name in self._registered)])
        self._registered = {own: self.rig.target}
        if self._arrangement() != self.arrangement:
            register_target(self.aws.client, self.rig.target)
        self.aws.client("cloudwatch").set_alarm_state(AlarmName=PAYMENTS, StateValue="OK", StateReason="the test is over")
        for _ in range(QUIET_MINUTES):
            if not self._firing():
                return
            self.aws.clock.run_for(60)
        raise AssertionError(f"alarms still fire {QUIET_MINUTES} minutes after the test: {self._firing()}")

    def _firing(self) -> list[str]:
        """The alarms that fire: what a failing canary left in their window must not be seen by the next test."""
        found = self.aws.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        return [one["AlarmName"] for one in found]

    def _arrangement(self) -> tuple[Any, ...]:
        """What the target's registration made, without what time changes."""
        target, client = self.rig.target, self.aws.client
        parameters = client("ssm").get_parameters(Names=[f"{TARGET_PREFIX}{target.name}"])["Parameters"]
        filters = client("logs").describe_metric_filters(logGroupName=target.access_log_group)["metricFilters"]
        alarms = client("cloudwatch").describe_alarms()
        rules = client("events").list_rules(NamePrefix=f"{ALARM_RULE_PREFIX}{target.name}")["Rules"]
        return (
            [one["Value"] for one in parameters],
            filters,
            [{name: value for name, value in one.items() if not name.startswith("State")} for one in alarms["MetricAlarms"]],
            alarms["CompositeAlarms"],
            [(rule, client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]) for rule in rules],
        )

    def point(self, function: str, alias: str, version: str, **shares: float) -> None:
        """Someone else moves an alias; a share's name is the version with a `v` before it."""
        self.aws.client("lambda").update_alias(
            FunctionName=function,
            Name=alias,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {name.removeprefix("v"): share for name, share in shares.items()}},
        )

    def alias(self, function: str, alias: str) -> tuple[str, dict[str, float]]:
        """An alias's version and weights."""
        answer = self.aws.client("lambda").get_alias(FunctionName=function, Name=alias)
        return answer["FunctionVersion"], answer.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def patch(self, path: str, value: str) -> None:
        """Someone else patches the stage."""
        stage = self.rig.target.stage
        self.aws.client("apigateway").update_stage(
            restApiId=stage.rest_api_id,
            stageName=stage.stage_name,
            patchOperations=[{"op": "replace", "path": path, "value": value}],
        )

    @property
    def percent(self) -> float | None:
        """The canary's percentage; None without a canary."""
        canary = self.rig.stage.get("canarySettings")
        return canary and canary["percentTraffic"]

    def fire(self) -> None:
        """The user's own alarm fires."""
        self.aws.client("cloudwatch").set_alarm_state(AlarmName=PAYMENTS, StateValue="ALARM", StateReason="payments fail")

    def invoke(self, task: str, event: object) -> dict[str, Any]:
        """A task's answer to an event."""
        answer = self.aws.client("lambda").invoke(FunctionName=function_name(task), Payload=json.dumps(event))
        payload = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise TaskFailedError(payload["errorType"], payload["errorMessage"])
        return dict(payload)


class Walk:
    """One rollout; its execution is an ARN that Step Functions does not know."""

    def __init__(self, ground: Ground, target: Target, rollout_id: str) -> None:
        self.ground = ground
        self.target = target
        self.rollout_id = rollout_id
        self.execution = f"{ground.rig.controller.machine_arn.replace(':stateMachine:', ':execution:')}:{rollout_id}"
        self.checked: dict[str, Any] = {}
        self.entered = 0.0
        self.requested_at = self.now
        self.replacements = 0

    @property
    def now(self) -> float:
        return self.ground.aws.clock.now()

    @property
    def owned(self) -> Owned:
        owned = self.ground.rig.records.find(self.rollout_id)
        assert owned is not None
        return owned

    @property
    def record(self) -> Rollout:
        return self.owned.rollout

    def pause(self, seconds: float) -> None:
        """A Wait state. The next look's bake or the drain's settle time begins with its entry."""
        self.entered = self.now
        self.ground.aws.clock.run_for(seconds)

    def event(self, now: float | None = None, **more: object) -> dict[str, Any]:
        """The event of every task."""
        who = {"target": self.target.name, "rollout_id": self.rollout_id, "execution": self.execution}
        return {**who, "now": iso(self.now if now is None else now), **more}

    def task(self, name: str, now: float | None = None, **more: object) -> dict[str, Any]:
        return self.ground.invoke(name, self.event(now, **more))

    def check(self, **request: object) -> dict[str, Any]:
        given = {"target": self.target.name, **request}
        event = {"input": given, "rollout_id": self.rollout_id, "execution": self.execution, "now": iso(self.now)}
        more = {"requested_at": iso(self.requested_at), "replacements": self.replacements}
        self.checked = self.ground.invoke("CheckRelease", {**event, **more})
        return self.checked

    def replace(self) -> dict[str, Any]:
        """One entry of ReplaceRollout, and the wait after it."""
        answer = self.task("ReplaceRollout", requested_at=iso(self.requested_at))
        self.pause(answer["wait_seconds"])
        self.replacements += 1
        return answer

    def lock(self, **changed: object) -> dict[str, Any]:
        told = {"fencing_token": self.checked["fencing_token"], "draft": self.checked["draft"], **changed}
        return self.task("TakeLock", **told)

    def begin(self, **request: object) -> Walk:
        """Check and lock."""
        assert self.check(**request)["start"] == "READY", self.checked
        self.lock()
        return self

    def prepare(self, **request: object) -> Walk:
        """Everything up to the first shift."""
        self.begin(**request)
        self.task("PrepareRelease")
        self.pause(SETTLE)
        return self

    def shift(self, **request: object) -> Walk:
        """Everything up to the first step's weight."""
        self.prepare(**request)
        self.task("ShiftTraffic")
        return self

    def look(self, now: float | None = None) -> dict[str, Any]:
        return self.task("EvaluateCanary", now, baking_since=iso(self.entered))

    def take_all(self, **request: object) -> Walk:
        """Everything until the canary has all traffic."""
        self.shift(**request)
        self.task("TakeAllTraffic")
        self.pause(SETTLE)
        return self

    def drain(self) -> dict[str, Any]:
        return self.task("CheckDrain", settling_since=iso(self.entered))

    def move_base(self, **request: object) -> Walk:
        """Everything past the commit point."""
        self.take_all(**request)
        self.pause(240)
        self.task("MoveBase")
        return self

    def end(self) -> None:
        """Roll back to base, in its three passes."""
        for _ in range(3):
            answer = self.make_safe("Test", "the test is over")
            self.pause(answer["wait_seconds"])
        assert answer["ending"] == "ROLLED_BACK", answer

    def promote(self, **request: object) -> Walk:
        """The whole rollout, to its end."""
        self.move_base(**request).pause(SETTLE + 5)
        self.task("FlipStage")
        self.pause(SETTLE + 5)
        self.task("CleanUp")
        return self

    def make_safe(self, error: str = "", cause: str = "") -> dict[str, Any]:
        return self.task("MakeSafe", failure={"Error": error, "Cause": cause})

    def looks(self) -> list[Mapping[str, Any]]:
        """The recorded looks, oldest first."""
        answer = self.ground.aws.client("dynamodb").query(
            TableName=self.ground.rig.controller.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :look)",
            ExpressionAttributeValues={":pk": {"S": f"rollout#{self.rollout_id}"}, ":look": {"S": "look#"}},
            ConsistentRead=True,
        )
        return list(answer["Items"])


def lock_key(target: str) -> dict[str, Any]:
    return {"pk": {"S": f"target#{target}"}, "sk": {"S": "lock"}}


def edit_record(ground: Ground, walk: Walk, **attributes: dict[str, Any]) -> None:
    """Change attributes of a rollout's record, as a person or another version of the controller would."""
    client, table = ground.aws.client("dynamodb"), ground.rig.controller.table
    key = {"pk": {"S": f"rollout#{walk.rollout_id}"}, "sk": {"S": "rollout"}}
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    client.put_item(TableName=table, Item={**item, **attributes})


def iso(moment: float) -> str:
    """A time as Step Functions writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
