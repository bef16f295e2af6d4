"""What a verb that waits for a look is answered with, whatever the rollout's phase."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.steering import Pause, Promotion, Signal, SignalVerb, Steering
from canary.rules.rollouts.verbs import VerbAnswer, reply_to
from tests.builders import NOON, a_policy, a_rollout

POLICY = a_policy(10, 50, max_pause_seconds=3600)


def rollout(phase=Phase.SHIFTING, **changes):
    return a_rollout(policy=POLICY, phase=phase, step=StepState(0, baking_since=NOON), **changes)


def answer_to(verb, phase=Phase.SHIFTING, *, signal=None, steering=None, tolerated=(), **changes):
    given = rollout(phase, **({"steering": steering} if steering else {}), **changes)
    return reply_to(verb, given, signal, NOON + 60, tolerated)


@pytest.mark.parametrize("verb", SignalVerb)
@pytest.mark.parametrize("phase", Phase)
def test_every_verb_has_an_answer_with_a_reason_in_every_phase(verb, phase):
    reply = answer_to(verb, phase)
    assert reply.answer in VerbAnswer
    assert reply.reason


@pytest.mark.parametrize(
    ("verb", "phase", "answer"),
    [
        (SignalVerb.PAUSE, Phase.PREPARING, VerbAnswer.REFUSED),
        (SignalVerb.RESUME, Phase.TAKING_ALL, VerbAnswer.UNCHANGED),
        (SignalVerb.PROMOTE, Phase.PREPARING, VerbAnswer.UNCHANGED),
        (SignalVerb.PROMOTE, Phase.ROLLING_BACK, VerbAnswer.REFUSED),
        (SignalVerb.PROMOTE, Phase.PROMOTED, VerbAnswer.REFUSED),
    ],
)
def test_a_revert_has_no_step_to_hold_or_skip(verb, phase, answer):
    assert answer_to(verb, phase, reverts="run-0").answer is answer


def test_a_pause_is_accepted_with_the_time_that_is_left():
    reply = answer_to(SignalVerb.PAUSE, steering=Steering(paused_seconds=600.0))
    assert (reply.answer, reply.reason.partition("; ")[2].partition("; ")[2]) == (
        VerbAnswer.ACCEPTED,
        "after 50 more minutes of pause it is rolled back",
    )


def test_a_pause_without_time_left_is_refused():
    reply = answer_to(SignalVerb.PAUSE, steering=Steering(paused_seconds=3600.0))
    assert reply.answer is VerbAnswer.REFUSED
    assert "policy.max_pause_seconds allows 3600 seconds of pause in all, and none are left" in reply.reason


@pytest.mark.parametrize(
    ("steering", "signal"),
    [(Steering(1, pause=Pause(NOON)), None), (None, Signal(1, SignalVerb.PAUSE, NOON))],
    ids=["heard", "waiting for its look"],
)
def test_the_same_verb_twice_changes_nothing(steering, signal):
    assert answer_to(SignalVerb.PAUSE, steering=steering, signal=signal).answer is VerbAnswer.UNCHANGED
    assert answer_to(SignalVerb.RESUME, steering=steering, signal=signal).answer is VerbAnswer.ACCEPTED


def test_resume_without_a_pause_changes_nothing():
    assert answer_to(SignalVerb.RESUME).answer is VerbAnswer.UNCHANGED
    assert (
        answer_to(SignalVerb.RESUME, Phase.TAKING_ALL, signal=Signal(1, SignalVerb.PAUSE, NOON)).answer is VerbAnswer.UNCHANGED
    )


@pytest.mark.parametrize("phase", [Phase.SHIFTING, Phase.PARKED])
def test_a_promotion_is_asked_for_once_unless_more_is_to_be_tolerated(phase):
    steering = Steering(1, promotion=Promotion(NOON, "", ("a",)))
    assert answer_to(SignalVerb.PROMOTE, phase).answer is VerbAnswer.ACCEPTED
    assert answer_to(SignalVerb.PROMOTE, phase, steering=steering).answer is VerbAnswer.UNCHANGED
    assert answer_to(SignalVerb.PROMOTE, phase, steering=steering, tolerated=("a",)).answer is VerbAnswer.UNCHANGED
    assert answer_to(SignalVerb.PROMOTE, phase, steering=steering, tolerated=("b",)).answer is VerbAnswer.ACCEPTED


def test_a_parked_rollout_is_told_what_to_do_instead():
    parked = {"parked_until": NOON + 3600}
    assert "--input" in answer_to(SignalVerb.PROMOTE, Phase.PARKED, **parked).reason
    reply = answer_to(SignalVerb.PAUSE, Phase.PARKED, **parked)
    assert reply.answer is VerbAnswer.REFUSED
    assert reply.reason.startswith("the rollout is parked until ")
    assert answer_to(SignalVerb.PAUSE, Phase.PARKED).reason.startswith("the rollout is parked and takes no step")


def test_one_that_may_not_pause_at_all_is_refused():
    none = replace(POLICY, max_pause_seconds=0)
    reply = reply_to(SignalVerb.PAUSE, replace(rollout(), plan=replace(rollout().plan, policy=none)), None, NOON)
    assert reply.answer is VerbAnswer.REFUSED
