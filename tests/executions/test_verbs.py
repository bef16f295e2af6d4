"""Pause, resume and promote of a running execution: the next look hears them, and the machine's way stays the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from demo.controller import AUTHORIZER, OPERATOR, function_name

if TYPE_CHECKING:
    from tests.rig import Rig

MINUTE = 60
PAYMENTS = "orders-payment-failures"


def call(rig: Rig, function: str, **event: Any) -> dict[str, Any]:
    given = {"target": "orders", "reason": "OPS-9", **event}
    answer = rig.aws.client("lambda").invoke(FunctionName=function_name(function), Payload=json.dumps(given))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return dict(json.load(answer["Payload"]))


def test_a_paused_rollout_keeps_its_weight_until_it_is_resumed(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(150)
    paused = call(rig, OPERATOR, verb="pause")
    rig.settle(30 * MINUTE)

    assert (paused["answer"], paused["within_seconds"]) == ("ACCEPTED", 180)
    assert rig.stage["canarySettings"]["percentTraffic"] == 25.0
    assert rig.states(arn).count("ShiftTraffic") == 1
    assert call(rig, OPERATOR, verb="resume")["answer"] == "ACCEPTED"
    ended = rig.finish(arn)
    assert (ended.ending, ended.output["steps"]) == ("Promoted", 2)
    assert 28 * MINUTE < rig.record_of(arn).rollout.steering.paused_seconds <= 30 * MINUTE


def test_a_pause_that_nobody_ends_rolls_back(rig: Rig):
    rig.publish()
    arn = rig.start(policy={"max_pause_seconds": 600})
    rig.settle(150)
    call(rig, OPERATOR, verb="pause")
    ended = rig.finish(arn)

    assert ended.ending == "RolledBack"
    assert "paused for the 10 min that policy.max_pause_seconds allows" in ended.cause
    assert rig.is_at_rest()


def test_promote_skips_the_steps_and_drains_all_the_same(rig: Rig):
    rig.publish()
    arn = rig.start(policy={"steps": [{"weight_percent": percent, "bake_seconds": 3600} for percent in (25, 50)]})
    rig.settle(5 * MINUTE)
    assert call(rig, AUTHORIZER, verb="promote")["answer"] == "ACCEPTED"
    ended = rig.finish(arn)

    assert (ended.ending, ended.output["steps"]) == ("Promoted", 1)
    assert ended.output["reason"].startswith("promoted by an operator (OPS-9) after ")
    assert ended.seconds < 30 * MINUTE
    assert [state for state in ended.states if state in {"ShiftTraffic", "MoveBase", "FlipStage"}] == [
        *("ShiftTraffic", "MoveBase", "FlipStage")
    ]
    assert "CheckDrain" in ended.states
    assert rig.is_at_rest()


def test_promote_is_refused_while_an_alarm_fires_and_of_a_target_that_is_unknown(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(150)
    rig.aws.client("cloudwatch").set_alarm_state(AlarmName=PAYMENTS, StateValue="ALARM", StateReason="payments fail")

    assert f"alarm {PAYMENTS} is firing" in call(rig, AUTHORIZER, verb="promote")["reason"]
    assert "registered targets: orders" in call(rig, AUTHORIZER, verb="promote", target="payments")["reason"]
    assert rig.finish(arn).ending in {"RolledBack", "Promoted"}
