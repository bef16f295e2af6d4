"""A rollout's looks are folded, recorded and replayed: what comes out again must be what was recorded, to the last digit."""

import json
import random
from dataclasses import replace

import pytest

from canary.rules.judging import evidence_json
from canary.rules.judging.counts import RawCounts
from canary.rules.judging.habit import Habit
from canary.rules.looks.folding import fold_minutes
from canary.rules.looks.look_numbers import MinuteRecord, numbers_of
from canary.rules.looks.replay import read_look, replay
from canary.rules.looks.steps import begin_bake
from canary.rules.looks.verdict import VerdictKind
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NOON, a_policy, a_rollout, a_target
from tests.rules.looks.test_folding import evidence_of

CHECKOUT = "business_CheckoutFailed"
TARGET = a_target(metrics=Metrics(slow=(), business=(BusinessMetric("CheckoutFailed", "Orders"),)))
EVIDENCE = evidence_of("errors", "client_errors", CHECKOUT)
PERCENTS = (10, 25, 50)
LOOKS = 8
"""In each step."""

MOST_BYTES = 400_000
"""What DynamoDB takes for one item."""


def a_minute(rng, percent):
    """One minute of all metrics, sometimes without requests, without a count of bad ones, or with more bad than requests."""
    nc, nb = (0, 0) if rng.random() < 0.1 else (6 * percent, 600 - 6 * percent)
    bad_c, bad_b = rng.randint(0, nc // 20), rng.randint(0, nb // 50)
    missing, odd = rng.random() < 0.1, rng.random() < 0.05
    errors = RawCounts(nc, None if missing and nc else nc + 9 if odd else bad_c, nb, bad_b)
    checkouts = {CHECKOUT: RawCounts(nc // 3, 0, nb // 3, bad_b // 3)} if rng.random() < 0.9 else {}
    return {"errors": errors, "client_errors": RawCounts(nc, 0, nb, bad_b), **checkouts}


def run(rng):
    """A rollout of three steps; its record at the end, and its looks as recorded."""
    rollout = a_rollout(
        target=TARGET,
        policy=a_policy(*PERCENTS),
        phase=Phase.SHIFTING,
        evidence=evidence_json.to_json(EVIDENCE),
        habits={CHECKOUT: Habit(per_request=0.1)},
        judged_to=int(NOON) - 60,
    )
    now, looks, evidence = NOON + 7, [], EVIDENCE
    for index, percent in enumerate(PERCENTS):
        rollout = replace(rollout, step=StepState(index=index), shifts=(*rollout.shifts, now), first_shift=NOON + 7)
        baking_since = now + rng.choice([2, 45])
        now = baking_since
        for _ in range(LOOKS):
            now += rng.choice([60, 60, 180])
            rollout = begin_bake(rollout, baking_since)
            due = range(rollout.judged_to + 60, int(now), 60)
            counts = {minute: a_minute(rng, percent) for minute in due}
            integrated = {minute: (6 * percent, 600) for minute in due if rng.random() < 0.9}
            folded = fold_minutes(rollout, evidence, counts, now, integrated=integrated)
            rollout, evidence = folded.rollout, folded.evidence
            looks.append(read_look(f"{now:.3f}", "CONTINUE", "all is well", numbers_of(folded.minutes, evidence, rollout)))
    return replace(rollout, evidence=evidence_json.to_json(evidence)), looks


@pytest.mark.parametrize("seed", range(5))
class TestReplay:
    def test_gives_the_evidence_that_was_recorded(self, seed):
        rollout, looks = run(random.Random(seed))
        replayed = replay(rollout, EVIDENCE.history, looks)
        assert len(replayed) == len(looks) == LOOKS * len(PERCENTS)
        assert all(one.is_as_recorded for one in replayed)
        assert evidence_json.to_json(replayed[-1].evidence) == rollout.evidence

    def test_gives_all_that_was_counted_and_heard(self, seed):
        rollout, looks = run(random.Random(seed))
        last = replay(rollout, EVIDENCE.history, looks)[-1].rollout
        for name in ("step", "totals", "harm", "heard", "bad_counts", "split", "judged_to"):
            assert getattr(last, name) == getattr(rollout, name), name

    def test_does_not_depend_on_the_order_in_which_looks_are_given(self, seed):
        rollout, looks = run(random.Random(seed))
        assert replay(rollout, EVIDENCE.history, looks[::-1]) == replay(rollout, EVIDENCE.history, looks)


class TestLooks:
    def test_have_their_minutes_with_the_evidence_after_each(self):
        rollout, looks = run(random.Random(1))
        replayed = replay(rollout, EVIDENCE.history, looks)
        minutes = [minute for look in replayed for minute in look.minutes]
        assert [minute.record.minute for minute in minutes] == [*range(int(NOON), rollout.judged_to + 60, 60)]
        assert all(look.minutes[-1].evidence is look.evidence for look in replayed if look.minutes)

    def test_compare_the_arms_over_minutes_of_a_steady_weight(self):
        rollout, looks = run(random.Random(1))
        last = replay(rollout, EVIDENCE.history, looks)[-1]
        steady = [
            record.counts["errors"]
            for look in looks
            for record in look.minutes
            if record.use != "not_evidence" and record.counts["errors"][0]
        ]
        whole = [one for one in steady if one[1] is not None and one[1] <= one[0]]
        assert len(whole) < len(steady)
        assert last.compared["errors"].intervals().minutes == len(whole)

    def test_are_not_as_recorded_where_a_count_was_edited(self):
        rollout, looks = run(random.Random(2))
        first = next(index for index, look in enumerate(looks) if look.log_e != 0)
        looks[first] = replace(looks[first], log_e=looks[first].log_e + 0.001)
        replayed = replay(rollout, EVIDENCE.history, looks)
        assert [index for index, one in enumerate(replayed) if not one.is_as_recorded] == [first]

    def test_are_not_as_recorded_where_another_metric_was_judged(self):
        rollout, looks = run(random.Random(2))
        looks[0] = replace(looks[0], log_e_by_metric={"errors": looks[0].log_e_by_metric["errors"]})
        assert not replay(rollout, EVIDENCE.history, looks)[0].is_as_recorded

    def test_of_before_the_share_was_checked_are_read_too(self):
        numbers = {"minutes": [[60, "full", {"errors": [1, 0, 9, 0]}]], "log_e": 0, "log_e_assisted": 0, "step": 0}
        look = read_look("180.000", "HOLD", "wait", {**numbers, "log_e_by_metric": {"errors": 0.0}})
        assert (look.at, look.verdict) == (180.0, VerdictKind.HOLD)
        assert look.minutes[0].integrated is None


def test_ten_hours_of_minutes_in_one_look_fit_into_an_item():
    counts = {f"business_MetricOfALongName{index}": RawCounts(54_000, 5_400, 54_000, 5_400) for index in range(4)}
    counts |= {name: RawCounts(54_000, 5_400, 54_000, 5_400) for name in ("errors", "client_errors", "slow_p50", "slow_p99")}
    minutes = tuple(
        MinuteRecord(int(NOON) + 60 * index, "not_evidence", {n: (c.nc, c.ec, c.nb, c.eb) for n, c in counts.items()}, (1, 2))
        for index in range(600)
    )
    rollout, _ = run(random.Random(1))
    written = json.dumps(numbers_of(minutes, EVIDENCE, rollout), separators=(",", ":"))
    assert len(written) < MOST_BYTES
