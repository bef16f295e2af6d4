"""A newer start, under `on_newer: replace`: what CheckRelease answers, and what ReplaceRollout does to the older rollout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import CheckEvent
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.replacing import MOST_REPLACEMENTS
from canary.tasks.check_release import check_release
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.test_check_release import Interrupted
from tests.tasks.walk import PAYMENTS, TaskFailedError

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground, Walk

REPLACE: dict[str, Any] = {"policy": {"on_newer": "replace"}}


def park(walk: Walk) -> Walk:
    """The rollout is parked after its first step."""
    records = walk.ground.rig.records
    records.park(walk.owned, replace(walk.record, phase=Phase.PARKED, parked_since=walk.now, parked_until=walk.now + 3600))
    return walk


@pytest.mark.parametrize("kind", ["orders", "orders-ship"])
def test_an_older_rollout_is_rolled_back_in_passes_and_then_the_release_may_start(ground: Ground, kind: str):
    target = ground.rig.target if kind == "orders" else ground.ship
    older, newer = ground.walk(target).shift(), ground.walk(target)
    ground.fire()

    assert newer.check(**REPLACE) == {
        "start": "REPLACE",
        "target": target.name,
        "reason": f"rollout {older.rollout_id} gives way",
    }
    assert newer.replace() == {"waits_for": older.rollout_id, "wait_seconds": 61}
    assert (older.record.phase, older.record.replaced_by.rollout_id) == (Phase.ROLLING_BACK, newer.rollout_id)
    assert older.owned.lock.owner == f"replacement:{newer.rollout_id}"
    assert (
        older.record.reason
        == f"replaced by the newer rollout {newer.rollout_id} (execution {newer.execution}, on_newer: replace)"
    )
    while newer.check(**REPLACE)["start"] == "REPLACE" and newer.replacements < MOST_REPLACEMENTS:
        newer.replace()
        ground.aws.client("cloudwatch").set_alarm_state(AlarmName=PAYMENTS, StateValue="OK", StateReason="it is over")

    assert (older.record.phase, newer.checked["start"]) == (Phase.ROLLED_BACK, "READY")
    assert newer.checked["draft"]["tally"]["replacements"] == newer.replacements < 6
    newer.lock()
    assert newer.owned.lock.rollout_id == newer.rollout_id


@pytest.mark.parametrize("begin", ["begin", "prepare", "take_all"])
def test_a_rollout_before_its_commit_point_gives_way(ground: Ground, begin: str):
    older, newer = getattr(ground.walk(), begin)(), ground.walk()

    assert newer.check(**REPLACE)["start"] == "REPLACE"
    newer.replace()
    assert older.record.replaced_by.rollout_id == newer.rollout_id


def test_a_parked_rollout_gives_way(ground: Ground):
    older, newer = park(ground.walk().shift()), ground.walk()

    assert newer.check(**REPLACE)["start"] == "REPLACE"
    newer.replace()
    assert (older.record.phase, ground.percent) == (Phase.ROLLING_BACK, None)


def test_the_older_rollouts_execution_is_stopped_with_a_cause_that_names_the_newer(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    newer = ground.walk()
    newer.replace()
    described = ground.aws.client("stepfunctions").describe_execution(executionArn=arn)

    assert (described["status"], described["error"]) == ("ABORTED", "RolledBack")
    assert described["cause"] == (
        f"replaced by the newer rollout {newer.rollout_id} (execution {newer.execution}, on_newer: replace); "
        "base gets all traffic again, and the controller removes the canary"
    )


def test_a_replacement_whose_stop_is_refused_stops_the_execution_when_tried_again(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    newer = ground.walk()
    ground.aws.faults.add(Fault(None, None, "StopExecution", Mode.REFUSED, times=1))
    with pytest.raises(TaskFailedError, match="AwsRefusedError"):
        newer.replace()
    newer.replace()

    status = ground.aws.client("stepfunctions").describe_execution(executionArn=arn)["status"]
    assert (status, ground.percent) == ("ABORTED", None)


def test_a_rollout_past_its_commit_point_is_waited_for(ground: Ground):
    older, newer = ground.walk().move_base(), ground.walk()
    before = older.owned

    assert newer.check(**REPLACE)["reason"] == f"rollout {older.rollout_id} has to end first"
    assert newer.replace() == {"waits_for": older.rollout_id, "wait_seconds": 60}
    assert (older.owned.rollout, older.owned.lock) == (before.rollout, before.lock)


def test_a_rollout_that_does_not_end_is_waited_for_only_so_often(ground: Ground):
    ground.walk().move_base()
    newer = ground.walk()
    newer.replacements = MOST_REPLACEMENTS
    answer = newer.check(**REPLACE)

    assert answer["start"] == "REFUSED"
    assert "being promoted" in answer["reason"]
    assert f"this start waited {MOST_REPLACEMENTS} times for its end" in answer["reason"]


def test_a_later_start_is_never_replaced(ground: Ground):
    newer = ground.walk()
    later = ground.walk().shift()
    answer = newer.check(**REPLACE)

    assert answer["start"] == "REFUSED"
    assert f"rollout {later.rollout_id} is running on orders" in answer["reason"]
    assert "later than this start, so this start does not replace it" in answer["reason"]
    assert newer.replace() == {"waits_for": later.rollout_id, "wait_seconds": 1}
    assert (later.record.phase, later.record.replaced_by) == (Phase.SHIFTING, None)


def test_a_rollout_that_waits_for_an_operator_is_not_replaced(ground: Ground):
    older, newer = ground.walk().shift(), ground.walk()
    ground.rig.records.write(older.owned, replace(older.record, needs_operator=True))

    assert "waits for an operator" in newer.check(**REPLACE)["reason"]
    assert newer.replace() == {"waits_for": older.rollout_id, "wait_seconds": 1}
    assert older.record.replaced_by is None


def test_the_newest_of_two_starts_that_replace_goes_on_and_the_other_gives_up(ground: Ground):
    older, second, third = ground.walk().shift(), ground.walk(), ground.walk()
    second.replace()
    third.replace()

    assert older.record.replaced_by.rollout_id == third.rollout_id
    assert f"gives way on orders to rollout {third.rollout_id}" in second.check(**REPLACE)["reason"]
    assert third.check(**REPLACE)["start"] == "REPLACE"


def test_a_rollback_by_the_rollouts_own_execution_is_left_to_it(ground: Ground):
    older, newer = ground.walk().shift(), ground.walk()
    older.make_safe("Test", "it was bad")

    assert newer.check(**REPLACE)["start"] == "REPLACE"
    assert newer.replace() == {"waits_for": older.rollout_id, "wait_seconds": 60}
    assert (older.owned.lock.owner, older.record.replaced_by) == (older.execution, None)


def test_a_pass_that_aws_refuses_leads_back_to_the_checks_at_once(ground: Ground):
    older, newer = ground.walk().shift(), ground.walk()
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))

    assert newer.replace() == {"waits_for": older.rollout_id, "wait_seconds": 1}
    assert "waits for an operator" in newer.check(**REPLACE)["reason"]


def test_a_start_that_is_refused_anyway_ends_no_rollout(ground: Ground):
    older, newer = ground.walk().shift(), ground.walk()
    wrong = newer.check(**REPLACE, release={"functions": {"orders-read": "99"}})
    unknown = newer.check(**REPLACE, release={"functions": {"orders-raed": "1"}})

    assert (wrong["start"], unknown["start"]) == ("REFUSED", "REFUSED")
    assert "version 99 does not exist" in wrong["reason"]
    assert f"rollout {older.rollout_id} is running" in unknown["reason"]
    assert older.record.phase is Phase.SHIFTING


def test_a_start_of_what_base_runs_replaces_too(ground: Ground):
    ground.walk().shift()
    newer = ground.walk()

    assert newer.check(**REPLACE, release={"functions": ground.old, "deployment": "unchanged"})["start"] == "REPLACE"


def test_a_start_without_such_a_policy_is_refused_while_the_target_is_held(ground: Ground):
    older, newer = ground.walk(policy=replace(ground.rig.target.policy)).shift(), ground.walk()

    assert f"rollout {older.rollout_id} is running on orders" in newer.check()["reason"]


def test_the_newer_starts_own_policy_decides(ground: Ground):
    older = ground.walk().shift(**REPLACE)

    assert f"rollout {older.rollout_id} is running on orders" in ground.walk().check()["reason"]


def test_a_rollout_that_takes_the_target_during_the_checks_is_replaced_like_any_other(ground: Ground, tools: Tools):
    older, newer = ground.walk(), ground.walk()
    own = tools.clients.of(newer.target)
    vars(own)["apigateway"] = interrupted = Interrupted(own.apigateway, lambda: None)
    interrupted._happening = lambda: None if older.checked else older.shift()
    event = CheckEvent({"target": "orders", **REPLACE}, newer.rollout_id, newer.execution, newer.now, requested_at=newer.now)

    assert check_release(event, tools)["reason"] == f"rollout {older.rollout_id} gives way"


def test_a_deleted_record_is_not_replaced(ground: Ground):
    older, newer = ground.walk().begin(), ground.walk()
    key = {"pk": {"S": f"rollout#{older.rollout_id}"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)

    assert newer.check(**REPLACE)["start"] == "REFUSED"
    assert newer.replace() == {"wait_seconds": 30}


def test_alarms_of_a_replaced_canary_may_take_their_time(ground: Ground):
    newer = ground.walk()
    ground.fire()

    assert "is already firing" in newer.check(**REPLACE)["reason"]
    newer.replacements = 1
    assert newer.check(**REPLACE)["start"] == "REPLACE"
    newer.replacements = MOST_REPLACEMENTS
    assert newer.check(**REPLACE)["start"] == "REFUSED"


def test_a_replaced_release_is_not_kept_as_taken_back(ground: Ground):
    older, newer = ground.walk().shift(), ground.walk()
    while older.record.phase is not Phase.ROLLED_BACK:
        newer.replace()

    assert ground.rig.records.read_start("orders", newer.rollout_id).taken_back == ()
    assert ground.walk().check()["start"] == "READY"


def test_a_start_below_the_targets_floor_is_refused_with_what_it_must_keep(ground: Ground):
    floor = replace(ground.rig.target.floor, min_bake_seconds=120)
    answer = ground.walk(floor=floor).check(policy="hotfix")
    assert answer["start"] == "READY"
    answer = ground.walk(floor=floor).check(policy={"steps": [{"weight_percent": 10, "bake_seconds": 60}]})

    assert answer["reason"] == (
        "floor.min_bake_seconds: policy quick (changed) has a step that bakes 60 seconds, and at least 120 are required; "
        "give a policy within the target's floor, or have an authorizer start it with a reason: "
        "canary start orders --below-floor --reason <why>"
    )
