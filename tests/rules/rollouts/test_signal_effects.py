"""What a look hears of operators, and what becomes of the bake's clock."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout, StepState
from canary.rules.rollouts.signal_effects import hear
from canary.rules.rollouts.steering import (
    NOT_STEERED,
    AuthorizerVerb,
    DirectVerb,
    OperatorVerb,
    Pause,
    Promotion,
    Signal,
    SignalVerb,
    Steering,
    Verb,
)
from canary.rules.targets.policy import AfterPause, Progression
from tests.builders import NOON, a_policy, a_rollout

POLICY = a_policy(10, 50, max_pause_seconds=3600)


def baking(policy=POLICY, **changes):
    """A rollout whose first bake began at noon."""
    return a_rollout(policy=policy, phase=Phase.SHIFTING, step=StepState(0, baking_since=NOON), **changes)


def paused(since=NOON + 300, policy=POLICY, **more):
    return baking(policy, steering=Steering(heard=1, pause=Pause(since), **more))


def a_signal(verb, number=2, **more):
    return Signal(number, verb, NOON + 590, **more)


def test_the_functions_of_the_verbs_have_every_verb_once():
    of_rollouts = {*map(str, AuthorizerVerb)} - {AuthorizerVerb.START_BELOW_FLOOR}
    assert sorted([*map(str, OperatorVerb), *of_rollouts]) == sorted(map(str, Verb))


def test_a_verb_waits_for_a_look_or_is_carried_out_at_once():
    assert sorted([*map(str, SignalVerb), *map(str, DirectVerb)]) == sorted(map(str, Verb))
    assert {*map(type, (verb.done_as for verb in OperatorVerb))} == {SignalVerb, DirectVerb}


def test_without_a_signal_nothing_changes():
    assert hear(baking(), None, NOON + 60) == baking()


def test_a_pause_begins_with_the_look_that_hears_it():
    heard = hear(baking(), a_signal(SignalVerb.PAUSE, reason="OPS-1"), NOON + 600)
    assert heard.steering == Steering(heard=2, pause=Pause(NOON + 600, "OPS-1"))
    assert heard.step.baking_since == NOON


def test_a_signal_is_heard_once():
    signal = a_signal(SignalVerb.PAUSE)
    first = hear(baking(), signal, NOON + 600)
    assert hear(first, signal, NOON + 660) == first


def test_a_second_pause_does_not_begin_again():
    assert hear(paused(), a_signal(SignalVerb.PAUSE), NOON + 600).steering.pause == Pause(NOON + 300)


def test_resume_lets_the_bake_go_on_where_it_stood():
    heard = hear(paused(), a_signal(SignalVerb.RESUME), NOON + 600)
    assert heard.steering == Steering(heard=2, paused_seconds=300.0)
    assert heard.step.baking_since == NOON + 300


def test_resume_without_a_pause_changes_nothing():
    heard = hear(baking(), a_signal(SignalVerb.RESUME), NOON + 600)
    assert (heard.steering, heard.step) == (replace(NOT_STEERED, heard=2), baking().step)


def test_a_pause_that_is_heard_before_the_bake_ends_with_the_bake_just_begun():
    heard = hear(replace(paused(), step=StepState(0)), a_signal(SignalVerb.RESUME), NOON + 600)
    assert heard.step.baking_since == NOON + 600


def test_promote_ends_a_pause_and_keeps_what_was_tolerated():
    heard = hear(paused(), a_signal(SignalVerb.PROMOTE, reason="go", tolerated_alarms=("a",)), NOON + 600)
    assert heard.steering == Steering(2, paused_seconds=300.0, promotion=Promotion(NOON + 590, "go", ("a",)))
    assert heard.tolerated_alarms == ("a",)


def test_pause_withdraws_a_promotion_and_its_tolerance():
    promoting = baking(steering=Steering(1, promotion=Promotion(NOON, "go", ("a",))))
    heard = hear(promoting, a_signal(SignalVerb.PAUSE), NOON + 600)
    assert (heard.steering.promotion, heard.tolerated_alarms) == (None, ())


@pytest.mark.parametrize(("after_pause", "is_paused"), [(AfterPause.RESUME, False), (AfterPause.ROLL_BACK, True)])
def test_a_pause_that_lasted_as_long_as_it_may_ends_where_the_policy_resumes(after_pause, is_paused):
    policy = replace(POLICY, after_pause=after_pause)
    assert hear(paused(policy=policy), None, NOON + 300 + 3599).steering.pause
    heard = hear(paused(policy=policy), None, NOON + 300 + 3600)
    assert (heard.steering.pause is not None) is is_paused


def test_all_pauses_of_a_rollout_share_their_time():
    steering = Steering(pause=Pause(NOON), paused_seconds=1800.0)
    assert steering.pause_seconds_left(POLICY, NOON + 600) == 1200
    assert replace(steering, pause=None).pause_seconds_left(POLICY, NOON + 600) == 1800


def test_the_bakes_clock_stands_while_a_rollout_is_paused():
    assert Steering(pause=Pause(NOON)).bake_clock(NOON + 600) == NOON
    assert NOT_STEERED.bake_clock(NOON + 600) == NOON + 600


def test_a_promotion_that_was_asked_for_is_not_parked():
    scheduled = baking(replace(POLICY, progression=Progression.SCHEDULED))
    assert scheduled.is_to_be_parked
    assert not replace(scheduled, steering=Steering(promotion=Promotion(NOON))).is_to_be_parked


def test_what_was_heard_is_kept_in_the_record():
    rollout = paused(promotion=Promotion(NOON, "go", ("a",)), paused_seconds=60.0)
    assert decode(Rollout, encode(rollout)) == rollout
