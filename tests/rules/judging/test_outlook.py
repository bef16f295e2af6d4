from __future__ import annotations

import random
from math import log
from statistics import median
from typing import TYPE_CHECKING

import pytest

from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family
from canary.rules.judging.judge import Evidence, fold
from canary.rules.judging.outlook import log_floor, requests_needed
from tests.builders import families

if TYPE_CHECKING:
    from collections.abc import Sequence

HISTORY = [(60, int(minute % 17 == 0)) for minute in range(400)]


def evidence_of(history: Sequence[tuple[int, int]] = HISTORY, *, stake: float = 1.0) -> Evidence:
    stakes = {"errors": stake, "slow_p99": 1.0 - stake} if stake < 1.0 else {"errors": 1.0}
    return begin_evidence(dict.fromkeys(stakes, history), families=families(*stakes), stakes=stakes, alpha=0.01)


def needed(evidence: Evidence, *, detect: float = 0.05, share: float = 0.1) -> int:
    requests = requests_needed(evidence, metric="errors", detect=detect, share=share)
    assert requests is not None
    return requests


def look_at(evidence: Evidence, *minutes: Counts) -> Evidence:
    for counts in minutes:
        evidence = fold(evidence, {"errors": counts})
    return evidence


def bad_among(rng: random.Random, n: int, rate: float) -> int:
    return sum(rng.random() < rate for _ in range(n))


def minute_of(rng: random.Random, rpm: int, share: float, canary: float, base: float) -> Counts:
    nc = bad_among(rng, rpm, share)
    return Counts(nc, bad_among(rng, nc, canary), rpm - nc, bad_among(rng, rpm - nc, base))


def requests_it_took(rng: random.Random, evidence: Evidence, rpm: int, share: float, canary: float, base: float) -> int:
    requests = 0
    while not evidence.is_condemned:
        counts = minute_of(rng, rpm, share, canary, base)
        evidence = look_at(evidence, counts)
        requests += counts.nc
    return requests


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize(
    ("rpm", "base", "detect"), [(6, 0.001, 0.3), (60, 0.001, 0.05), (60, 0.01, 0.05), (60, 0.1, 0.2), (600, 0.001, 0.02)]
)
@pytest.mark.parametrize("warm", [0, 20])
def test_is_within_a_factor_of_two_of_what_it_takes(rpm: int, base: float, detect: float, share: float, warm: int):
    rng = random.Random(21)
    estimates, took = [], []
    for _ in range(9):
        evidence = evidence_of([(rpm, bad_among(rng, rpm, base)) for _ in range(240)])
        evidence = look_at(evidence, *(minute_of(rng, rpm, share, base, base) for _ in range(warm)))
        estimates.append(needed(evidence, detect=detect, share=share))
        took.append(requests_it_took(rng, evidence, rpm, share, base + detect, base))
    assert 0.5 <= median(estimates) / median(took) <= 2.0


def test_is_within_a_factor_of_two_without_a_history_once_the_base_was_seen():
    rng = random.Random(22)
    estimates, took = [], []
    for _ in range(9):
        evidence = look_at(evidence_of([]), *(minute_of(rng, 60, 0.1, 0.001, 0.001) for _ in range(20)))
        estimates.append(needed(evidence))
        took.append(requests_it_took(rng, evidence, 60, 0.1, 0.051, 0.001))
    assert 0.5 <= median(estimates) / median(took) <= 2.0


def test_shrinks_as_evidence_grows():
    before = evidence_of()
    after = look_at(before, Counts(30, 1, 270, 0))
    assert needed(after) < needed(before)


def test_needs_more_for_a_smaller_effect():
    evidence = evidence_of()
    assert needed(evidence, detect=0.01) > 2 * needed(evidence, detect=0.05) > 2 * needed(evidence, detect=0.3)


def test_needs_fewer_with_a_history_to_lend():
    assert needed(evidence_of(HISTORY)) < needed(evidence_of([]))


def test_leaves_the_slices_out_once_they_were_lent():
    short = evidence_of(HISTORY[:192])
    spent = look_at(short, *[Counts(6, 0, 54, 0)] * 6)
    unspent = look_at(short, *[Counts(6, 0, 54, 0)] * 5)
    assert needed(spent, share=0.5) > 1.2 * needed(unspent, share=0.5)


@pytest.mark.parametrize("history", [HISTORY, []])
def test_needs_more_where_the_metric_weighs_less(history: list[tuple[int, int]]):
    assert needed(evidence_of(history, stake=0.2)) > needed(evidence_of(history, stake=0.9))


def test_needs_nothing_once_the_canary_is_condemned():
    assert needed(look_at(evidence_of(), *[Counts(60, 60, 540, 0)] * 2)) == 0


def test_needs_one_request_at_least_while_it_is_not_condemned():
    on_the_brink = look_at(evidence_of(stake=0.5), Counts(6, 6, 54, 54))
    assert not on_the_brink.is_condemned
    assert needed(on_the_brink, detect=0.9) >= 1


@pytest.mark.parametrize("detect", [0.0, 0.0001])
def test_says_that_no_traffic_shows_an_effect_too_small_for_any_bet(detect: float):
    assert requests_needed(evidence_of(), metric="errors", detect=detect, share=0.1) is None


@pytest.mark.parametrize("history", [HISTORY, []])
def test_foresees_a_canary_that_fails_altogether(history: list[tuple[int, int]]):
    assert 1 <= needed(evidence_of(history), detect=1.0) < 30


@pytest.mark.parametrize("share", [0.0, 1.0, 10.0, -0.1])
def test_refuses_a_share_that_leaves_an_arm_without_requests(share: float):
    with pytest.raises(ValueError, match=f"share must be above 0 and below 1, got {share}; give the step's weight"):
        requests_needed(evidence_of(), metric="errors", detect=0.05, share=share)


def test_failures_need_live_evidence_of_a_fifth_of_the_bar_and_slowness_of_10():
    assert log_floor(log(100), Family.ERRORS) == log_floor(log(100), Family.BUSINESS) == pytest.approx(log(20))
    assert log_floor(log(100), Family.SLOW) == log_floor(log(100), Family.CLIENT_ERRORS) == pytest.approx(log(10))
    assert log_floor(log(20), Family.ERRORS) == pytest.approx(log(10))


def test_takes_longer_where_a_few_failures_may_be_one_incident():
    few, many = evidence_of(), evidence_of([(6000, 6)] * 400)
    assert needed(few, detect=0.3) > 1.3 * needed(many, detect=0.3)
