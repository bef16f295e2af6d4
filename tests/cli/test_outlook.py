"""What a rollout waits for and what comes next, from its record alone."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.steering import Pause, Promotion, Steering
from canary.rules.targets.policy import AfterPause
from canary_cli.outlook import Paused, next_of, pause_of, waiting_of
from tests.builders import NOON, a_policy, a_rollout

POLICY = a_policy(10, 50, max_pause_seconds=7200)
PAUSED = Steering(pause=Pause(NOON + 60, "OPS-1"), paused_seconds=600.0)
PROMOTING = Steering(promotion=Promotion(NOON + 60, "OPS-2"))


def baking(policy=POLICY, **changes):
    step = StepState(index=0, baking_since=NOON)
    return a_rollout(policy=policy, **{"phase": Phase.SHIFTING, "step": step, "first_shift": NOON, **changes})


def test_a_pause_says_since_when_how_long_and_what_follows():
    now = NOON + 660
    paused = pause_of(baking(steering=PAUSED), now)

    assert paused == Paused(NOON + 60, NOON + 60 + 7200 - 600, "roll_back", "OPS-1")
    assert pause_of(baking(steering=PAUSED), NOON + 99_999).paused_until == NOON + 99_999
    assert pause_of(baking(), now) is None


@pytest.mark.parametrize(
    ("after", "what"), [(AfterPause.ROLL_BACK, "the rollout is rolled back"), (AfterPause.RESUME, "the bake goes on")]
)
def test_what_follows_a_pause_is_next(after, what):
    following = next_of(baking(replace(POLICY, after_pause=after), steering=PAUSED), NOON + 660)

    assert following.what == f"{what}, unless canary resume comes before; looks go on meanwhile"
    assert following.due_at == NOON + 60 + 6600


def test_a_promotion_that_was_asked_for_is_what_the_rollout_waits_for():
    waiting = waiting_of(baking(steering=PROMOTING), None, NOON + 120)

    assert (waiting.waits_for, waiting.seconds) == ("a judged minute at the present weight, to be promoted as asked", 60)
    assert (
        "promotes once a minute at the present weight has been judged" in next_of(baking(steering=PROMOTING), NOON + 120).what
    )


def test_a_parked_rollout_is_promoted_by_its_advance_if_that_was_asked_for():
    parked = baking(phase=Phase.PARKED, parked_since=NOON, parked_until=NOON + 3600, steering=PROMOTING)

    assert "canary advance promotes the release" in next_of(parked, NOON + 60).what
