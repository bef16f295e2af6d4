"""Pause and resume, as an operator calls them: a signal that the next look hears, and an answer at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.rollouts.steering import Signal, SignalVerb
from canary.rules.targets.policy import AfterPause
from canary.tasks.verbs.steer import send
from tests.tasks.test_advance_rollout import advance, parked
from tests.tasks.test_trouble import delete_record
from tests.tasks.walk import PATIENT, Ground, Walk

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools

LOOSE = replace(PATIENT, detect={"errors": 0.9}, max_pause_seconds=1200)
"""Steps that end at the end of their bakes."""


def operate(ground: Ground, verb: str, **more: Any) -> dict[str, Any]:
    return ground.invoke("OperateRollout", {"verb": verb, "target": "orders", **more})


def look_on(walk: Walk, minutes: int) -> list[str]:
    """The verdicts of looks a minute apart."""
    verdicts = []
    for _ in range(minutes):
        walk.pause(60)
        verdicts.append(walk.look()["verdict"])
    return verdicts


def test_a_pause_is_answered_at_once_and_heard_by_the_next_look(ground: Ground):
    walk = ground.walk().shift()
    answer = operate(ground, "pause", reason="OPS-1")

    assert answer == {
        "target": "orders",
        "rollout": walk.rollout_id,
        "answer": "ACCEPTED",
        "phase": "shifting",
        "reason": "the bake's clock stops; the weight, the looks and every veto stay; "
        "after 240 more minutes of pause it is rolled back",
        "within_seconds": 180,
    }
    assert walk.record.steering.pause is None
    walk.pause(60)
    look = walk.look()
    assert (look["verdict"], look["next"]) == ("HOLD", "BAKE")
    assert "paused by an operator (OPS-1)" in look["reason"]
    assert walk.record.steering.pause.since == walk.now
    assert ground.percent == 25.0


def test_a_rollout_without_traffic_yet_is_paused_by_its_first_look(ground: Ground):
    walk = ground.walk().prepare()
    assert operate(ground, "pause")["within_seconds"] == 270
    walk.task("ShiftTraffic")

    assert look_on(walk, 1) == ["HOLD"]
    assert ground.percent == 25.0


def test_a_paused_step_does_not_end_and_a_resumed_one_bakes_for_what_was_left(ground: Ground):
    walk = ground.walk(policy=LOOSE).shift()
    operate(ground, "pause")
    assert look_on(walk, 10) == ["HOLD"] * 10
    operate(ground, "resume")

    assert look_on(walk, 2) == ["CONTINUE", "ADVANCE"]
    assert walk.record.steering.paused_seconds == 600.0


def test_a_canary_that_breaks_while_it_is_paused_is_rolled_back(ground: Ground):
    walk = ground.walk().shift()
    operate(ground, "pause")
    look_on(walk, 1)
    walk.pause(60)
    ground.fire()

    assert walk.look()["verdict"] == "ROLL_BACK"


@pytest.mark.parametrize("after_pause", AfterPause)
def test_a_pause_ends_as_the_policy_says(ground: Ground, after_pause: AfterPause):
    walk = ground.walk(policy=replace(LOOSE, max_pause_seconds=180, after_pause=after_pause)).shift()
    operate(ground, "pause")
    verdicts = look_on(walk, 4)

    assert verdicts[:3] == ["HOLD"] * 3
    assert (verdicts[3] == "ROLL_BACK") is (after_pause is AfterPause.ROLL_BACK)
    if after_pause is AfterPause.RESUME:
        refused = operate(ground, "pause")
        assert refused["answer"] == "REFUSED"
        assert "none are left" in refused["reason"]


def test_the_same_verb_twice_is_one(ground: Ground):
    walk = ground.walk().shift()
    answers = [operate(ground, verb)["answer"] for verb in ("resume", "pause", "pause", "resume", "resume")]

    assert answers == ["UNCHANGED", "ACCEPTED", "UNCHANGED", "ACCEPTED", "UNCHANGED"]
    assert look_on(walk, 1) != ["HOLD"]
    assert walk.record.steering.heard == 2


def test_a_retry_of_a_look_repeats_it_whatever_was_asked_meanwhile(ground: Ground):
    walk = ground.walk().shift()
    walk.pause(60)
    entered = walk.now
    first = walk.look(entered)
    operate(ground, "pause")

    assert walk.look(entered) == first
    assert look_on(walk, 1) == ["HOLD"]


def test_a_rollout_that_its_execution_no_longer_owns_takes_no_signal(ground: Ground):
    walk = ground.walk().shift()
    ground.rig.records.take_over(walk.owned, "sweeper")
    answer = operate(ground, "pause")

    assert answer["answer"] == "REFUSED"
    assert "no longer has an execution" in answer["reason"]


def test_a_parked_rollout_is_not_paused_and_its_weight_stays(ground: Ground):
    parked(ground)
    answer = operate(ground, "pause")

    assert (answer["answer"], answer["phase"]) == ("REFUSED", "parked")
    assert "do not advance it" in answer["reason"]
    assert "within_seconds" not in answer


def test_a_pause_that_came_as_the_step_ended_holds_after_the_advance(ground: Ground):
    walk = parked(ground)
    ground.rig.records.send(walk.rollout_id, Signal(1, SignalVerb.PAUSE, walk.now))
    assert advance(walk)["start"] == "ADVANCE"
    walk.execution = walk.record.execution

    assert look_on(walk, 1) == ["HOLD"]
    assert walk.record.steering.pause is not None


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_without_a_rollout_there_is_nothing_to_do(ground: Ground, verb: str):
    assert operate(ground, verb) == {"target": "orders", "answer": f"NOTHING_TO_{verb.upper()}"}


def test_a_lock_without_a_record_is_reported(ground: Ground):
    walk = ground.walk().begin()
    delete_record(ground, walk)
    answer = operate(ground, "pause")

    assert answer["answer"] == "REFUSED"
    assert "restore it from the table's backup and pause again" in answer["reason"]


def test_a_signal_that_another_overtakes_is_weighed_again(ground: Ground, tools: Tools, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().shift()
    records = type(tools.records)
    real, tried = records.send, []

    def overtaken(self: Any, rollout_id: str, signal: Signal) -> bool:
        tried.append(signal.number)
        other = replace(signal, verb=SignalVerb.PAUSE, reason="the other one")
        return not real(self, rollout_id, other)

    monkeypatch.setattr(records, "send", overtaken)
    answer = send(SignalVerb.PAUSE, "orders", tools, reason="this one")

    assert (answer["answer"], tried) == ("UNCHANGED", [1])
    found = ground.rig.records.find(walk.rollout_id, signal=True)
    assert found is not None
    assert found.signal is not None
    assert found.signal.reason == "the other one"


def test_a_signal_that_is_overtaken_again_and_again_is_refused(ground: Ground, tools: Tools, monkeypatch: pytest.MonkeyPatch):
    ground.walk().shift()
    monkeypatch.setattr(type(tools.records), "send", lambda *_: False)
    answer = send(SignalVerb.PAUSE, "orders", tools, reason="")

    assert (answer["answer"], answer["reason"]) == ("REFUSED", "verb: other verbs overtook pause 3 times; call it again")
