from dataclasses import replace

import pytest

from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts, RawCounts
from canary.rules.judging.families import stakes
from canary.rules.judging.minutes import MinuteUse
from canary.rules.judging.missing import WAIT_SECONDS
from canary.rules.looks.completeness import find_waiting
from canary.rules.looks.folding import fold_minute, fold_minutes, refold
from canary.rules.looks.look_numbers import MinuteRecord
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import MetricCount, StepState, Tally
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NOON, a_policy, a_rollout, a_target, families

START = int(NOON)
CALM = RawCounts(nc=60, ec=0, nb=540, eb=2)
BROKEN = RawCounts(nc=60, ec=30, nb=540, eb=2)
UNCOUNTED = RawCounts(nc=60, ec=None, nb=540, eb=2)
TOTAL = MetricCount(60, 0, 540, 2)
SILENT = RawCounts(nc=0, ec=0, nb=540, eb=2)
DELAY = 120


def evidence_of(*metrics, history=((600, 2),) * 600):
    return begin_evidence(
        dict.fromkeys(metrics, history), families=families(*metrics), stakes=stakes(families(*metrics)), alpha=0.01
    )


ERRORS = evidence_of("errors")
POLICY = a_policy(10, 50)


def a_baking(*, policy=None, baking_since=NOON, shifted=NOON, **changes):
    """A first step that bakes from NOON on; nothing is folded yet."""
    rollout = a_rollout(
        policy=policy or a_policy(10, 50),
        phase=Phase.SHIFTING,
        step=StepState(index=0, baking_since=baking_since),
        shifts=(shifted,),
        first_shift=shifted,
        judged_to=START - 60,
        needed=(500, 500),
    )
    return replace(rollout, **changes)


def minutes(*counts, start=START, metric="errors"):
    """One entry per minute; None is a minute without data."""
    return {start + 60 * index: {} if one is None else {metric: one} for index, one in enumerate(counts)}


def fold(*counts, rollout=None, evidence=ERRORS, now=None):
    now = NOON + 60 * len(counts) + DELAY if now is None else now
    return fold_minutes(rollout or a_baking(), evidence, minutes(*counts), now)


class TestFolding:
    def test_freezes_every_complete_minute_in_order(self):
        folded = fold(CALM, CALM, CALM, CALM)
        uses = (MinuteUse.NOT_EVIDENCE, MinuteUse.COLD, MinuteUse.WARMING, MinuteUse.FULL)
        counts = {"errors": (60, 0, 540, 2)}
        assert folded.minutes == tuple(MinuteRecord(START + 60 * i, use.value, counts) for i, use in enumerate(uses))
        assert folded.rollout.judged_to == START + 180

    def test_the_same_minutes_give_the_same_evidence_however_they_arrive(self):
        counts = (CALM, CALM, BROKEN, CALM, CALM)
        at_once = fold(*counts)
        rollout, evidence = a_baking(), ERRORS
        for index in range(len(counts)):
            now = NOON + 60 * (index + 1) + DELAY
            step = fold_minutes(rollout, evidence, minutes(*counts), now)
            rollout, evidence = step.rollout, step.evidence
        assert (rollout, evidence) == (at_once.rollout, at_once.evidence)

    def test_a_minute_in_which_the_weight_changed_is_counted_and_tells_what_holds_for_any_split(self):
        folded = fold(BROKEN)
        assert folded.evidence == judge.fold_shift(ERRORS, {"errors": Counts(60, 30, 540, 2)}, share=0.1)
        assert folded.evidence.log_e < judge.fold(ERRORS, {"errors": Counts(60, 30, 540, 2)}).log_e
        assert folded.rollout.tally.canary_bad == 30
        assert folded.rollout.step.judged_minutes == 0

    def test_slowness_speaks_in_a_cold_minute_only_where_a_cold_start_cannot_explain_it(self):
        before = evidence_of("errors", "slow_p99")
        start = begin_step(before, {"errors": POLICY.delta["errors"], "slow_p99": POLICY.delta["slow"]})
        seen = {"errors": CALM, "slow_p99": BROKEN}
        counts = {name: Counts(one.nc, one.ec, one.nb, one.eb) for name, one in seen.items()}
        rollout = a_baking(baking_since=NOON - 60, shifted=NOON - 60)
        folded = fold_minutes(rollout, before, {START: seen}, NOON + 60 + DELAY)
        errors, slow = {"errors": counts["errors"]}, {"slow_p99": counts["slow_p99"]}
        assert folded.minutes[0].use == "cold"
        assert folded.evidence == judge.fold_cold(judge.fold(start, errors), slow, cold=0.1)
        assert folded.evidence.metrics["slow_p99"].log_e < judge.fold(start, slow).metrics["slow_p99"].log_e

    def test_a_target_that_warms_up_for_minutes_has_its_slowness_explained_in_each_of_them(self):
        rollout = a_baking(baking_since=NOON - 150, shifted=NOON - 150)
        target = replace(rollout.target, metrics=replace(rollout.target.metrics, warm_up=(0.4, 0.3, 0.2)))
        seen = {START: {"errors": CALM, "slow_p99": BROKEN}}
        known = fold_minutes(replace(rollout, target=target), evidence_of("errors", "slow_p99"), seen, NOON + 60 + DELAY)
        unknown = fold_minutes(rollout, evidence_of("errors", "slow_p99"), seen, NOON + 60 + DELAY)
        assert (known.minutes[0].use, unknown.minutes[0].use) == ("warming", "full")
        assert known.evidence.metrics["slow_p99"].log_e < unknown.evidence.metrics["slow_p99"].log_e

    def test_a_minute_without_data_before_one_with_data_is_a_silent_one(self):
        folded = fold(CALM, None, None, CALM)
        assert folded.rollout.step.silent_minutes == 2
        assert folded.minutes[1].counts == {}

    def test_the_newest_minutes_without_data_may_be_late_and_are_waited_for(self):
        folded = fold(CALM, None, None)
        assert folded.rollout.judged_to == START
        assert folded.rollout.step.silent_minutes == 0

    def test_the_newest_minutes_without_data_are_silent_ones_after_five_minutes(self):
        folded = fold(CALM, None, None, None, now=NOON + 240 + DELAY + 301)
        assert folded.rollout.step == replace(a_baking().step, silent_minutes=3, metrics={})

    def test_a_silent_canary_is_not_judged_and_base_is_counted(self):
        folded = fold(CALM, SILENT, CALM)
        assert (folded.rollout.step.silent_minutes, folded.rollout.step.judged_minutes) == (1, 1)
        assert (folded.rollout.step.requests, folded.rollout.step.base_requests) == (60, 1080)

    def test_adds_up_what_the_whole_rollout_has_seen(self):
        folded = fold(CALM, BROKEN, rollout=a_baking(tally=Tally(1, 1, 1, 1, metrics_requested=7)))
        assert folded.rollout.tally == Tally(121, 31, 1081, 5, metrics_requested=7)

    def test_stops_at_counts_that_contradict_each_other_and_asks_again(self):
        impossible = RawCounts(nc=5, ec=9, nb=540, eb=2)
        folded = fold(CALM, impossible, CALM)
        assert [record.minute for record in folded.minutes] == [START]
        assert folded.rollout.judged_to == START

    @pytest.mark.parametrize(
        ("impossible", "recorded"),
        [
            (RawCounts(5, 9, 540, 2), (5, None, 540, 2)),
            (RawCounts(5, 0, 1, 2), (5, 0, 1, None)),
            (RawCounts(5, -1, 540, 2), (5, None, 540, 2)),
        ],
    )
    def test_leaves_counts_that_still_contradict_each_other_out_after_a_wait(self, impossible, recorded):
        due = NOON + 120 + DELAY
        assert len(fold(CALM, impossible, now=due + WAIT_SECONDS).minutes) == 1
        folded = fold(CALM, impossible, now=due + WAIT_SECONDS + 1)
        assert folded.minutes[1] == MinuteRecord(START + 60, "cold", {"errors": recorded})
        assert folded.evidence.metrics["errors"].minutes == 1
        assert folded.rollout.totals == {"errors": TOTAL}
        assert folded.rollout.tally == Tally(60, 0, 540, 2)
        assert folded.rollout.bad_counts["errors"].there == (False,)

    @pytest.mark.parametrize("odd", [RawCounts(30, 45, 270, 2), RawCounts(30, 0, 270, -5), RawCounts(30, 45, 270, 400)])
    def test_a_metric_that_contradicts_itself_takes_no_evidence_from_the_others(self, odd):
        evidence = evidence_of("errors", "slow_p99", "business_CheckoutFailed")
        sound = {"errors": BROKEN, "slow_p99": CALM}
        now = NOON + 240 + DELAY + WAIT_SECONDS + 1
        counts = {START + 60 * i: {**sound, "business_CheckoutFailed": odd} for i in range(4)}
        alone = dict.fromkeys(counts, sound)
        folded, without = (fold_minutes(a_baking(), evidence, given, now) for given in (counts, alone))
        assert folded.evidence == without.evidence
        assert folded.evidence.metrics["errors"].minutes == 4
        assert [one.use for one in folded.minutes] == [one.use for one in without.minutes]
        assert (folded.rollout.step.judged_minutes, folded.rollout.harm) == (3, without.rollout.harm)

    def test_a_minute_that_was_skipped_for_such_counts_before_is_skipped_again(self):
        counts = {"errors": (60, 30, 540, 2), "business_CheckoutFailed": (30, 45, 270, 2)}
        record = MinuteRecord(START, MinuteUse.NOT_EVIDENCE.value, counts)
        evidence = evidence_of("errors", "business_CheckoutFailed")
        rollout, again = refold(a_baking(), evidence, record)
        assert again is evidence
        assert (rollout.judged_to, rollout.tally, rollout.bad_counts) == (START, Tally(60, 30, 540, 2), {})

    def test_a_business_metric_does_not_end_the_wait_for_the_log(self):
        rollout = a_baking(target=a_target(metrics=Metrics(business=(BusinessMetric("CheckoutFailed", "Orders"),))))
        seen = minutes(CALM, CALM, CALM, metric="business_CheckoutFailed")
        now = NOON + 180 + DELAY
        folded = fold_minutes(rollout, ERRORS, seen, now)
        assert folded.minutes == ()
        assert find_waiting(folded.rollout, seen, now) == 3
        assert find_waiting(folded.rollout, {**seen, START + 120: {"errors": CALM}}, now) == 0

    def test_reads_latency_only_once_new_instances_are_warm(self):
        evidence = evidence_of("errors", "slow_p99")
        both = {"errors": CALM, "slow_p99": BROKEN}
        counts = {START + 60 * index: both for index in range(4)}
        cold = fold_minutes(a_baking(), evidence, counts, NOON + 180 + DELAY).evidence
        warm = fold_minutes(a_baking(), evidence, counts, NOON + 240 + DELAY).evidence
        assert (cold.metrics["errors"].minutes, cold.metrics["slow_p99"].minutes) == (3, 0)
        assert (warm.metrics["errors"].minutes, warm.metrics["slow_p99"].minutes) == (4, 1)

    def test_a_metric_without_its_bad_count_is_waited_for_and_then_left_out_of_the_minute(self):
        evidence = evidence_of("errors", "business_CheckoutFailed")
        counts = {START + 60 * i: {"errors": UNCOUNTED if i == 1 else CALM, "business_CheckoutFailed": CALM} for i in range(2)}
        waiting = fold_minutes(a_baking(), evidence, counts, NOON + 120 + DELAY + WAIT_SECONDS)
        assert [one.minute for one in waiting.minutes] == [START]
        folded = fold_minutes(a_baking(), evidence, counts, NOON + 120 + DELAY + WAIT_SECONDS + 1)
        assert [one.minute for one in folded.minutes] == [START, START + 60]
        assert folded.minutes[1].counts["errors"] == (60, None, 540, 2)
        shown = folded.evidence.metrics
        assert (shown["errors"].minutes, shown["business_CheckoutFailed"].minutes) == (1, 2)
        assert folded.rollout.totals == {"errors": TOTAL, "business_CheckoutFailed": MetricCount(120, 0, 1080, 4)}
        assert (folded.rollout.step.judged_minutes, folded.rollout.step.silent_minutes) == (0, 0)
        assert folded.rollout.tally == Tally(60, 0, 540, 2)

    def test_what_is_not_judged_is_counted_anyway(self):
        counts = {START + 60 * index: {"errors": CALM, "client_errors": BROKEN} for index in range(2)}
        folded = fold_minutes(a_baking(), ERRORS, counts, NOON + 120 + DELAY)
        assert folded.evidence == fold(CALM, CALM).evidence
        assert folded.rollout.totals["client_errors"] == MetricCount(120, 60, 1080, 4)
        assert folded.rollout.step.metrics["client_errors"] == MetricCount(60, 30, 540, 2)

    def test_a_target_that_compares_no_errors_counts_the_requests_of_another_metric(self):
        evidence = evidence_of("slow_p99", "business_CheckoutFailed")
        seen = {"business_CheckoutFailed": RawCounts(6, 0, 54, 0), "slow_p99": CALM}
        baking = a_baking(target=a_target(metrics=Metrics(errors=False, client_errors=False)))
        folded = fold_minutes(baking, evidence, {START + 60 * i: seen for i in range(2)}, NOON + 120 + DELAY)
        assert (folded.rollout.step.judged_minutes, folded.rollout.step.requests) == (1, 60)

    def test_the_first_own_minute_of_a_step_begins_its_safe_enough_evidence(self):
        folded = fold(CALM, CALM)
        assert folded.evidence.metrics["errors"].delta == 0.005
        assert ERRORS.metrics["errors"].delta is None

    def test_the_step_before_still_counts_for_the_judge_and_not_for_the_new_step(self):
        rollout = a_baking(shifts=(NOON, NOON + 600), judged_to=START + 240, step=StepState(index=1, baking_since=NOON + 600))
        counts = minutes(CALM, CALM, start=START + 300)
        folded = fold_minutes(rollout, ERRORS, counts, NOON + 420 + DELAY)
        assert folded.evidence.metrics["errors"].minutes == 2
        assert folded.rollout.step.judged_minutes == 0

    def test_a_minute_before_the_bake_is_known_is_not_the_steps_own(self):
        folded = fold(CALM, CALM, CALM, rollout=a_baking(baking_since=None))
        assert folded.rollout.step.judged_minutes == 0
        assert folded.evidence.metrics["errors"].minutes == 3

    def test_a_minute_that_is_not_complete_leaves_the_evidence_as_it_is(self):
        assert fold_minute(ERRORS, {"errors": Counts(60, 30, 540, 2)}, MinuteUse.NOT_COMPLETE, share=0.1, cold=0.1) is ERRORS
