from dataclasses import replace
from math import log

import pytest

from canary.rules.judging.counts import RawCounts
from canary.rules.judging.habit import Habit
from canary.rules.judging.outage import OUTAGE_WAITS
from canary.rules.looks.findings import Finding
from canary.rules.looks.folding import fold_minutes
from canary.rules.looks.proof import Moment, find_hidden, find_suspicion, format_e, moment_of, prove
from canary.rules.releases.release import Expectation
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.targets.target import BusinessMetric, Metrics, Outside, OutsideRoute
from tests.builders import NOON, a_policy, a_target
from tests.rules.looks.test_folding import BROKEN, CALM, DELAY, ERRORS, SILENT, START, a_baking, evidence_of, fold, minutes

AT_THE_END = NOON + 900
CHECKOUT = "business_CheckoutFailed"
ORDERS = a_target(metrics=Metrics(slow=(), business=(BusinessMetric("CheckoutFailed", "Orders"),)))


def proof_of(folded, *, now=NOON + 300, **more):
    return prove(folded.rollout, folded.evidence, now=now, **more)


def a_business_rollout(**changes):
    habits = {CHECKOUT: Habit(per_request=0.1, clustered=1.0, is_heard=True)}
    return a_baking(target=ORDERS, habits=habits, **changes)


def fold_both(*pairs, rollout=None):
    """Minutes of errors together with the business metric's counts; None for none."""
    counts = {
        START + 60 * index: {"errors": errors, **({CHECKOUT: checkout} if checkout else {})}
        for index, (errors, checkout) in enumerate(pairs)
    }
    evidence = evidence_of("errors", CHECKOUT)
    return fold_minutes(rollout or a_business_rollout(), evidence, counts, NOON + 60 * len(pairs) + DELAY)


class TestProof:
    def test_rests_on_the_steps_own_minutes(self):
        proof = proof_of(fold(CALM, CALM, SILENT, CALM))
        assert (proof.judged_minutes, proof.requests, proof.needed) == (2, 120, 500)
        assert proof.requests_per_minute == 40
        assert (proof.condemned, proof.blind, proof.is_safe) == (None, (), False)

    def test_knows_no_rate_before_the_first_minute(self):
        assert prove(a_baking(), ERRORS, now=NOON).requests_per_minute == 0

    def test_says_when_the_canary_is_safe_enough(self):
        assert proof_of(fold(*[RawCounts(nc=6000, ec=0, nb=6000, eb=20)] * 12)).is_safe

    def test_passes_on_what_the_instruments_and_the_stage_say(self):
        proof = proof_of(fold(CALM, CALM), faults=("the filter is gone",), notes=("a variable was added",))
        assert proof.blind == ("the filter is gone",)
        assert proof.notes[0] == "a variable was added"

    def test_does_not_claim_effects_that_were_not_looked_for(self):
        assert proof_of(fold(CALM)).notes == ("an error rate that is less than 1 percentage point higher may go unnoticed",)
        uncompared = a_baking(target=a_target(metrics=Metrics(errors=False)))
        assert prove(uncompared, evidence_of("client_errors"), now=NOON).notes == ()

    def test_names_what_lambda_counts_beside_the_log(self):
        plan = replace(a_baking().plan, function_errors=("orders-read", "orders-write"))
        counted = {"errors": MetricCount(50, 0, 100, 0), "function_errors": MetricCount(40, 30, 90, 0)}
        proof = prove(a_baking(plan=plan, step=replace(a_baking().step, metrics=counted)), ERRORS, now=NOON)
        assert proof.notes[0] == "function_errors are the invocations of orders-read, orders-write that Lambda counts as failed"
        assert proof.compared == (
            "0 of 50 canary requests (0.00 %) failed, 0 of 100 of base (0.00 %); "
            "30 of 40 canary requests (75.00 %) ended in a function error, 0 of 90 of base (0.00 %)"
        )

    def test_names_what_is_outside_the_rollout(self):
        outside = Outside((OutsideRoute("/legacy/*", ("GET", "POST")), OutsideRoute("/old")), ("keys",))
        proof = prove(a_baking(target=a_target(outside=outside)), ERRORS, now=NOON)
        assert proof.notes[0] == "outside the rollout: GET/POST /legacy/*, /old, authorizer keys"


class TestColdCanary:
    """A canary that is slow right after a weight change, with half of its requests allowed to be so for five minutes."""

    SLOW = RawCounts(nc=600, ec=200, nb=600, eb=6)

    def fold_cold(self, number, *, slow=SLOW, warm_up=(0.5,) * 5):
        rollout = a_baking(target=a_target(metrics=Metrics(warm_up=warm_up)), baking_since=NOON - 30, shifted=NOON - 30)
        rollout = replace(rollout, limits_ms={"p99": (800.0,)})
        counts = {START + 60 * index: {"errors": CALM, "slow_p99": slow} for index in range(number)}
        return fold_minutes(rollout, evidence_of("errors", "slow_p99"), counts, NOON + 60 * number + DELAY)

    def test_holds_its_step_while_it_is_slower_than_base(self):
        proof = proof_of(self.fold_cold(5))
        assert proof.condemned is None
        assert proof.cold == (
            "the canary is slower than base and may still be warming up; slow_p99: 1,000 of 3,000 canary requests (33.33 %) "
            "took longer than 800 ms, 30 of 3,000 of base (1.00 %)"
        )
        assert proof.findings["slow_p99"] is Finding.TOO_FEW

    def test_holds_nothing_if_it_is_no_slower(self):
        assert proof_of(self.fold_cold(5, slow=RawCounts(600, 8, 600, 6))).cold is None

    def test_is_judged_once_a_minute_after_the_warm_up_was_seen(self):
        proof = proof_of(self.fold_cold(6))
        assert proof.cold is None
        assert "slow_p99" in proof.condemned

    def test_is_condemned_sooner_where_less_is_usual(self):
        assert "slow_p99" in proof_of(self.fold_cold(3, warm_up=None)).condemned


class TestCondemnation:
    def test_has_the_numbers_of_the_metric_that_decided(self):
        sentence = proof_of(fold(CALM, BROKEN, BROKEN, BROKEN)).condemned
        assert sentence.startswith(
            "the canary is worse than base in errors: 90 of 240 canary requests (37.50 %) failed, "
            "8 of 2,160 of base (0.37 %); E "
        )
        assert sentence.endswith(", the bar is 100")

    def test_names_the_metric_that_is_worst_and_its_limit(self):
        evidence = evidence_of("errors", "slow_p99")
        counts = {START + 60 * index: {"errors": CALM, "slow_p99": BROKEN} for index in range(9)}
        rollout = a_baking(limits_ms={"p99": (840.0,)})
        sentence = proof_of(fold_minutes(rollout, evidence, counts, NOON + 540 + DELAY)).condemned
        assert sentence.startswith(
            "the canary is worse than base in slow_p99: 270 of 540 canary requests (50.00 %) took longer than 840 ms, "
        )

    def test_says_when_history_is_missing(self):
        folded = fold(CALM, BROKEN, BROKEN, BROKEN, BROKEN, evidence=evidence_of("errors", history=()))
        assert proof_of(folded).condemned.endswith("; judged on stated priors because there is no history")


class TestDoubt:
    WORSE, ALIKE = MetricCount(nc=1000, ec=260, nb=9000, eb=1800), MetricCount(nc=1000, ec=210, nb=9000, eb=1800)

    def evidence(self, log_e: float = 0.0, outage: float = 0.0):
        known = evidence_of("errors")
        return replace(
            known, metrics={"errors": replace(known.metrics["errors"], live=(log_e,), assisted=(log_e,), outage=outage)}
        )

    def test_is_none_in_calm_times(self):
        assert find_hidden(self.evidence(), {"errors": self.WORSE}) is None
        proof = proof_of(fold(CALM, CALM))
        assert (proof.suspicion, proof.hidden) == (None, None)

    def test_is_evidence_that_leans_against_the_canary_whatever_the_counts(self):
        assert find_suspicion(self.evidence(log(23.0))) == "the evidence leans against the canary (E 24, the bar is 100)"
        assert find_suspicion(self.evidence(log(0.6))) == "the evidence leans against the canary (E 1.6, the bar is 100)"
        assert find_suspicion(self.evidence(log(0.4))) is None

    def test_names_the_metric_with_its_counts_and_calls_it_undecided(self):
        rollout = a_baking(limits_ms={"p99": (840.0,)})
        counts = {START + 60 * index: {"errors": CALM, "slow_p99": CALM} for index in range(3)}
        folded = fold_minutes(rollout, evidence_of("errors", "slow_p99"), counts, NOON + 180 + DELAY)
        known = folded.evidence
        high = replace(known.metrics["slow_p99"], live=(log(60.0),), assisted=(log(60.0),))
        proof = proof_of(replace(folded, evidence=replace(known, metrics={**known.metrics, "slow_p99": high})))
        assert proof.suspicion.startswith("the evidence leans against the canary (E ")
        assert "; slow_p99: 0 of 120 canary requests (0.00 %) took longer than 840 ms, " in proof.suspicion
        assert (proof.findings["slow_p99"], proof.findings["errors"]) == (Finding.TOO_FEW, Finding.NOT_WORSE)
        assert proof.hidden is None

    def test_is_an_outage_of_base_too_for_half_an_hour(self):
        newly = self.evidence(log_e=log(0.1), outage=10.0)
        assert find_suspicion(newly) == "base fails far more often than in its history (errors)"
        errors = replace(newly.metrics["errors"], outage_minutes=OUTAGE_WAITS + 1)
        assert find_suspicion(replace(newly, metrics={"errors": errors})) is None

    def test_of_an_outage_has_the_counts_too(self):
        folded = fold(CALM, BROKEN)
        known = folded.evidence
        out = replace(known.metrics["errors"], outage=10.0, live=(0.0,), assisted=(0.0,))
        proof = proof_of(replace(folded, evidence=replace(known, metrics={"errors": out})))
        assert "than base (errors); errors: 30 of 60 canary requests (50.00 %) failed, " in proof.hidden
        assert proof.findings["errors"] is Finding.TOO_FEW

    def test_is_an_outage_in_which_the_canary_looks_worse(self):
        hidden = "base fails far more often than in its history, and the canary more often than base (errors)"
        assert find_hidden(self.evidence(outage=10.0), {"errors": self.WORSE}) == hidden
        assert find_hidden(self.evidence(outage=10.0), {"errors": self.ALIKE}) is None
        assert find_hidden(self.evidence(outage=10.0), {}) is None


class TestFindings:
    def test_a_metric_with_enough_in_both_arms_is_not_worse(self):
        assert proof_of(fold(CALM, CALM, CALM)).findings["errors"] is Finding.NOT_WORSE

    def test_a_metric_with_fewer_requests_than_a_step_must_have_is_said_to_have_too_few(self):
        assert proof_of(fold(CALM, RawCounts(9, 0, 540, 2))).findings["errors"] is Finding.TOO_FEW
        assert proof_of(fold(CALM, RawCounts(60, 0, 0, 0))).findings["errors"] is Finding.TOO_FEW

    def test_the_metric_that_condemns_is_worse(self):
        assert proof_of(fold(CALM, BROKEN, BROKEN, BROKEN)).findings["errors"] is Finding.WORSE

    def test_latency_without_history_is_not_judged(self):
        assert proof_of(fold(CALM)).findings["latency"] is Finding.NOT_JUDGED
        rollout = a_baking(limits_ms={"p99": (840.0,)})
        evidence = evidence_of("errors", "slow_p99")
        counts = {START + 60 * index: {"errors": CALM, "slow_p99": CALM} for index in range(4)}
        findings = proof_of(fold_minutes(rollout, evidence, counts, NOON + 240 + DELAY)).findings
        assert findings == {"errors": Finding.NOT_WORSE, "slow_p99": Finding.NOT_WORSE}

    def test_a_silent_metric_has_no_data_and_holds_by_its_name(self):
        proof = proof_of(fold_both(*[(CALM, None)] * 14), now=AT_THE_END)
        assert proof.findings[CHECKOUT] is Finding.NO_DATA
        assert any(one.startswith(f"{CHECKOUT} has no data: ") for one in proof.blind)

    def test_a_metric_of_which_too_little_was_expected_holds_nothing(self):
        proof = proof_of(fold_both((CALM, None), (CALM, None)))
        assert proof.findings[CHECKOUT] is Finding.TOO_FEW
        assert proof.blind == ()

    @pytest.mark.parametrize("bad", [0, 30])
    def test_a_metric_that_is_always_bad_in_base_shows_nothing(self, bad):
        seen = RawCounts(30, bad, 270, 270)
        assert proof_of(fold_both(*[(CALM, seen)] * 3)).findings[CHECKOUT] is Finding.NOT_JUDGED
        assert proof_of(fold_both(*[(CALM, replace(seen, eb=269))] * 3)).findings[CHECKOUT] is not Finding.NOT_JUDGED

    def test_a_business_metric_whose_past_can_show_nothing_is_named_and_holds_nothing(self):
        counts = {START + 60 * index: {"errors": CALM} for index in range(14)}
        folded = fold_minutes(a_baking(target=ORDERS), ERRORS, counts, NOON + 840 + DELAY)
        proof = proof_of(folded, now=AT_THE_END)
        assert proof.findings == {"errors": Finding.NOT_WORSE, CHECKOUT: Finding.NOT_JUDGED}
        assert proof.blind == ()

    def test_client_errors_that_the_release_changes_on_purpose_are_reported(self):
        plan = replace(a_baking().plan, expects=(Expectation.CLIENT_ERRORS,))
        counts = {START + 60 * index: {"errors": CALM, "client_errors": BROKEN} for index in range(3)}
        folded = fold_minutes(a_baking(plan=plan), ERRORS, counts, NOON + 180 + DELAY)
        proof = proof_of(folded)
        assert proof.findings["client_errors"] is Finding.NOT_JUDGED
        assert proof.compared == (
            "0 of 120 canary requests (0.00 %) failed, 4 of 1,080 of base (0.37 %); "
            "60 of 120 canary requests (50.00 %) were 4xx, 4 of 1,080 of base (0.37 %), as the release expects"
        )


class TestBlindness:
    def test_a_canary_without_a_request_is_silent_by_what_base_had(self):
        proof = proof_of(fold(CALM, *[SILENT] * 6, CALM, rollout=a_baking(judged_to=START)))
        assert proof.blind == ()
        silent = proof_of(fold(*[SILENT] * 8))
        assert any(one.startswith("requests has no data: canary 0 where about ") for one in silent.blind)

    def test_bad_requests_that_are_not_counted_are_an_instrument_that_is_silent(self):
        uncounted = RawCounts(60, None, 540, 2)
        counts = minutes(CALM, uncounted, uncounted, CALM)
        folded = fold_minutes(a_baking(), ERRORS, counts, NOON + 240 + DELAY + 600)
        said = "errors has no count of bad requests, or one above its requests, in 2 of 3 minutes with requests"
        assert f"{said}; check the metric filters of its access log" in proof_of(folded).blind
        unlogged = replace(folded.rollout, target=a_target(access_log_group=None))
        assert said in proof_of(replace(folded, rollout=unlogged)).blind

    def test_a_business_metric_with_odd_values_holds_by_its_name_and_the_others_are_judged(self):
        now, evidence = NOON + 240 + DELAY + 121, evidence_of("errors", CHECKOUT)
        counts = {START + 60 * index: {"errors": CALM, CHECKOUT: RawCounts(30, 45, 270, 2)} for index in range(4)}
        proof = proof_of(fold_minutes(a_business_rollout(), evidence, counts, now))
        assert [one for one in proof.blind if one.startswith(f"{CHECKOUT} has values other than 0 and 1: in 3 of 3 ")]
        assert (proof.judged_minutes, proof.findings["errors"]) == (3, Finding.NOT_WORSE)
        assert proof.findings[CHECKOUT] is Finding.TOO_FEW

    @pytest.mark.parametrize("has_cache", [False, True])
    def test_a_share_that_is_off_holds_or_with_a_cache_is_reported(self, has_cache):
        counts = minutes(*[CALM] * 8)
        integrated = dict.fromkeys(counts, (600, 600))
        rollout = a_baking(plan=replace(a_baking().plan, has_cache=has_cache))
        proof = proof_of(fold_minutes(rollout, ERRORS, counts, NOON + 480 + DELAY, integrated=integrated))
        said = [one for one in (*proof.blind, *proof.notes) if one.startswith("the split is off: asked for 10 %, got 50 %")]
        assert len(said) == 1
        assert (said[0] in proof.notes) == has_cache

    def test_a_step_that_could_end_early_is_held_for_a_silent_metric(self):
        calm = RawCounts(nc=6000, ec=0, nb=6000, eb=20)
        rollout = a_business_rollout(policy=a_policy(10, 50, early_advance=True))
        folded = fold_both(*[(calm, None)] * 12, rollout=rollout)
        safe = replace(folded.evidence, metrics={"errors": folded.evidence.metrics["errors"]})
        assert safe.is_safe
        assert any(one.startswith(f"{CHECKOUT} has no data: ") for one in prove(folded.rollout, safe, now=NOON + 300).blind)

    def test_a_step_whose_bake_is_not_known_yet_is_not_over(self):
        assert proof_of(fold_both((CALM, None), rollout=a_business_rollout(baking_since=None)), now=AT_THE_END).blind == ()


def test_counts_that_were_never_seen_are_none():
    assert prove(a_baking(), ERRORS, now=NOON).findings["errors"] is Finding.TOO_FEW
    assert MetricCount().nc == 0


@pytest.mark.parametrize(("log_e", "text"), [(log(200), "200"), (log(0.25), "0.25"), (log(1e9), "1e+09"), (700.0, "e^700")])
def test_writes_an_e_value_for_people(log_e, text):
    assert format_e(log_e) == text


def test_knows_where_in_the_rollout_a_look_happens():
    rollout = a_baking(blind_since=NOON + 60)
    moment = moment_of(rollout, NOON + 120)
    assert moment == Moment(NOON + 120, step_index=0, baking_since=NOON, first_shift=NOON, blind_since=NOON + 60)
