from dataclasses import replace

import pytest

from canary.rules.looks.alarm_readings import AlarmReading, AlarmState, alarms_against
from canary.rules.looks.findings import Finding
from canary.rules.looks.proof import Moment, Proof
from canary.rules.looks.reasons import LATE_INVOCATIONS_SECONDS
from canary.rules.looks.verdict import Verdict, VerdictKind, decide
from canary.rules.releases.plan import longest_seconds
from canary.rules.targets.policy import WhenUnproven
from tests.builders import NOON, a_policy

BAKE = 900
POLICY = a_policy(10, 50, bake_seconds=BAKE, max_extension_seconds=600)
PROVEN = Proof(judged_minutes=12, requests=700, needed=500, requests_per_minute=60.0)
TOO_LITTLE = replace(PROVEN, requests=200)
SILENT = "business_CheckoutFailed has no data"


def an_alarm(state, *, is_ours=False, name="orders-payment-failures", detail="3 of 3 above 5"):
    return AlarmReading(name, state, is_ours, detail)


def a_verdict(*, policy=POLICY, after=BAKE, step=0, proof=PROVEN, alarms=(), shifted_before=0.0, blind_since=None, **more):
    """The verdict `after` seconds of the step's bake; the first shift was `shifted_before` seconds before that."""
    first_shift = NOON - shifted_before
    moment = Moment(NOON + after, step_index=step, baking_since=NOON, first_shift=first_shift, blind_since=blind_since)
    return decide(policy=policy, moment=moment, proof=proof, alarms=alarms, **more)


def test_rolls_back_what_someone_else_changed():
    verdict = a_verdict(drift=("the stage's variables were changed", "the canary was taken away"))
    assert verdict == Verdict(VerdictKind.ROLL_BACK, "the stage's variables were changed; the canary was taken away")


def test_rolls_back_a_canary_that_the_judge_condemns_whatever_else_is_true():
    condemned = replace(PROVEN, condemned="the canary is worse than base in errors", blind=(SILENT,), is_safe=True)
    verdict = a_verdict(proof=condemned, after=0)
    assert verdict == Verdict(VerdictKind.ROLL_BACK, f"the canary is worse than base in errors; {SILENT}")


@pytest.mark.parametrize("after", [0, BAKE, BAKE * 100])
@pytest.mark.parametrize(
    ("alarm", "reason"),
    [
        (an_alarm(AlarmState.ALARM), "alarm orders-payment-failures is firing: 3 of 3 above 5"),
        (an_alarm(AlarmState.ALARM, is_ours=True), "alarm orders-payment-failures is firing: 3 of 3 above 5"),
    ],
)
def test_rolls_back_when_an_alarm_fires(alarm, reason, after):
    verdict = a_verdict(alarms=(an_alarm(AlarmState.OK, name="calm"), alarm), after=after)
    assert verdict.kind is VerdictKind.ROLL_BACK
    assert verdict.reason.startswith(reason)


def test_an_alarm_that_fired_before_the_start_is_tolerated_while_it_fires_only():
    firing = (an_alarm(AlarmState.ALARM),)
    assert alarms_against(firing, ("orders-payment-failures",)) is None
    assert alarms_against((an_alarm(AlarmState.GONE),), ("orders-payment-failures",))
    assert alarms_against((an_alarm(AlarmState.BROKEN),), ("orders-payment-failures",))
    assert a_verdict(alarms=firing, tolerated=("orders-payment-failures",)).kind is VerdictKind.ADVANCE


def test_bakes_on_until_the_time_is_over():
    verdict = a_verdict(after=BAKE - 16)
    assert verdict == Verdict(VerdictKind.CONTINUE, "12 judged minutes and 700 canary requests at 10 %, 0 min of the bake left")
    assert a_verdict(after=BAKE).kind is VerdictKind.ADVANCE


def test_a_look_a_few_seconds_before_the_end_of_the_bake_ends_it():
    assert a_verdict(after=BAKE - 15).kind is VerdictKind.ADVANCE


def test_advances_when_the_bake_is_over_and_enough_was_judged():
    reason = "no worse than base over 12 judged minutes and 700 canary requests at 10 %"
    assert a_verdict() == Verdict(VerdictKind.ADVANCE, reason)


def test_promotes_after_the_last_step():
    reason = "no worse than base over 12 judged minutes and 700 canary requests at 50 %"
    assert a_verdict(step=1) == Verdict(VerdictKind.PROMOTE, reason)


def test_a_promotion_waits_for_its_time():
    policy = replace(POLICY, not_before_seconds=1800)
    early = a_verdict(policy=policy, step=1, shifted_before=300)
    assert early.kind is VerdictKind.HOLD
    assert early.reason.endswith("at 50 %; promotion not before 10 min from now")
    assert a_verdict(policy=policy, step=1, shifted_before=900).kind is VerdictKind.PROMOTE
    assert a_verdict(policy=policy, step=0, shifted_before=300).kind is VerdictKind.ADVANCE


class TestBlindness:
    blind = replace(PROVEN, blind=(SILENT, "the stage has no access log"), is_safe=True)

    @pytest.mark.parametrize("after", [0, BAKE, BAKE * 100])
    def test_holds_at_once_by_the_name_of_what_cannot_be_seen(self, after):
        verdict = a_verdict(proof=self.blind, after=after)
        reason = f"{SILENT}; the stage has no access log; the rollout is rolled back in 10 min if this lasts"
        assert verdict == Verdict(VerdictKind.HOLD, reason)

    def test_goes_back_when_it_has_lasted_for_as_long_as_the_policy_allows(self):
        holding = a_verdict(proof=self.blind, blind_since=NOON + BAKE - 599)
        assert holding.kind is VerdictKind.HOLD
        verdict = a_verdict(proof=self.blind, blind_since=NOON + BAKE - 600)
        assert verdict.kind is VerdictKind.ROLL_BACK
        assert verdict.reason.endswith("; this has lasted for 10 min and policy.max_blind_seconds allows 10 min")

    @pytest.mark.parametrize("when_unproven", list(WhenUnproven))
    def test_never_promotes_on_what_cannot_be_seen(self, when_unproven):
        policy = replace(POLICY, when_unproven=when_unproven, early_advance=True)
        assert a_verdict(proof=self.blind, policy=policy, after=BAKE * 100, step=1).kind is VerdictKind.HOLD

    def test_is_named_beside_a_firing_alarm(self):
        verdict = a_verdict(proof=self.blind, alarms=(an_alarm(AlarmState.ALARM),))
        assert verdict.kind is VerdictKind.ROLL_BACK
        assert SILENT in verdict.reason


class TestInvocations:
    def test_requests_that_ran_no_code_of_the_release_prove_nothing(self):
        verdict = a_verdict(proof=replace(PROVEN, invoked=499))
        assert verdict.kind is VerdictKind.HOLD
        assert verdict.reason == (
            "Lambda ran the canary's functions 499 times in this step where 500 are needed; "
            "its 700 requests were answered without them"
        )
        assert a_verdict(proof=replace(PROVEN, invoked=500)).kind is VerdictKind.ADVANCE

    def test_a_canary_whose_code_never_ran_is_not_promoted_for_want_of_proof(self):
        policy = replace(POLICY, when_unproven=WhenUnproven.PROMOTE)
        after = BAKE + POLICY.max_extension_seconds + LATE_INVOCATIONS_SECONDS
        assert a_verdict(policy=policy, proof=replace(PROVEN, invoked=0), after=after).kind is VerdictKind.HOLD
        assert a_verdict(policy=policy, proof=replace(PROVEN, invoked=1), after=after).kind is VerdictKind.ADVANCE

    def test_invocations_may_be_told_later_than_requests(self):
        policy = replace(POLICY, when_unproven=WhenUnproven.ROLL_BACK)
        late = replace(PROVEN, invoked=67)
        end = BAKE + POLICY.max_extension_seconds + LATE_INVOCATIONS_SECONDS
        assert a_verdict(policy=policy, proof=late, after=end - 1).kind is VerdictKind.HOLD
        assert a_verdict(policy=policy, proof=late, after=end).kind is VerdictKind.ROLL_BACK

    def test_a_step_does_not_end_early_on_answers_without_its_code(self):
        policy = replace(POLICY, early_advance=True, min_requests=50)
        safe = replace(PROVEN, is_safe=True)
        assert a_verdict(policy=policy, proof=replace(safe, invoked=49), after=60).kind is VerdictKind.CONTINUE
        assert a_verdict(policy=policy, proof=replace(safe, invoked=50), after=60).kind is VerdictKind.ADVANCE


class TestSentence:
    seen = replace(
        PROVEN,
        compared="3 of 700 canary requests (0.43 %) failed, 20 of 6,300 of base (0.32 %)",
        findings={"errors": Finding.NOT_WORSE, "slow_p99": Finding.NOT_JUDGED},
        notes=("outside the rollout: /legacy/*",),
    )

    def test_has_the_numbers_and_what_each_metric_has_shown(self):
        assert a_verdict(proof=self.seen).reason == (
            "no worse than base over 12 judged minutes and 700 canary requests at 10 %: "
            "3 of 700 canary requests (0.43 %) failed, 20 of 6,300 of base (0.32 %); "
            "not worse: errors; not judged: slow_p99; outside the rollout: /legacy/*"
        )

    def test_of_a_rollback_says_what_the_other_metrics_have_shown(self):
        condemned = replace(self.seen, condemned="the canary is worse", findings={"errors": Finding.WORSE})
        assert a_verdict(proof=condemned).reason == "the canary is worse; worse: errors; outside the rollout: /legacy/*"

    def test_of_a_parked_rollout_says_them_too(self):
        verdict = a_verdict(proof=replace(self.seen, requests=200))
        assert verdict.reason.endswith("; not worse: errors; not judged: slow_p99; outside the rollout: /legacy/*")


def test_holds_while_an_alarm_of_the_users_has_no_data():
    silent = (an_alarm(AlarmState.INSUFFICIENT_DATA),)
    assert a_verdict(alarms=silent) == Verdict(VerdictKind.HOLD, "alarm orders-payment-failures has no data")
    assert a_verdict(alarms=silent, after=0).kind is VerdictKind.CONTINUE


def test_our_own_alarms_may_be_without_data():
    silent = (an_alarm(AlarmState.INSUFFICIENT_DATA, is_ours=True), an_alarm(AlarmState.OK))
    assert a_verdict(alarms=silent).kind is VerdictKind.ADVANCE


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        (replace(TOO_LITTLE, judged_minutes=0), "no minute of this step has been judged yet"),
        (
            replace(TOO_LITTLE, judged_minutes=0, silent_minutes=7),
            "no minute of this step has been judged yet: the canary had no request in 7 minutes",
        ),
        (TOO_LITTLE, "300 more canary requests needed, about 5 min at 60.0 per minute"),
        (replace(TOO_LITTLE, requests_per_minute=0.0), "300 more canary requests needed and none are arriving"),
    ],
)
def test_holds_for_proof_and_says_how_much_is_missing(proof, reason):
    assert a_verdict(proof=proof) == Verdict(VerdictKind.HOLD, reason)


def test_no_data_is_never_proof_even_where_none_is_needed():
    unproven = Proof(judged_minutes=0, requests=0, needed=0)
    assert a_verdict(proof=unproven).kind is VerdictKind.HOLD
    assert a_verdict(proof=unproven, policy=replace(POLICY, early_advance=True), after=0).kind is VerdictKind.CONTINUE


class TestEarlyAdvance:
    policy = replace(POLICY, early_advance=True)
    safe = replace(PROVEN, is_safe=True)

    def test_goes_on_early_when_the_canary_is_safe_enough(self):
        verdict = a_verdict(policy=self.policy, proof=self.safe, after=60)
        assert verdict.kind is VerdictKind.ADVANCE
        assert verdict.reason == "safe enough to go on after 12 judged minutes and 700 canary requests"

    def test_promotes_early_after_the_last_step(self):
        assert a_verdict(policy=self.policy, proof=self.safe, after=60, step=1).kind is VerdictKind.PROMOTE

    @pytest.mark.parametrize(
        "changes",
        [
            {"policy": POLICY},
            {"proof": PROVEN},
            {"proof": replace(safe, judged_minutes=0)},
            {"alarms": (an_alarm(AlarmState.INSUFFICIENT_DATA),)},
        ],
        ids=["policy", "not safe", "nothing judged", "a silent alarm"],
    )
    def test_bakes_on_where_anything_is_missing_for_it(self, changes):
        verdict = a_verdict(**{"policy": self.policy, "proof": self.safe, "after": 60, **changes})
        assert verdict.kind is VerdictKind.CONTINUE


class TestOutOfPatience:
    over = BAKE + 600

    def test_holds_to_the_end_of_the_extension_whatever_the_policy_says_then(self):
        policy = replace(POLICY, when_unproven=WhenUnproven.ROLL_BACK)
        assert a_verdict(policy=policy, proof=TOO_LITTLE, after=self.over - 1).kind is VerdictKind.HOLD

    @pytest.mark.parametrize(
        ("when_unproven", "kind", "reason"),
        [
            (WhenUnproven.HOLD, VerdictKind.HOLD, "the extension of 10 min is used up"),
            (WhenUnproven.ROLL_BACK, VerdictKind.ROLL_BACK, "is used up and when_unproven is roll_back"),
            (WhenUnproven.PROMOTE, VerdictKind.ADVANCE, "is used up and when_unproven is promote"),
        ],
    )
    def test_does_what_the_policy_says(self, when_unproven, kind, reason):
        verdict = a_verdict(policy=replace(POLICY, when_unproven=when_unproven), proof=TOO_LITTLE, after=self.over)
        assert verdict.kind is kind
        assert verdict.reason.startswith("300 more canary requests needed")
        assert verdict.reason.endswith(reason)

    @pytest.mark.parametrize("step", [0, 1])
    def test_promotes_nothing_of_which_no_minute_was_judged(self, step):
        policy = replace(POLICY, when_unproven=WhenUnproven.PROMOTE)
        unseen = replace(TOO_LITTLE, judged_minutes=0)
        assert a_verdict(policy=policy, proof=unseen, after=self.over, step=step).kind is VerdictKind.HOLD

    @pytest.mark.parametrize(
        ("when_unproven", "proof"),
        [(WhenUnproven.HOLD, TOO_LITTLE), (WhenUnproven.PROMOTE, replace(TOO_LITTLE, judged_minutes=0))],
    )
    def test_rolls_back_what_was_held_for_longer_than_any_rollout_may_take(self, when_unproven, proof):
        policy = replace(POLICY, when_unproven=when_unproven)
        longest = longest_seconds(policy)
        assert a_verdict(policy=policy, proof=proof, after=longest - 1).kind is VerdictKind.HOLD
        verdict = a_verdict(policy=policy, proof=proof, after=longest)
        assert verdict.kind is VerdictKind.ROLL_BACK
        assert verdict.reason.endswith("the extension of 10 min is used up, and so is the time that a rollout may take")


BEHIND = replace(PROVEN, behind=90)
STILL = Verdict(VerdictKind.CONTINUE, "90 complete minutes are still to be judged by the next looks")


@pytest.mark.parametrize("proof", [BEHIND, replace(BEHIND, requests=0), replace(BEHIND, is_safe=True)])
def test_while_complete_minutes_are_not_judged_yet_no_step_ends_and_no_patience(proof):
    assert a_verdict(proof=proof) == STILL
    assert a_verdict(proof=proof, after=BAKE * 100) == STILL


def test_what_speaks_against_the_canary_does_not_wait_for_the_minutes_that_are_left():
    assert a_verdict(proof=BEHIND, alarms=(an_alarm(AlarmState.ALARM),)).kind is VerdictKind.ROLL_BACK
    assert a_verdict(proof=replace(BEHIND, condemned="worse")).kind is VerdictKind.ROLL_BACK
    assert a_verdict(proof=replace(BEHIND, blind=(SILENT,))).kind is VerdictKind.HOLD


class TestSuspicion:
    SUSPICIOUS = replace(PROVEN, suspicion="the evidence leans against the canary (E 23, the bar is 100)")

    @pytest.mark.parametrize("after", [BAKE, BAKE + 584])
    def test_makes_a_step_wait_within_its_extension(self, after):
        verdict = a_verdict(proof=self.SUSPICIOUS, after=after)
        assert verdict.kind is VerdictKind.HOLD
        assert verdict.reason.startswith(f"more evidence is needed: {self.SUSPICIOUS.suspicion} over 12 judged minutes")

    def test_rolls_nothing_back_and_is_said_when_the_extension_is_used_up(self):
        verdict = a_verdict(proof=self.SUSPICIOUS, after=BAKE + 585)
        assert verdict.kind is VerdictKind.ADVANCE
        assert verdict.reason == (
            "not shown to be worse than base over 12 judged minutes and 700 canary requests at 10 %, "
            f"but {self.SUSPICIOUS.suspicion}; the extension of 10 min is used up"
        )

    def test_what_an_outage_hides_is_unproven_when_the_extension_is_used_up(self):
        hidden = replace(PROVEN, hidden="base fails far more often than in its history, and the canary more often than base")
        assert a_verdict(proof=hidden, after=BAKE).kind is VerdictKind.HOLD
        for policy, kind in (
            (replace(POLICY, when_unproven=WhenUnproven.ROLL_BACK), VerdictKind.ROLL_BACK),
            (replace(POLICY, when_unproven=WhenUnproven.HOLD), VerdictKind.HOLD),
        ):
            verdict = a_verdict(policy=policy, proof=hidden, after=BAKE + 605)
            assert (verdict.kind, verdict.reason.startswith(str(hidden.hidden))) == (kind, True)

    def test_a_canary_that_may_be_warming_up_holds_its_step_whatever_the_extension(self):
        cold = replace(PROVEN, cold="the canary is slower than base and may still be warming up", is_safe=True)
        for policy in (POLICY, replace(POLICY, max_extension_seconds=0, when_unproven=WhenUnproven.ROLL_BACK)):
            verdict = a_verdict(policy=policy, proof=cold, after=BAKE)
            assert (verdict.kind, verdict.reason.startswith(str(cold.cold))) == (VerdictKind.HOLD, True)
        early = replace(POLICY, early_advance=True)
        assert a_verdict(policy=early, proof=cold, after=120).kind is VerdictKind.CONTINUE

    def test_lets_no_step_end_early(self):
        early = replace(POLICY, early_advance=True)
        safe = replace(PROVEN, is_safe=True)
        assert a_verdict(policy=early, proof=safe, after=60).kind is VerdictKind.ADVANCE
        assert a_verdict(policy=early, proof=replace(self.SUSPICIOUS, is_safe=True), after=60).kind is VerdictKind.CONTINUE
