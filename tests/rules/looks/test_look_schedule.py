"""When the next look takes place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.looks.look_schedule import (
    is_calm,
    longest_interval,
    look_interval,
    next_look_seconds,
    promotion_due,
    seconds_to_look,
    usual_looks,
    usual_watch_looks,
    waiting_since,
)
from canary.rules.looks.proof import NEARLY_SECONDS, Proof
from canary.rules.looks.verdict import VerdictKind
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.policy import STANDARD, Step
from tests.builders import NOON, a_policy, a_rollout

POLICY = a_policy(10, 50)


def wait(now, *, look_seconds=60, delay=120, due=None):
    policy = replace(POLICY, metric_delay_seconds=delay)
    return seconds_to_look(policy, now=now, look_seconds=look_seconds, promotion_due=due)


@pytest.mark.parametrize(
    ("second", "expected"), [(0.0, 1), (0.5, 1), (1.0, 60), (1.2, 60), (2.0, 59), (30.0, 31), (59.0, 2), (59.9, 2)]
)
def test_a_look_comes_a_second_after_a_minute_became_complete(second: float, expected: int):
    assert wait(NOON + second) == expected


def test_minutes_become_complete_when_the_metrics_are_in():
    assert wait(NOON + 30, delay=90) == 1
    assert wait(NOON + 31, delay=90) == 60


def test_looks_further_apart_come_after_a_minute_became_complete_too():
    assert wait(NOON + 1, look_seconds=300) == 300
    assert wait(NOON + 20, look_seconds=300) == 281
    assert wait(NOON, look_seconds=300) == 241


@given(second=st.floats(0.0, 3600.0), looks=st.sampled_from([60, 120, 900, 3600]), delay=st.integers(0, 900))
def test_no_look_is_later_than_the_interval_or_at_once(second: float, looks: int, delay: int):
    now = NOON + second
    seconds = wait(now, look_seconds=looks, delay=delay)
    assert max(looks - 60, 1) <= seconds <= looks
    assert (now + seconds - delay - 1) % 60 < 1.0 or seconds == 1


def test_a_promotion_that_is_due_is_not_kept_waiting_for_the_next_minute():
    assert wait(NOON + 1, due=NOON + 20.5) == 20
    assert wait(NOON + 1, due=NOON + 90) == 60
    assert wait(NOON + 1, due=NOON - 90) == 60


def test_a_promotion_is_due_after_the_last_bake_and_not_before_its_time():
    bake = POLICY.steps[1].bake_seconds
    assert promotion_due(POLICY, 0, baking_since=NOON, first_shift=NOON) is None
    assert promotion_due(POLICY, 1, baking_since=NOON, first_shift=NOON - 300) == NOON + bake
    later = replace(POLICY, not_before_seconds=bake + 900)
    assert promotion_due(later, 1, baking_since=NOON, first_shift=NOON - 300) == NOON + bake + 600


def test_a_rollout_waits_for_its_next_minute_whether_or_not_its_bake_has_begun():
    rollout = a_rollout(policy=POLICY, phase=Phase.SHIFTING, step=StepState(index=0), shifts=(NOON,))
    begun = replace(rollout, step=StepState(index=1, baking_since=NOON), first_shift=NOON)
    end = NOON + POLICY.steps[1].bake_seconds
    assert next_look_seconds(rollout, NOON + 7) == 54
    assert next_look_seconds(begun, end - 30) == 30


class TestRareLooks:
    """While nothing speaks against the release, the next look comes after two minutes, from the fifth minute of a step on."""

    baking = a_rollout(
        policy=POLICY, phase=Phase.SHIFTING, step=StepState(index=0, baking_since=NOON), first_shift=NOON, is_calm=True
    )
    end = NOON + POLICY.steps[0].bake_seconds

    @pytest.mark.parametrize(("after", "seconds"), [(1, 60), (181, 60), (239, 2), (241, 120), (270, 91), (721, 120)])
    def test_they_come_from_the_fifth_minute_on(self, after, seconds):
        assert next_look_seconds(self.baking, NOON + after) == seconds

    def test_each_minute_is_looked_at_after_a_look_that_found_something(self):
        assert next_look_seconds(replace(self.baking, is_calm=False), NOON + 481) == 60

    def test_the_first_minute_that_ends_the_step_is_looked_at(self):
        begun = self.baking
        for second in (0.0, 0.5, 20.0, 44.9, 45.0, 46.0, 59.0):
            rollout = replace(begun, step=StepState(index=0, baking_since=NOON + second))
            now, looks = NOON + second + 241, []
            while now + NEARLY_SECONDS < self.end + second:
                now += next_look_seconds(rollout, now)
                looks.append(now)
            minutely = replace(rollout, is_calm=False)
            same = NOON + second + 241
            while same + NEARLY_SECONDS < self.end + second:
                same += next_look_seconds(minutely, same)
            assert now == same
            assert len(looks) <= 7

    def test_a_policy_may_ask_for_each_minute(self):
        policy = replace(POLICY, calm_look_seconds=60)
        assert next_look_seconds(replace(self.baking, plan=replace(self.baking.plan, policy=policy)), NOON + 481) == 60
        assert longest_interval(policy, 60) == 60

    def test_a_step_that_may_end_early_has_each_minute(self):
        policy = replace(POLICY, early_advance=True)
        assert next_look_seconds(replace(self.baking, plan=replace(self.baking.plan, policy=policy)), NOON + 481) == 60

    def test_looks_that_are_rarer_anyway_stay_as_they_are(self):
        assert look_interval(POLICY, 300, baked_seconds=400, is_calm=True) == 300
        assert longest_interval(POLICY, 300) == 300

    def test_a_step_of_less_than_five_minutes_knows_no_rarer_looks(self):
        short = replace(STANDARD, steps=(Step(Decimal(25), 240),))
        assert (longest_interval(short, 60), usual_looks(short, 60, 240)) == (60, 5)
        assert longest_interval(STANDARD, 60) == 120

    def test_a_revert_has_no_steps(self):
        assert longest_interval(replace(STANDARD, steps=()), 60) == 60

    @pytest.mark.parametrize(("verdict", "calm"), [(kind, kind is VerdictKind.CONTINUE) for kind in VerdictKind])
    def test_only_a_step_that_goes_on_is_calm(self, verdict, calm):
        proof = Proof(judged_minutes=7, requests=420, needed=50)
        assert is_calm(verdict, self.evidence(bad=0), proof, before=0.0) is calm
        assert not is_calm(verdict, self.evidence(bad=8), proof, before=9.0)

    @pytest.mark.parametrize("why", ["suspicion", "hidden", "cold"])
    def test_a_step_that_would_wait_for_more_is_not_calm(self, why):
        proof = replace(Proof(judged_minutes=7, requests=420, needed=50), **{why: "more must be seen"})
        assert not is_calm(VerdictKind.CONTINUE, self.evidence(bad=0), proof, before=0.0)

    def test_evidence_that_has_risen_is_not_calm_although_it_is_below_1(self):
        proof, evidence = Proof(judged_minutes=7, requests=420, needed=50), self.evidence(bad=0)
        assert not is_calm(VerdictKind.CONTINUE, evidence, proof, before=evidence.log_strength - 0.01)
        assert is_calm(VerdictKind.CONTINUE, evidence, proof, before=evidence.log_strength)

    def test_a_step_without_a_judged_minute_is_not_calm(self):
        proof = Proof(judged_minutes=0, requests=0, needed=50)
        assert not is_calm(VerdictKind.CONTINUE, self.evidence(bad=0), proof, before=0.0)

    @pytest.mark.parametrize(("said", "interval"), [(60, 60), (100, 60), (120, 120), (179, 120), (900, 900)])
    def test_looks_are_whole_minutes_apart(self, said, interval):
        policy = replace(POLICY, calm_look_seconds=said)
        assert longest_interval(policy, 60) == interval
        assert seconds_to_look(policy, now=NOON + 361, look_seconds=interval, promotion_due=None) == interval

    def test_nor_is_one_whose_alarm_cannot_tell(self):
        proof = Proof(judged_minutes=7, requests=420, needed=50)
        silent = AlarmReading("payments", AlarmState.INSUFFICIENT_DATA, is_ours=False)
        assert not is_calm(VerdictKind.CONTINUE, self.evidence(bad=0), proof, before=0.0, alarms=(silent,))

    def evidence(self, *, bad):
        families = {"errors": Family.ERRORS}
        before = begin_evidence({"errors": [(600, 6)] * 60}, families=families, stakes={"errors": 1.0}, alpha=0.01)
        return judge.fold(before, {"errors": Counts(60, bad, 540, 5)})

    def test_the_looks_of_a_step_are_foreseen(self):
        assert usual_looks(STANDARD, 60, 900) == 4 + 6 + 1
        assert usual_looks(STANDARD, 60, 300) == 4 + 1 + 1
        assert usual_looks(replace(STANDARD, calm_look_seconds=60), 60, 900) == 16
        assert usual_watch_looks(STANDARD, 60) == 11
        assert usual_watch_looks(replace(STANDARD, calm_look_seconds=60), 60) == 16
        assert usual_watch_looks(replace(STANDARD, watch_seconds=0), 60) == 0


class TestWaiting:
    """A step that waits beyond its bake of fifteen minutes; the numbers of its last minute arrive three minutes later."""

    baking = a_rollout(step=StepState(index=0, baking_since=NOON), waiting_since=None)

    @pytest.mark.parametrize("verdict", [VerdictKind.HOLD, VerdictKind.CONTINUE])
    def test_a_step_waits_from_the_first_look_at_all_of_its_bake_on(self, verdict):
        assert waiting_since(self.baking, verdict, NOON + 1064) is None
        assert waiting_since(self.baking, verdict, NOON + 1065) == NOON + 1065
        assert waiting_since(replace(self.baking, waiting_since=NOON + 1065), verdict, NOON + 1125) == NOON + 1065

    @pytest.mark.parametrize("verdict", [VerdictKind.ADVANCE, VerdictKind.PROMOTE, VerdictKind.ROLL_BACK])
    def test_a_step_that_is_over_waits_no_longer(self, verdict):
        assert waiting_since(replace(self.baking, waiting_since=NOON + 900), verdict, NOON + 945) is None

    def test_a_step_that_does_not_bake_yet_does_not_wait(self):
        assert waiting_since(a_rollout(), VerdictKind.HOLD, NOON + 9000) is None
