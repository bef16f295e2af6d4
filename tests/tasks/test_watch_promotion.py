"""WatchPromotion: looks at a promoted release until its time is over, and ends when someone else ends the watch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.releases.problems import Problem
from canary.rules.rollouts.watched import WatchEnd
from canary.rules.targets.policy import AfterPromotion
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.test_advance_rollout import advance
from tests.tasks.test_guard_rollout import tell
from tests.tasks.walk import PATIENT, Ground, TaskFailedError, Walk, iso

if TYPE_CHECKING:
    from canary.rules.rollouts.watched import PromotionWatch

POLICY = replace(PATIENT, watch_seconds=600, after_promotion=AfterPromotion.NOTIFY)


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout that is promoted and watched."""
    return ground.walk(policy=POLICY).promote()


def look(walk: Walk) -> dict[str, Any]:
    return walk.task("WatchPromotion")


def watch_of(walk: Walk) -> PromotionWatch:
    found = walk.record.watch
    assert found is not None
    return found


def is_free(ground: Ground) -> bool:
    return ground.rig.records.read_lock("orders").rollout_id is None


def test_the_flip_is_recorded_and_reported_while_the_lock_is_kept(ground: Ground, walk: Walk):
    owned = walk.owned
    assert (owned.rollout.phase, owned.rollout.ended_at) == ("watching", None)
    assert (owned.lock.owner, owned.lock.promoted_rollout_id) == (walk.execution, walk.rollout_id)
    assert owned.lock.deployment_id == ground.rig.stage["deploymentId"]
    assert watch_of(walk).is_told


def test_a_second_try_of_clean_up_finds_the_watch_begun(walk: Walk):
    before = walk.owned
    answer = walk.task("CleanUp")
    assert (answer["outcome"], answer["look_seconds"] <= 61) == ("watching", True)
    assert (walk.record, walk.owned.lock) == (before.rollout, before.lock)


def test_a_promotion_whose_report_was_lost_is_reported_by_the_next_look(ground: Ground):
    walk = ground.walk(policy=POLICY)
    ground.aws.faults.add(Fault("CleanUp", "events", "PutEvents", Mode.REFUSED))
    walk.promote()
    assert not watch_of(walk).is_told
    look(walk)
    assert watch_of(walk).is_told


def test_a_look_judges_the_new_minutes_and_goes_on(walk: Walk):
    walk.pause(300)
    answer = look(walk)

    assert (answer["ending"], answer["summary"]["outcome"]) == ("WATCHING", "watching")
    assert 0 < answer["wait_seconds"] <= 120
    assert watch_of(walk).looks == 1
    assert walk.record.tally.metrics_requested > 0
    assert walk.record.ended_at is None


def test_the_watch_ends_when_its_time_is_over(ground: Ground, walk: Walk):
    walk.pause(600)
    answer = look(walk)

    assert (answer["ending"], answer["wait_seconds"], answer["summary"]["outcome"]) == ("PROMOTED", 0, "promoted")
    assert (walk.record.phase, watch_of(walk).end) == ("promoted", WatchEnd.OVER)
    assert is_free(ground)
    assert look(walk) == answer


def test_an_alarm_condemns(ground: Ground, walk: Walk):
    walk.pause(60)
    ground.fire()
    assert look(walk)["ending"] == "PROMOTED"
    assert watch_of(walk).end is WatchEnd.CONDEMNED
    assert "orders-payment-failures is firing" in watch_of(walk).reason


def test_an_alarm_that_fired_between_two_looks_condemns(ground: Ground, walk: Walk):
    walk.pause(30)
    ground.fire()
    ground.aws.client("cloudwatch").set_alarm_state(AlarmName="orders-payment-failures", StateValue="OK", StateReason="a test")
    walk.pause(120)
    look(walk)
    assert watch_of(walk).end is WatchEnd.CONDEMNED


def test_an_edit_ends_the_watch_and_stays(ground: Ground, walk: Walk):
    ground.point("orders-read", "live", "1")
    assert look(walk)["ending"] == "PROMOTED"
    assert (watch_of(walk).end, is_free(ground)) == (WatchEnd.CUT_SHORT, True)
    assert watch_of(walk).reason == "the live alias of orders-read was moved from version 2 to 1"
    assert ground.alias("orders-read", "live")[0] == "1"


@pytest.mark.parametrize(
    ("service", "operation", "sentence"),
    [
        ("cloudwatch", "DescribeAlarms", "the alarms could not be read in every look"),
        ("cloudwatch", "GetMetricData", "the requests could not be read in every look"),
        ("apigateway", "GetStage", "the target could not be read in every look"),
    ],
)
def test_what_aws_refuses_is_kept_as_unseen_and_the_watch_goes_on(ground: Ground, service: str, operation: str, sentence: str):
    ground.rig.settle(1800)  # base has a past, so its metrics have ceilings and are asked for
    walk = ground.walk(policy=POLICY).promote()
    walk.pause(300)
    ground.aws.faults.add(Fault("WatchPromotion", service, operation, Mode.REFUSED))
    assert look(walk)["ending"] == "WATCHING"
    assert sentence in watch_of(walk).doubts
    assert sentence not in watch_of(walk).unseen
    assert look(walk)["ending"] == "WATCHING"
    assert sentence in watch_of(walk).unseen


def test_a_start_ends_the_watch_in_the_transaction_that_takes_the_target(ground: Ground, walk: Walk):
    look(walk)
    later = ground.walk(policy=POLICY)
    later.begin(release={"functions": {"orders-read": "1"}})

    assert (walk.record.phase, watch_of(walk).end, watch_of(walk).cut_short_by) == ("promoted", "cut_short", later.rollout_id)
    assert walk.record.is_end_told
    assert later.owned.lock.rollout_id == later.rollout_id
    assert look(walk)["ending"] == "PROMOTED"
    assert later.record.phase == "preparing"


def test_a_start_that_was_checked_before_the_promotion_checks_again(ground: Ground, walk: Walk):
    later = ground.walk(policy=POLICY)
    later.check(release={"functions": {"orders-read": "1"}})
    with pytest.raises(TaskFailedError) as failed:
        later.lock(fencing_token=later.checked["fencing_token"] - 1)
    assert (failed.value.kind, walk.record.phase) == ("StaleFencingTokenError", "watching")


def test_an_advance_ends_the_watch(ground: Ground, walk: Walk):
    answer = advance(walk, "later")
    assert (answer["start"], answer["reason"]) == ("UNCHANGED", f"rollout {walk.rollout_id} is promoted; its watch is over now")
    assert (watch_of(walk).end, watch_of(walk).reason) == (WatchEnd.CUT_SHORT, "the execution later advanced")
    assert is_free(ground)


def test_a_dead_execution_leaves_a_promoted_release_and_says_that_nobody_watches(ground: Ground, walk: Walk):
    assert tell(ground, walk)["answer"] == "SAFE"
    assert (walk.record.phase, watch_of(walk).end) == ("promoted", WatchEnd.CUT_SHORT)
    assert watch_of(walk).reason == "the execution ended as ABORTED without making its target safe"
    assert "no worse" not in watch_of(walk).reason
    assert is_free(ground)


def test_a_watch_that_fails_ends_promoted_with_the_error(ground: Ground, walk: Walk):
    answer = walk.make_safe("RecordSchemaError", "the record is broken")
    assert (answer["answer"], answer["ending"], answer["summary"]["outcome"]) == ("SAFE", "PROMOTED", "promoted")
    assert watch_of(walk).reason == "RecordSchemaError: the record is broken"
    assert is_free(ground)


def test_a_promotion_that_make_safe_finishes_is_watched(ground: Ground):
    walk = ground.walk(policy=POLICY).move_base()
    answer = walk.make_safe("AwsRefusedError", "API Gateway refused")
    while answer["answer"] == "WAIT":
        walk.pause(answer["wait_seconds"])
        answer = walk.make_safe("AwsRefusedError", "API Gateway refused")
    assert (answer["answer"], answer["ending"]) == ("SAFE", "WATCHING")
    assert 0 < answer["wait_seconds"] <= 61
    assert walk.record.phase == "watching"


def test_a_promotion_that_the_guard_finishes_says_that_nobody_watches(ground: Ground):
    walk = ground.walk(policy=POLICY).move_base()
    tell(ground, walk)
    for _ in range(5):
        walk.pause(60)
        ground.invoke("SweepTargets", {"time": iso(walk.now)})
    assert (walk.record.phase, watch_of(walk).end) == ("promoted", WatchEnd.CUT_SHORT)
    assert "nothing else watches" in watch_of(walk).reason


def test_only_a_watched_rollout_is_watched(ground: Ground):
    walk = ground.walk(policy=POLICY).shift()
    with pytest.raises(TaskFailedError, match="is shifting; it is not watched") as failed:
        look(walk)
    assert failed.value.kind == "OwnershipLostError"


def condemned(ground: Ground) -> Walk:
    """A watched release whose alarm fires and whose policy takes it back then."""
    walk = ground.walk(policy=replace(POLICY, after_promotion=AfterPromotion.REVERT)).promote()
    ground.fire()
    return walk


def test_a_condemned_release_gives_its_lock_to_its_revert(ground: Ground):
    walk = condemned(ground)
    answer = look(walk)

    revert = f"{walk.rollout_id}-watch-revert"
    assert (answer["ending"], answer["rollout_id"]) == ("REVERTING", revert)
    assert (walk.record.phase, watch_of(walk).reverted_by) == ("promoted", revert)
    owned = ground.rig.records.find(revert)
    assert (owned.lock.rollout_id, owned.lock.owner, owned.lock.last_rollout_id) == (revert, walk.execution, walk.rollout_id)
    assert (owned.rollout.phase, owned.rollout.reverts, owned.rollout.execution) == (
        "preparing",
        walk.rollout_id,
        walk.execution,
    )
    assert dict(owned.rollout.intent.versions) == {"orders-read": "1", "orders-write": "1"}
    assert look(walk) == answer


def test_a_handover_that_the_execution_never_heard_of_is_undone_and_said(ground: Ground):
    walk = condemned(ground)
    look(walk)
    answer = walk.make_safe("States.Timeout", "")
    while answer["answer"] == "WAIT":
        walk.pause(answer["wait_seconds"])
        answer = walk.make_safe("States.Timeout", "")

    assert (answer["ending"], answer["summary"]["rollout"]) == ("ROLLED_BACK", f"{walk.rollout_id}-watch-revert")
    assert answer["reason"].startswith(
        f"the revert went back, and base still serves the release of rollout {walk.rollout_id}: "
    )
    assert is_free(ground)


def test_the_guard_finds_the_revert_of_a_dead_execution(ground: Ground):
    walk = condemned(ground)
    look(walk)
    assert tell(ground, walk) == {"rollout": f"{walk.rollout_id}-watch-revert", "answer": "WAIT"}


def test_a_release_that_cannot_be_reverted_stays_and_an_operator_is_told(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    walk = condemned(ground)
    missing = Problem("functions.orders-read", "version 1 was deleted", "publish it again")
    monkeypatch.setattr("canary.tasks.watch_promotion.find_revert_problems", lambda *_: (missing,))
    assert look(walk)["ending"] == "PROMOTED"
    assert (watch_of(walk).end, watch_of(walk).reverted_by) == (WatchEnd.CONDEMNED, None)
    assert "it cannot be reverted: functions.orders-read: version 1 was deleted" in watch_of(walk).reason
    assert is_free(ground)
