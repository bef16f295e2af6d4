"""Verdicts and waits of a rollout that an operator has paused, or wants promoted."""

from dataclasses import replace

import pytest

from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.looks.look_schedule import next_look_seconds, waiting_since
from canary.rules.looks.proof import Moment, Proof
from canary.rules.looks.verdict import VerdictKind, decide
from canary.rules.releases.plan import longest_seconds
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.signal_effects import hear
from canary.rules.rollouts.steering import NOT_STEERED, Pause, Promotion, Signal, SignalVerb, Steering
from canary.rules.targets.policy import AfterPause, WhenUnproven
from tests.builders import NOON, a_policy, a_rollout

BAKE = 900
POLICY = a_policy(10, 50, bake_seconds=BAKE, max_extension_seconds=600, max_pause_seconds=7200)
PROVEN = Proof(judged_minutes=12, requests=700, needed=500, requests_per_minute=60.0)
PAUSED = Steering(pause=Pause(NOON + 60, "OPS-1"))
PROMOTING = Steering(promotion=Promotion(NOON, "OPS-2", ("orders-payment-failures",)))
FIRING = (AlarmReading("orders-payment-failures", AlarmState.ALARM, is_ours=False),)


def a_verdict(steering, *, after=BAKE, proof=PROVEN, policy=POLICY, first_shift=NOON, **more):
    moment = Moment(NOON + after, step_index=0, baking_since=NOON, first_shift=first_shift, steering=steering)
    return decide(policy=policy, moment=moment, proof=proof, alarms=more.pop("alarms", ()), **more)


def test_what_was_judged_is_counted_in_plain_words():
    verdict = a_verdict(PAUSED, proof=replace(PROVEN, judged_minutes=1, requests=1_193))
    assert verdict.reason.endswith("; 1 judged minute and 1,193 canary requests")
    resuming = a_verdict(PAUSED, policy=replace(POLICY, after_pause=AfterPause.RESUME))
    assert "; in 106 min it goes on; " in resuming.reason


def test_a_paused_rollout_holds_beyond_its_bake_and_says_how_long():
    verdict = a_verdict(PAUSED)
    assert verdict.kind is VerdictKind.HOLD
    assert (
        verdict.reason
        == "paused by an operator (OPS-1); in 106 min it is rolled back; 12 judged minutes and 700 canary requests"
    )
    assert a_verdict(Steering(pause=Pause(NOON))).reason.startswith("paused by an operator; ")


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"alarms": FIRING}, VerdictKind.ROLL_BACK),
        ({"proof": replace(PROVEN, condemned="the canary is worse")}, VerdictKind.ROLL_BACK),
        ({"drift": ("the stage was changed",)}, VerdictKind.ROLL_BACK),
        ({"proof": replace(PROVEN, blind=("errors has no data",))}, VerdictKind.HOLD),
    ],
)
@pytest.mark.parametrize("steering", [PAUSED, Steering(promotion=Promotion(NOON))])
def test_every_veto_stays_whatever_an_operator_wants(more, kind, steering):
    verdict = a_verdict(steering, **more)
    assert verdict.kind is kind
    assert "operator" not in verdict.reason


def test_a_pause_that_lasted_as_long_as_it_may_rolls_back():
    assert a_verdict(PAUSED, after=60 + 7199).kind is VerdictKind.HOLD
    verdict = a_verdict(PAUSED, after=60 + 7200)
    assert verdict.kind is VerdictKind.ROLL_BACK
    assert "paused for the 120 min that policy.max_pause_seconds allows" in verdict.reason


def test_a_promotion_that_was_asked_for_skips_the_steps_and_says_what_it_tolerates():
    verdict = a_verdict(PROMOTING, after=60, alarms=FIRING, tolerated=("orders-payment-failures",))
    assert verdict.kind is VerdictKind.PROMOTE
    assert verdict.reason == (
        "promoted by an operator (OPS-2) after 12 judged minutes and 700 canary requests at 10 %; "
        "tolerated: orders-payment-failures"
    )
    plain = a_verdict(Steering(promotion=Promotion(NOON)), after=60)
    assert plain.reason == "promoted by an operator after 12 judged minutes and 700 canary requests at 10 %"


@pytest.mark.parametrize(
    ("proof", "waits_for"),
    [
        (replace(PROVEN, judged_minutes=0, requests=0), "a judged minute at this weight"),
        (replace(PROVEN, invoked=0), "requests that the release's code answers"),
    ],
)
@pytest.mark.parametrize(("after", "kind"), [(60, VerdictKind.CONTINUE), (BAKE, VerdictKind.HOLD)])
def test_a_promotion_waits_for_a_judged_minute_that_the_release_answered_and_says_so(proof, waits_for, after, kind):
    verdict = a_verdict(PROMOTING, after=after, proof=proof)
    assert verdict.kind is kind
    assert verdict.reason.endswith(f"; the promotion that an operator asked for (OPS-2) waits for {waits_for}")


def test_a_rollback_says_nothing_of_a_promotion_that_never_came():
    policy = replace(POLICY, when_unproven=WhenUnproven.ROLL_BACK)
    verdict = a_verdict(PROMOTING, after=BAKE + 3600, proof=replace(PROVEN, judged_minutes=0, requests=0), policy=policy)
    assert verdict.kind is VerdictKind.ROLL_BACK
    assert "operator" not in verdict.reason


def test_paused_time_does_not_use_up_the_time_that_a_rollout_may_take():
    proof, longest = replace(PROVEN, requests=1), longest_seconds(POLICY)
    assert a_verdict(NOT_STEERED, after=longest, proof=proof).kind is VerdictKind.ROLL_BACK
    assert a_verdict(Steering(paused_seconds=60.0), after=longest, proof=proof).kind is VerdictKind.HOLD


def last_step(**changes):
    """A rollout whose last bake is about to end."""
    return a_rollout(
        policy=replace(POLICY, metric_delay_seconds=120),
        phase=Phase.SHIFTING,
        step=StepState(1, baking_since=NOON),
        first_shift=NOON - BAKE,
        **changes,
    )


def test_a_paused_rollout_is_looked_at_each_minute_and_for_no_promotion():
    now = NOON + BAKE - 40
    assert next_look_seconds(last_step(), now) == 40
    assert next_look_seconds(last_step(steering=PAUSED), now) == 41


def test_a_paused_rollout_waits_once_its_planned_bake_is_over_until_it_is_resumed():
    later = NOON + BAKE + 600
    assert waiting_since(last_step(), VerdictKind.HOLD, later) == later
    assert waiting_since(last_step(steering=PAUSED), VerdictKind.HOLD, NOON + BAKE) is None
    assert waiting_since(last_step(steering=PAUSED), VerdictKind.HOLD, later) == later
    resumed = hear(last_step(steering=PAUSED, waiting_since=later), Signal(1, SignalVerb.RESUME, later), later)
    assert waiting_since(resumed, VerdictKind.CONTINUE, later) is None
