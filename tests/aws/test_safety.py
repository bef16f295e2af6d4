"""One pass: announced, made, read back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsThrottledError, OwnershipLostError
from canary.aws.safety import make_pass
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS, SETTLE_SECONDS, Phase, RecoveryStage
from embedded_aws.faults.calls import Fault, Killed, Mode

if TYPE_CHECKING:
    from canary.aws.safety import Safety
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground, Walk


def a_pass(walk: Walk, tools: Tools) -> Safety:
    return make_pass(tools, walk.owned, walk.now)


def test_the_direction_is_written_before_the_first_call(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.KILLED_BEFORE, times=1))
    with pytest.raises(Killed):
        a_pass(walk, tools)
    assert (walk.record.phase, ground.percent) == ("rolling_back", 25.0)
    safety = a_pass(walk, tools)

    assert (safety.answer, safety.wait_seconds, ground.percent) == ("WAIT", 61, None)
    assert walk.record.recovery_stage == "cleared"


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("operation", ["GetStage", "UpdateStage"])
def test_a_throttled_pass_calls_no_operator_and_is_made_again(ground: Ground, tools: Tools, operation: str):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "apigateway", operation, Mode.THROTTLED))
    with pytest.raises(AwsThrottledError, match="TooManyRequestsException"):
        a_pass(walk, tools)
    ground.aws.faults.clear()

    assert (walk.record.needs_operator, ground.percent) == (False, 25.0)
    assert (a_pass(walk, tools).answer, ground.percent) == ("WAIT", None)


def test_an_owner_that_lost_the_rollout_moves_nothing(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    stale = walk.owned
    tools.records.take_over(stale, "sweeper")
    with pytest.raises(OwnershipLostError):
        make_pass(tools, stale, walk.now)

    assert ground.percent == 25.0


def test_drift_is_left_and_told_once(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    ground.patch("/variables/lambdaAlias", "other")
    a_pass(walk, tools)
    walk.pause(61)
    a_pass(walk, tools)

    assert walk.record.reason.count("which this rollout did not set") == 1
    assert ground.percent is None


def test_a_canary_that_comes_back_under_the_last_pass_keeps_the_lock(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    a_pass(walk, tools)
    walk.pause(61)
    a_pass(walk, tools)
    walk.pause(31)
    fault = Restoring(ground, walk)
    ground.aws.faults.add(fault)
    safety = a_pass(walk, tools)

    assert fault.is_done
    assert safety.answer == "WAIT"
    assert (walk.record.phase, walk.record.recovery_stage) == ("rolling_back", "settled")
    assert walk.owned.lock.rollout_id == walk.rollout_id


class Restoring(Fault):
    """No fault: a late writer attaches the canary again right before a canary alias moves back."""

    def __init__(self, ground: Ground, walk: Walk) -> None:
        super().__init__(None, "lambda", "UpdateAlias", Mode.REFUSED)
        self._ground = ground
        self._deployment = walk.record.intent.deployment_id
        self.is_done = False

    def matches(self, call: object, now: float) -> bool:
        if super().matches(call, now) and not self.is_done:
            self.is_done = True
            values = {
                "deploymentId": self._deployment,
                "stageVariableOverrides/lambdaAlias": "canary",
                "percentTraffic": "50.0",
            }
            stage = self._ground.rig.target.stage
            self._ground.aws.client("apigateway").update_stage(
                restApiId=stage.rest_api_id,
                stageName=stage.stage_name,
                patchOperations=[
                    {"op": "replace", "path": f"/canarySettings/{name}", "value": value} for name, value in values.items()
                ],
            )
        return False


def test_a_refused_promotion_is_doubted(ground: Ground, tools: Tools):
    walk = ground.walk().take_all()
    owned = walk.owned
    tools.records.write(owned, replace(owned.rollout, phase=Phase.MOVING_BASE))
    ground.aws.faults.add(Fault(None, "lambda", "UpdateAlias", Mode.REFUSED))
    safety = a_pass(walk, tools)

    assert safety.answer == "REFUSED"
    assert "aws lambda update-alias --function-name orders-read --name live" in safety.refusals[0]
    assert (walk.record.recovery_stage, walk.record.needs_operator, ground.percent) == (RecoveryStage.DOUBTED, True, 100.0)


def test_a_promotion_that_someone_blocks_makes_no_move(ground: Ground, tools: Tools):
    walk = ground.walk().move_base()
    walk.pause(40)
    ground.patch("/variables/lambdaAlias", "other")
    safety = a_pass(walk, tools)

    assert safety.answer == "REFUSED"
    assert 'the stage\'s variable lambdaAlias is "other"' in safety.refusals[0]
    assert (ground.percent, walk.record.needs_operator) == (100.0, True)


def test_a_promotion_that_cannot_be_read_keeps_its_canary(ground: Ground, tools: Tools):
    walk = ground.walk().move_base()
    walk.pause(40)
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))
    safety = a_pass(walk, tools)

    assert (safety.answer, ground.percent) == ("REFUSED", 100.0)
    assert walk.record.phase == "moving_base"


def test_a_rollback_that_can_be_neither_read_nor_made_reports_both(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    safety = a_pass(walk, tools)

    assert "aws lambda get-alias" in safety.refusals[0]
    assert "op=remove,path=/canarySettings" in safety.refusals[1]
    a_pass(walk, tools)
    assert (walk.record.phase, walk.record.needs_operator) == ("rolling_back", True)


def test_an_alias_target_that_cannot_be_read_is_left(ground: Ground, tools: Tools):
    walk = ground.walk(ground.ship).shift()
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))

    assert a_pass(walk, tools).answer == "REFUSED"
    ground.aws.faults.clear()
    assert ground.alias("orders-ship", "live")[1] == {ground.new_ship["orders-ship"]: 0.25}


def test_an_ended_rollout_is_safe_as_it_is(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    walk.end()
    before = walk.owned
    safety = a_pass(walk, tools)

    assert (safety.answer, walk.record) == ("SAFE", before.rollout)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.95])
def test_a_settle_is_never_short_whatever_second_its_calls_end_in(ground: Ground, tools: Tools, fraction: float):
    walk = ground.walk().shift()
    walk.pause(1 - walk.now % 1 + fraction)
    began = walk.now
    safety = make_pass(tools, walk.owned, 0.0)
    assert walk.record.not_before >= began + LATE_WRITER_SECONDS
    assert began + safety.wait_seconds >= walk.record.not_before
    walk.pause(safety.wait_seconds)
    began = walk.now
    make_pass(tools, walk.owned, 0.0)

    assert (walk.record.recovery_stage, walk.record.not_before >= began + SETTLE_SECONDS) == ("settled", True)


def test_a_pass_that_finds_its_moves_made_waits_for_them_anyway(ground: Ground, tools: Tools):
    walk = ground.walk().take_all()
    owned = walk.owned
    walk_owned = tools.records.write(owned, replace(owned.rollout, phase=Phase.MOVING_BASE))
    for name, version in ground.new.items():
        ground.point(name, "live", version)
    walk.pause(0.7)
    began = walk.now
    safety = make_pass(tools, replace(walk_owned, read_at=float(int(began))), began - 20)

    assert (safety.answer, safety.owned.rollout.recovery_stage) == ("WAIT", RecoveryStage.BASED)
    assert safety.owned.rollout.not_before >= began + SETTLE_SECONDS


def test_a_canary_of_someone_elses_keeps_the_lock_and_the_aliases(ground: Ground, tools: Tools):
    walk = ground.walk().shift()
    stage = ground.rig.target.stage
    theirs = ground.aws.client("apigateway").create_deployment(restApiId=stage.rest_api_id, description="theirs")["id"]
    ground.patch("/canarySettings/deploymentId", theirs)
    ground.patch("/canarySettings/stageVariableOverrides/lambdaAlias", "live")
    a_pass(walk, tools)
    walk.pause(61)
    safety = a_pass(walk, tools)

    assert (safety.answer, walk.record.needs_operator, ground.percent) == ("REFUSED", True, 25.0)
    assert safety.refusals[0].startswith(f"someone else's canary of deployment {theirs} has 25.0 % of the requests; remove it")
    assert walk.owned.lock.rollout_id == walk.rollout_id
    assert ground.alias("orders-read", "canary") == (ground.new["orders-read"], {})

    names = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
    ground.aws.client("apigateway").update_stage(**names, patchOperations=[{"op": "remove", "path": "/canarySettings"}])
    walk.pause(a_pass(walk, tools).wait_seconds)
    assert (a_pass(walk, tools).answer, walk.record.phase, ground.rig.is_at_rest()) == ("SAFE", "rolled_back", True)
