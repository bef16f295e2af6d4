"""ShiftTraffic: records a step's weight first, then sets it; a retry of the same entry sets the same weight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.looks.look_schedule import next_look_seconds
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError

if TYPE_CHECKING:
    from tests.tasks.walk import Walk


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout ready for its first shift."""
    return ground.walk().prepare()


def test_the_first_step_has_its_weight_and_its_record(ground: Ground, walk: Walk):
    answer = walk.task("ShiftTraffic")

    assert answer == {"weight_percent": 25.0, "step": 1, "look_seconds": next_look_seconds(walk.record, walk.now)}
    assert ground.percent == 25.0
    canary = ground.rig.stage["canarySettings"]
    assert canary["deploymentId"] == walk.record.intent.deployment_id
    assert canary["stageVariableOverrides"] == {"lambdaAlias": "canary"}
    assert canary["useStageCache"] is False
    assert (walk.record.phase, walk.record.step.index) == ("shifting", 0)
    assert walk.record.first_shift == walk.now
    assert walk.record.shifts == (walk.now,)
    assert walk.record.judged_to == walk.now // 60 * 60 - 60


def test_the_next_entry_begins_the_next_step(ground: Ground, walk: Walk):
    walk.task("ShiftTraffic")
    first = walk.now
    walk.pause(60)
    answer = walk.task("ShiftTraffic")

    assert (answer["weight_percent"], answer["step"]) == (50.0, 2)
    assert ground.percent == 50.0
    assert (walk.record.first_shift, walk.record.shifts) == (first, (first, first + 60))


def test_a_retry_of_the_same_entry_stays_at_its_step(ground: Ground, walk: Walk):
    entered = walk.now
    walk.task("ShiftTraffic", entered)
    before = walk.record
    walk.pause(10)
    answer = walk.task("ShiftTraffic", entered)

    assert answer["step"] == 1
    assert ground.percent == 25.0
    assert walk.record == before


def test_the_phase_is_written_before_the_weight_is_set(ground: Ground, walk: Walk):
    entered = walk.now
    ground.aws.faults.add(Fault("ShiftTraffic", "apigateway", "UpdateStage", Mode.KILLED_BEFORE, times=1))
    with pytest.raises(TaskFailedError):
        walk.task("ShiftTraffic", entered)
    assert (walk.record.phase, ground.percent) == ("shifting", None)
    walk.pause(5)
    walk.task("ShiftTraffic", entered)

    assert (walk.record.step.index, ground.percent) == (0, 25.0)


def test_a_canary_of_someone_else_is_left_alone(ground: Ground, walk: Walk):
    ground.patch("/canarySettings/percentTraffic", "5.0")
    with pytest.raises(TaskFailedError, match="that this rollout did not attach") as failed:
        walk.task("ShiftTraffic")

    assert failed.value.kind == "StateChangedError"
    assert ground.percent == 5.0


def test_a_canary_with_all_traffic_keeps_it(ground: Ground):
    walk = ground.walk().take_all()
    with pytest.raises(TaskFailedError, match="is already taking_all; its weight stays") as failed:
        walk.task("ShiftTraffic")

    assert failed.value.kind == "OwnershipLostError"
    assert ground.percent == 100.0


def test_a_refused_weight_reports_the_command(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("ShiftTraffic", "apigateway", "UpdateStage", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="aws apigateway update-stage --rest-api-id") as failed:
        walk.task("ShiftTraffic")

    assert failed.value.kind == "AwsRefusedError"
    assert "path=/canarySettings/percentTraffic,value=25" in failed.value.message


def test_a_rollout_that_was_never_locked_shifts_nothing(ground: Ground):
    walk = ground.walk()
    with pytest.raises(TaskFailedError, match="is not recorded; its record was deleted or never written") as failed:
        walk.task("ShiftTraffic")

    assert failed.value.kind == "OwnershipLostError"
    assert ground.percent is None


def test_an_alias_is_weighted_and_an_unchanged_function_is_left(ground: Ground):
    read = replace(ground.rig.target.functions[0], canary=None)
    walk = ground.walk(replace(ground.ship, functions=(*ground.ship.functions, read)))
    walk.begin(release={"functions": {"orders-read": "1"}}).task("PrepareRelease")
    walk.task("ShiftTraffic")

    assert ground.alias("orders-ship", "live") == ("1", {ground.new_ship["orders-ship"]: 0.25})
    assert ground.alias("orders-read", "live") == ("1", {})
