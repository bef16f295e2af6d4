"""MakeSafe: a pass towards a safe target, and the ending that is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from canary.tasks.make_safe import LONGEST_CAUSE
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.test_trouble import delete_record
from tests.tasks.walk import lock_key

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_without_a_record_nothing_was_changed(ground: Ground):
    walk = ground.walk()
    answer = walk.make_safe("LockedError", json.dumps({"errorMessage": "someone was faster"}))

    assert (answer["answer"], answer["ending"]) == ("SAFE", "REFUSED")
    assert answer["reason"] == "nothing was changed: LockedError: someone was faster"
    assert ground.rig.is_at_rest()


@pytest.mark.parametrize("is_lock_there", [True, False])
def test_a_deleted_record_is_reported_and_needs_a_person(ground: Ground, is_lock_there: bool):  # noqa: FBT001 - the case
    walk = ground.walk().prepare()
    delete_record(ground, walk)
    if not is_lock_there:
        ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=lock_key("orders"))
    answer = walk.task("MakeSafe", failure={"Error": "OwnershipLostError", "Cause": "no record"}, is_begun=True)

    assert (answer["answer"], answer["ending"]) == ("REFUSED", "NEEDS_OPERATOR")
    assert answer["reason"].startswith(f"the record of rollout {walk.rollout_id} was deleted, so its changes are unknown")
    assert "nothing was changed" not in answer["reason"]


def test_a_reason_is_no_longer_than_a_fail_state_takes(ground: Ground):
    nothing = ground.walk().make_safe("E", "x" * 40_000)
    walk = ground.walk().shift()
    walk.make_safe("E", "x" * 40_000)
    walk.end()
    ended = walk.make_safe("E", "again")

    assert [len(answer["reason"]) for answer in (nothing, ended)] == [LONGEST_CAUSE, LONGEST_CAUSE]


def test_a_canary_is_removed_in_three_passes(ground: Ground):
    walk = ground.walk().shift()
    first = walk.make_safe("States.Timeout", "too slow")
    assert (first["answer"], first["wait_seconds"], ground.percent) == ("WAIT", 61, None)
    walk.pause(61)
    second = walk.make_safe("States.Timeout", "too slow")
    assert (second["answer"], second["wait_seconds"]) == ("WAIT", 31)
    walk.pause(31)
    last = walk.make_safe("States.Timeout", "too slow")

    assert (last["answer"], last["ending"]) == ("SAFE", "ROLLED_BACK")
    assert last["reason"] == "States.Timeout: too slow"
    assert last["summary"]["outcome"] == "rolled_back"
    assert ground.rig.is_at_rest()
    assert walk.record.phase == "rolled_back"


def test_a_pass_before_its_time_only_waits(ground: Ground):
    walk = ground.walk().shift()
    walk.make_safe("E", "first")
    walk.pause(20)
    before = walk.record
    answer = walk.make_safe("E", "again")

    assert (answer["answer"], answer["wait_seconds"]) == ("WAIT", 41)
    assert walk.record == before


def test_an_ended_rollout_reports_its_ending_again(ground: Ground):
    walk = ground.walk().shift()
    walk.end()
    before = walk.record
    answer = walk.make_safe("E", "late")

    assert (answer["ending"], answer["reason"]) == ("ROLLED_BACK", "Test: the test is over")
    assert walk.record == before


def test_a_rejection_keeps_the_reason_that_the_look_recorded(ground: Ground):
    walk = ground.walk().shift()
    walk.pause(60)
    ground.fire()
    reason = walk.look()["reason"]
    walk.make_safe("CanaryRejected", "what the machine says")

    assert walk.record.reason == reason


def test_an_execution_that_lost_its_rollout_touches_nothing(ground: Ground):
    walk = ground.walk().shift()
    ground.rig.records.take_over(walk.owned, "operator:test")
    answer = walk.make_safe("OwnershipLostError", "gone")

    assert (answer["answer"], answer["ending"]) == ("SAFE", "REFUSED")
    assert "is now owned by operator:test; this execution changed nothing more" in answer["reason"]
    assert ground.percent == 25.0


def test_a_promotion_past_its_flip_is_finished(ground: Ground):
    walk = ground.walk().move_base()
    walk.pause(31)
    walk.task("FlipStage")
    walk.pause(31)
    answer = walk.make_safe("States.Timeout", "too slow")

    assert answer["ending"] == "PROMOTED"
    assert answer["summary"]["outcome"] == "promoted"
    assert ground.rig.is_at_rest()


def test_a_refused_removal_asks_for_an_operator_with_the_command(ground: Ground):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault("MakeSafe", "apigateway", "UpdateStage", Mode.REFUSED))
    answer = walk.make_safe("E", "broken")

    assert (answer["answer"], answer["ending"]) == ("REFUSED", "NEEDS_OPERATOR")
    assert answer["reason"].startswith("E: broken; AWS refused `aws apigateway update-stage --rest-api-id")
    assert walk.record.needs_operator
    assert walk.owned.lock.rollout_id == walk.rollout_id
    ground.aws.faults.clear()
    assert walk.make_safe("E", "broken")["answer"] == "WAIT"
    assert (ground.percent, walk.record.needs_operator) == (None, False)


def test_a_half_readable_target_still_loses_its_canary(ground: Ground):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault("MakeSafe", "lambda", "GetAlias", Mode.REFUSED))
    answer = walk.make_safe("E", "broken")

    assert answer["answer"] == "REFUSED"
    assert "aws lambda get-alias --function-name orders-read" in answer["reason"]
    assert ground.percent is None
