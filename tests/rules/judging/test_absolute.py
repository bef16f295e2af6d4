"""The ceiling and its evidence. What is simulated: how often a good release is condemned, and how soon a bad one is found."""

from dataclasses import replace
from math import isclose, log

import numpy as np
import pytest

from canary.rules.judging.absolute import (
    HIGHEST_CEILING,
    WORSE,
    CeilingEvidence,
    at_odds,
    begin_ceiling,
    log_evidence,
    usual_rate,
)
from canary.rules.judging.history import UNKNOWN, freeze_history

ALPHA = 0.01
BARE = (0, 0)
MINUTES = 15


def a_day(rate, per_minute=60, seed=1):
    """A frozen day whose rate swings by half around its mean, as between night and day."""
    rng = np.random.default_rng(seed)
    swing = 1 + 0.5 * np.sin(2 * np.pi * np.arange(1440) / 1440)
    requests = rng.poisson(per_minute, 1440)
    return freeze_history([(int(n), int(rng.binomial(n, rate * one))) for n, one in zip(requests, swing, strict=True)])


def an_evidence(**changes):
    return replace(CeilingEvidence(usual=0.001, ceiling=0.011, phi=1.0, stake=1.0, starts=MINUTES), **changes)


def judged(evidence, minutes):
    for requests, bad in minutes:
        evidence = evidence.after(requests, bad)
    return evidence


def condemned_after(evidence, minutes):
    """After how many minutes the evidence reaches 1 / alpha; None if it never does."""
    for number, (requests, bad) in enumerate(minutes, start=1):
        evidence = evidence.after(requests, bad)
        if log_evidence([evidence]) >= -log(ALPHA):
            return number
    return None


@pytest.mark.parametrize(("rate", "times"), [(0.01, 3.0), (0.5, 3.0), (0.9, 2.0)])
def test_times_the_odds_stays_a_rate(rate, times):
    higher = at_odds(rate, times)
    assert rate < higher < 1
    assert isclose(higher / (1 - higher), times * rate / (1 - rate))


def test_the_bar_is_three_times_the_usual_odds_or_the_policys_points_above():
    assert begin_ceiling(UNKNOWN, (1000, 100), points=0.01, stake=1, starts=9).ceiling == pytest.approx(at_odds(0.1, 3))
    assert begin_ceiling(UNKNOWN, (1000, 1), points=0.01, stake=1, starts=9).ceiling == pytest.approx(0.011)


def test_an_outage_of_an_hour_does_not_raise_the_bar():
    calm = [(60, 0 if minute % 10 else 1) for minute in range(1440)]
    outage = [(60, 30) if 600 <= minute < 660 else one for minute, one in enumerate(calm)]
    usual = usual_rate(freeze_history(calm), BARE)
    assert usual_rate(freeze_history(outage), BARE) < 0.05
    assert usual < 0.005


def test_base_during_the_rollout_is_part_of_the_picture():
    history = a_day(0.001)
    assert usual_rate(history, (1000, 20)) == 0.02
    assert usual_rate(history, (99, 50)) == usual_rate(history, BARE) < 0.003


def test_without_a_picture_there_is_no_bar():
    assert begin_ceiling(UNKNOWN, (99, 0), points=0.01, stake=1, starts=9) is None
    assert begin_ceiling(UNKNOWN, (1000, 980), points=0.01, stake=1, starts=9) is None
    assert at_odds(0.98, 3) > HIGHEST_CEILING


def test_the_evidence_starts_at_one_and_its_parts_begin_in_turn():
    assert log_evidence([]) == 0
    evidence = an_evidence(starts=3)
    assert evidence.value == 1
    for left in (0.5, 0.25, 0):
        evidence = evidence.after(1, 0)
        assert evidence.value - sum(evidence.sums) / len(WORSE) == pytest.approx(left)
    assert (evidence.minutes, evidence.requests, evidence.bad) == (3, 3, 0)
    assert evidence.after(1, 0).value == pytest.approx(sum(evidence.after(1, 0).sums) / len(WORSE))


@pytest.mark.parametrize("starts", [1, 2, 15])
def test_at_the_bar_the_evidence_is_one_in_expectation(starts):
    """Exactly, over all outcomes of one request in each of four minutes."""
    found = [(an_evidence(ceiling=0.2, starts=starts), 1.0)]
    for _ in range(4):
        found = [(one.after(1, bad), chance * p) for one, chance in found for bad, p in ((0, 0.8), (1, 0.2))]
    assert sum(one.value * chance for one, chance in found) == pytest.approx(1)


def test_the_stakes_weigh_the_metrics():
    bad = judged(an_evidence(stake=0.1), [(60, 30)])
    good = an_evidence(stake=0.9)
    assert log_evidence([bad, good]) == pytest.approx(log(0.1 * bad.value + 0.9))


def test_no_count_is_too_large_or_too_small_for_the_evidence():
    worst = judged(an_evidence(), [(10**7, 10**7)] * 3)
    assert 500 < log_evidence([worst]) < 700
    best = judged(an_evidence(starts=1), [(10**7, 0)] * 3)
    assert log_evidence([best]) == -600


def test_clustered_requests_count_less():
    minutes = [(60, 6)] * 3
    assert judged(an_evidence(phi=4.0), minutes).value < judged(an_evidence(), minutes).value


@pytest.mark.parametrize("usual", [0.0, 0.001, 0.01, 0.1])
def test_a_good_release_under_a_drift_by_half_is_not_condemned(usual):
    """4,000 watches at 60 requests per minute: none is condemned while the whole target's rate is 1.5 times the usual one."""
    rng, history = np.random.default_rng(2), a_day(usual)
    start = begin_ceiling(history, BARE, points=0.01, stake=1, starts=MINUTES)
    found = sum(
        condemned_after(start, [(int(n), int(rng.binomial(n, 1.5 * usual))) for n in rng.poisson(60, MINUTES)]) is not None
        for _ in range(1000)
    )
    assert found == 0


def test_right_at_the_bar_at_most_alpha_is_condemned():
    rng, start = np.random.default_rng(3), an_evidence()
    found = sum(
        condemned_after(start, [(60, int(bad)) for bad in rng.binomial(60, start.ceiling, MINUTES)]) is not None
        for _ in range(3000)
    )
    assert found / 3000 <= ALPHA


@pytest.mark.parametrize("breaks_after", [0, 8, 40])
def test_a_release_that_fails_five_percent_is_found_within_minutes(breaks_after):
    """At 60 requests per minute, whether it fails from the start or begins to fail later."""
    rng, minutes = np.random.default_rng(4), breaks_after + 20
    start = begin_ceiling(a_day(0.001), BARE, points=0.01, stake=1, starts=minutes)
    waits = []
    for _ in range(300):
        rates = np.where(np.arange(minutes) < breaks_after, 0.001, 0.05)
        found = condemned_after(start, [(60, int(bad)) for bad in rng.binomial(60, rates)])
        waits.append(99 if found is None else found - breaks_after)
    assert np.median(waits) <= 6
    assert np.quantile(waits, 0.95) <= 12
