"""AuthorizeRollout: promote skips the remaining steps, and nothing of what makes a promotion safe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.alarms import target_alarms
from tests.tasks.test_advance_rollout import advance, parked
from tests.tasks.verbs.test_steer import LOOSE, look_on, operate
from tests.tasks.walk import PAYMENTS, SETTLE, Ground, Walk

if TYPE_CHECKING:
    from canary.rules.looks.proof import Proof


def promote(ground: Ground, **more: Any) -> dict[str, Any]:
    return ground.invoke("AuthorizeRollout", {"verb": "promote", "target": "orders", **more})


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout with judged minutes in the first of its two steps, which goes on for an hour."""
    long = replace(LOOSE, steps=tuple(replace(step, bake_seconds=3600) for step in LOOSE.steps))
    baking = ground.walk(policy=long).shift()
    look_on(baking, 4)
    return baking


def test_promote_is_answered_at_once_and_the_next_look_promotes(ground: Ground, walk: Walk):
    answer = promote(ground, reason="OPS-1")

    assert (answer["answer"], answer["phase"], answer["within_seconds"]) == ("ACCEPTED", "shifting", 240)
    assert ground.percent == 25.0
    walk.pause(60)
    look = walk.look()
    assert (look["verdict"], look["next"]) == ("PROMOTE", "PROMOTE")
    assert look["reason"].startswith("promoted by an operator (OPS-1) after ")
    assert walk.record.reason == look["reason"]


def test_a_promotion_settles_drains_and_passes_the_commit_point(ground: Ground, walk: Walk):
    promote(ground)
    look_on(walk, 1)
    walk.task("TakeAllTraffic")
    walk.pause(SETTLE)
    assert walk.drain()["drain"] == "WAIT"
    walk.pause(240)
    assert walk.drain()["drain"] == "DRAINED"
    assert promote(ground)["answer"] == "UNCHANGED"
    walk.task("MoveBase")
    walk.pause(SETTLE + 5)
    walk.task("FlipStage")
    walk.pause(SETTLE + 5)
    assert walk.task("CleanUp")["steps"] == 1
    assert ground.percent is None
    assert promote(ground) == {"target": "orders", "answer": "NOTHING_TO_PROMOTE"}


def test_a_promotion_waits_for_a_judged_minute(ground: Ground):
    walk = ground.walk(policy=LOOSE).shift()
    walk.pause(20)
    assert promote(ground)["answer"] == "ACCEPTED"
    assert walk.look()["verdict"] == "CONTINUE"
    assert "PROMOTE" in look_on(walk, 4)


def test_promote_is_refused_while_an_alarm_fires(ground: Ground, walk: Walk):
    ground.fire()
    answer = promote(ground)

    assert answer["answer"] == "REFUSED"
    assert f"alarm {PAYMENTS} is firing" in answer["reason"]
    assert walk.record.steering.heard == 0


def test_an_alarm_that_is_tolerated_by_name_does_not_veto_and_the_record_shows_it(ground: Ground, walk: Walk):
    ground.fire()
    assert promote(ground, tolerate_alarms=[PAYMENTS], reason="known noise")["answer"] == "ACCEPTED"
    walk.pause(60)
    look = walk.look()

    assert look["verdict"] == "PROMOTE"
    assert look["reason"].endswith(f"; tolerated: {PAYMENTS}")
    assert walk.record.tolerated_alarms == (PAYMENTS,)
    walk.task("TakeAllTraffic")
    walk.pause(SETTLE)
    assert walk.drain()["drain"] == "WAIT"


def test_an_alarm_that_fires_after_the_answer_rolls_back(ground: Ground, walk: Walk):
    promote(ground)
    walk.pause(60)
    ground.fire()

    assert walk.look()["verdict"] == "ROLL_BACK"


def test_a_name_that_is_no_alarm_of_the_target_is_refused(ground: Ground, walk: Walk):
    answer = promote(ground, tolerate_alarms=["paymnets"])
    known = ", ".join([*(alarm.name for alarm in target_alarms(walk.target)), PAYMENTS])

    assert answer["reason"] == f"paymnets is no alarm of orders; tolerate_alarms takes: {known}"


def test_promote_is_refused_while_looks_cannot_see_everything(ground: Ground, walk: Walk):
    ground.rig.records.write(walk.owned, replace(walk.record, blind_since=walk.now))

    assert "looks have not seen everything since" in promote(ground)["reason"]


def test_promote_is_refused_where_the_judge_condemns(ground: Ground, walk: Walk, monkeypatch: pytest.MonkeyPatch):
    from canary.tasks import authorize_rollout

    real = authorize_rollout.prove

    def condemning(*given: Any, **more: Any) -> Proof:
        return replace(real(*given, **more), condemned="the canary is worse than base in errors")

    monkeypatch.setattr(authorize_rollout, "prove", condemning)
    answer = promote(ground)

    assert (answer["answer"], answer["reason"]) == ("REFUSED", "the canary is worse than base in errors")
    assert walk.record.steering.heard == 0


def test_promote_ends_a_pause_and_pause_withdraws_a_promotion(ground: Ground, walk: Walk):
    operate(ground, "pause")
    look_on(walk, 1)
    promote(ground)
    operate(ground, "pause")
    assert look_on(walk, 1) == ["HOLD"]
    promote(ground)
    assert look_on(walk, 1) == ["PROMOTE"]
    assert walk.record.steering.pause is None


def test_a_parked_rollout_is_promoted_by_its_next_advance(ground: Ground):
    walk = parked(ground)
    answer = promote(ground)
    assert (answer["answer"], answer["phase"]) == ("ACCEPTED", "parked")
    assert "aws stepfunctions start-execution" in answer["reason"]
    advance(walk)
    walk.execution = walk.record.execution
    looks = []
    for _ in range(4):
        walk.pause(60)
        looks.append(walk.look()["next"])

    assert looks[-1] == "PROMOTE"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"verb": "abort", "target": "orders"}, 'verb: not one of promote, start_below_floor, got "abort"'),
        ({"verb": "promote"}, "target: is missing"),
        (None, "input: not a mapping, got null"),
    ],
)
def test_a_wrong_call_is_answered_in_words(ground: Ground, call: object, said: str):
    answer = ground.invoke("AuthorizeRollout", call)

    assert (answer["target"], answer["answer"]) == ("", "REFUSED")
    assert said in answer["reason"]


def test_an_unknown_target_is_refused_with_those_that_are_registered(ground: Ground):
    answer = ground.invoke("AuthorizeRollout", {"verb": "promote", "target": "odrers"})

    assert "no target odrers is registered; registered targets: orders" in answer["reason"]
