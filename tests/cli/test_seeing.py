"""`canary status` and `canary history`, in every phase that a target can be in."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.policy import Progression
from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground, Walk

    Canary = Callable[..., Told]


def look(walk: Walk, minutes: int) -> None:
    for _ in range(minutes):
        walk.pause(60)
        walk.look()


def test_a_target_at_rest_says_what_is_live(ground: Ground, canary: Canary):
    told = canary("status", "orders")

    assert told.code == 0
    assert "orders: at rest" in told.out
    assert f"live      orders-read 1, orders-write 1; deployment {ground.old_deployment}" in told.out
    assert "account 123456789012, Region eu-west-1" in told.out
    assert "alarms    3 of 3 OK" in told.out


def test_a_rollout_is_told_from_its_preparation_to_its_looks(ground: Ground, canary: Canary):
    walk = ground.walk().begin(reason="OPS-1", labels={"commit": "3f9a", "ticket": "OPS-1"})
    prepared = canary("status", "orders")
    assert "labels    commit=3f9a, ticket=OPS-1\n" in prepared.out
    assert f"rollout {walk.rollout_id} is preparing\n" in prepared.out
    assert "the canary is prepared, then step 1 of 2 at 25 % begins" in prepared.out

    walk.task("PrepareRelease")
    walk.pause(30)
    walk.task("ShiftTraffic")
    assert "the first look at step 1 of 2 at 25 %" in canary("status", "orders").out

    look(walk, 1)
    assert "a look; the bake ends at" in canary("status", "orders").out

    look(walk, 3)
    told = canary("status", "orders").out
    assert f"orders: rollout {walk.rollout_id} is shifting, step 1 of 2" in told
    assert "weight    25 % asked, " in told
    assert "% seen (policy quick)" in told
    assert "release   orders-read 2, orders-write 2; deployment " in told
    assert "at 100 the canary is rolled back" in told
    assert ": HOLD: " in told
    assert "the next look decides whether step 2 of 2 at 50 % begins" in told
    row = next(line for line in told.splitlines() if line.startswith("  errors"))
    assert row.count("%") == 2
    assert re.search(r" [-+][\d.]+ points \(-[\d.]+ to \+[\d.]+\) ", row)
    assert row.endswith(" 333")

    answer = canary("status", "orders", "--json").json
    assert (answer["target"], answer["is_at_rest"], answer["last_rollout"]) == ("orders", False, None)
    rollout = answer["rollout"]
    assert (rollout["rollout_id"], rollout["phase"], rollout["step"], rollout["steps"]) == (walk.rollout_id, "shifting", 1, 2)
    assert rollout["started_at"].endswith("Z")
    assert rollout["last_look"]["verdict"] == "HOLD"
    errors = next(one for one in rollout["metrics"] if one["metric"] == "errors")
    record = walk.record.step.metrics["errors"]
    assert (errors["canary"]["requests"], errors["canary"]["bad"]) == (record.nc, record.ec)
    assert (errors["base"]["requests"], errors["base"]["bad"]) == (record.nb, record.eb)
    assert errors["log_e"] < errors["log_bar"]
    assert rollout["share_seen"] == pytest.approx(record.nc / (record.nc + record.nb), abs=0.01)
    assert rollout["waiting"]["seconds"] >= 0
    assert rollout["next"]["due_at"].endswith("Z")


def test_a_parked_rollout_waits_for_its_advance(ground: Ground, canary: Canary):
    policy = replace(ground.rig.target.policy, progression=Progression.SCHEDULED, max_parked_seconds=7200)
    walk = ground.walk(policy=policy).shift()
    walk.pause(60)
    walk.look()
    walk.task("ParkRollout")
    ground.aws.clock.run_for(600)
    told = canary("status", "orders")

    assert "is parked, step 1 of 2" in told.out
    assert "waits for an advance, or an abort (for 10 min, until " in told.out
    assert "canary advance takes the next step" in told.out


def test_a_promotion_says_what_it_does_next(ground: Ground, canary: Canary):
    walk = ground.walk().take_all()
    assert "base drains, then its aliases move to the release" in canary("status", "orders").out

    walk.pause(240)
    walk.task("MoveBase")
    assert "base becomes the release and the canary is removed" in canary("status", "orders").out


def test_a_rollback_is_told_to_its_end_and_in_the_history(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    look(walk, 1)
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    walk.make_safe("CanaryRejected", "the canary is worse")
    ground.aws.faults.clear()
    told = canary("status", "orders")
    assert "needs operator" in told.out
    assert "an operator does what the notification Operator Needed says" in told.out

    walk.pause(60)
    walk.make_safe()
    told = canary("status", "orders")
    assert "is rolling_back" in told.out
    assert "base has all traffic; the canary's aliases return" in told.out

    walk.pause(90)
    walk.end()
    told = canary("status", "orders")
    assert "orders: at rest" in told.out
    assert f"last      rollout {walk.rollout_id}, rolled_back at " in told.out
    assert "requests harmed: 0" in told.out

    told = canary("history", "orders", "--since", "1h")
    assert told.code == 0
    assert f"  {walk.rollout_id}  rolled_back  step 1 of 2, policy quick" in told.out
    answer = canary("history", "orders", "--json").json
    past = next(one for one in answer["past"] if one["rollout_id"] == walk.rollout_id)
    assert past["seconds_to_safe"] > 60
    assert answer["rollbacks"] >= 1
    assert 0 < answer["change_failure_rate"] <= 1
    assert answer["counted_since"].endswith("Z")


def test_a_target_without_rollouts_has_an_empty_history(canary: Canary):
    told = canary("history", "nothing", "--since", "30d")

    assert told.code == 0
    assert "nothing: rollouts in the last 30 days" in told.out
    assert "change failure rate  none yet" in told.out
    assert "time to safe         no rollback by a look" in told.out


def test_without_a_target_all_are_told(ground: Ground, canary: Canary):
    ground.walk(ground.ship)
    told = canary("status")
    listed = canary("status", "--json").json["targets"]

    assert "orders: at rest\n" in told.out
    assert "orders-ship: at rest\n" in told.out
    assert [one["target"] for one in listed] == ["orders", "orders-ship"]


def test_a_held_target_that_is_no_longer_registered_is_told_too(ground: Ground, canary: Canary):
    ground.walk().begin()
    ground.aws.client("ssm").delete_parameter(Name=f"{TARGET_PREFIX}orders")

    assert "is preparing" in canary("status").out


def test_no_targets_are_told_as_none(ground: Ground, canary: Canary):
    ground.aws.client("ssm").delete_parameter(Name=f"{TARGET_PREFIX}orders")

    assert "no target is registered" in canary("status").out


def test_what_cannot_be_read_is_named_and_the_rest_is_told(ground: Ground, canary: Canary):
    ground.aws.faults.add(Fault(None, "cloudwatch", "DescribeAlarms", Mode.REFUSED))
    told = canary("status", "orders")

    assert told.code == 0
    assert "orders: at rest" in told.out
    assert "unread    AWS refused `aws cloudwatch describe-alarms`" in told.out


def test_an_unknown_target_lists_those_that_are_registered(canary: Canary):
    told = canary("status", "odrers")

    assert told.code == 2
    assert "no target odrers is registered; registered targets: orders" in told.err


def test_a_lock_without_a_record_is_an_error_with_what_to_do(ground: Ground, canary: Canary):
    walk = ground.walk().begin()
    key = {"pk": {"S": f"rollout#{walk.rollout_id}"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)
    told = canary("status", "orders", "--json")

    assert told.code == 1
    assert told.error["code"] == "RecordGone"
    assert "restore it" in told.error["fix"]


def test_a_refused_call_is_not_told_as_an_answer(ground: Ground, canary: Canary):
    ground.aws.faults.add(Fault(None, "dynamodb", "BatchGetItem", Mode.REFUSED))
    told = canary("status", "orders", "--json")

    assert (told.code, told.out) == (7, "")
    assert told.error["code"] == "Denied"
