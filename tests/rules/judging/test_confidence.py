"""The coverage is simulated: with which probability an interval contains the truth after every minute of a rollout."""

from math import comb, inf, sqrt
from statistics import NormalDist
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.confidence import ALPHA, NOTHING_COMPARED, compare_minutes
from canary.rules.judging.counts import Counts

MINUTES = 40
SHARES = np.repeat([0.01, 0.1, 0.25, 0.5], MINUTES // 4)
"""The canary's share in each minute of a rollout of four steps."""

OUTAGE = np.where((np.arange(MINUTES) >= 18) & (np.arange(MINUTES) < 30), 0.2, 0.0)
SURE = 0.999


def steady(_):
    """600 requests a minute under rising weights; both arms fail 0.5 %."""
    return 600 * SHARES, 600 * (1 - SHARES), np.full(MINUTES, 0.005), np.full(MINUTES, 0.005)


def drifting(rng):
    """Both arms' rate drifts and jumps by 20 points across the weight change from 10 to 25 %."""
    rates = 0.01 * np.exp(np.cumsum(rng.normal(0, 0.2, MINUTES))) + OUTAGE
    return 300 * SHARES, 300 * (1 - SHARES), np.minimum(rates, 1), np.minimum(rates, 1)


def worse(rng):
    """The canary fails three times as often as base, whose rate drifts."""
    rates = 0.02 * np.exp(np.cumsum(rng.normal(0, 0.1, MINUTES)))
    return 2000 * SHARES, 2000 * (1 - SHARES), np.minimum(3 * rates, 1), np.minimum(rates, 1)


def few(rng):
    """Two or three requests a minute in each arm, some minutes without any; rates differ from minute to minute."""
    return np.full(MINUTES, 2.0), np.full(MINUTES, 3.0), rng.uniform(0, 0.6, MINUTES), rng.uniform(0, 0.2, MINUTES)


WORLDS = (steady, drifting, worse, few)


def simulate(world, rng):
    """One rollout's minutes with the true rates of both arms."""
    canary, base, canary_rates, base_rates = world(rng)
    nc, nb = rng.poisson(canary), rng.poisson(base)
    ec, eb = rng.binomial(nc, canary_rates), rng.binomial(nb, base_rates)
    counts = [Counts(*map(int, minute)) for minute in zip(nc, ec, nb, eb, strict=True)]
    return counts, canary_rates, base_rates


def missed_ever(counts, canary_rates, base_rates):
    """Which of the three intervals do not contain their truth after some minute."""
    comparison, truths, weights, missed = NOTHING_COMPARED, [], [], np.zeros(3, dtype=bool)
    for minute, canary, base in zip(counts, canary_rates, base_rates, strict=True):
        comparison = comparison.after(minute)
        if minute.nc and minute.nb:
            truths.append((canary, base, canary - base))
            weights.append(minute.nc * minute.nb / (minute.nc + minute.nb))
            found = comparison.intervals()
            means = np.average(truths, axis=0, weights=weights)
            intervals = (found.canary, found.base, found.difference)
            missed |= [not one.low <= mean <= one.high for one, mean in zip(intervals, means, strict=True)]
    return missed


def count_missed(world, runs, seed):
    rng = np.random.default_rng(seed)
    return sum(missed_ever(*simulate(world, rng)).astype(int) for _ in range(runs))


def most_by_chance(runs, alpha=ALPHA):
    """So many misses are exceeded with a probability of 0.1 % if each run misses with probability alpha."""
    total = 0.0
    for missed in range(runs + 1):
        total += comb(runs, missed) * alpha**missed * (1 - alpha) ** (runs - missed)
        if total >= SURE:
            return missed
    return runs


class TestCoverage:
    """Alpha is 5 %. Of 20 runs at most 5 may miss by chance, of 200 at most 21; the construction misses far fewer."""

    @pytest.mark.parametrize("world", WORLDS)
    def test_contains_the_truth_after_every_minute(self, world):
        assert max(count_missed(world, 20, seed=1)) <= most_by_chance(20)

    @pytest.mark.slow
    @pytest.mark.parametrize("world", WORLDS)
    def test_contains_the_truth_after_every_minute_in_many_runs(self, world):
        assert max(count_missed(world, 200, seed=2)) <= most_by_chance(200)

    def test_the_margin_is_as_stated(self):
        assert (most_by_chance(20), most_by_chance(200)) == (5, 21)

    def test_an_ordinary_interval_read_every_minute_would_be_found_out(self):
        rng = np.random.default_rng(3)
        missed = sum(ordinary_misses(*simulate(steady, rng)) for _ in range(20))
        assert missed > most_by_chance(20)

    def test_pooled_counts_would_be_found_out(self):
        rng = np.random.default_rng(4)
        missed = sum(pooled_misses(*simulate(drifting, rng)) for _ in range(20))
        assert missed > most_by_chance(20)


Z = NormalDist().inv_cdf(1 - ALPHA / 2)


def ordinary_misses(counts, _, base_rates):
    """Whether Wald's interval of the base's rate, pooled as fits a steady rate, misses after some minute."""
    n = bad = 0
    for minute, rate in zip(counts, base_rates, strict=True):
        n, bad = n + minute.nb, bad + minute.eb
        if bad and abs(bad / n - rate) > Z * sqrt(bad / n * (1 - bad / n) / n):
            return True
    return False


def pooled_misses(counts, *_):
    """Whether Wald's interval of the difference of the pooled rates misses 0 after the last minute, for arms that are alike."""
    nc, ec, nb, eb = np.sum([(one.nc, one.ec, one.nb, one.eb) for one in counts], axis=0)
    canary, base = ec / nc, eb / nb
    return abs(canary - base) > Z * sqrt(canary * (1 - canary) / nc + base * (1 - base) / nb)


def widths(counts, **more):
    found = compare_minutes(counts).intervals(**more)
    return np.array([one.high - one.low for one in (found.canary, found.base, found.difference)])


STEADY = Counts(60, 1, 540, 9)


class TestWidth:
    def test_four_times_the_minutes_nearly_halve_it(self):
        assert all(widths([STEADY] * 240) < 0.6 * widths([STEADY] * 60))

    def test_ten_times_the_requests_narrow_it_too(self):
        assert all(widths([Counts(600, 10, 5400, 90)] * 60) < 0.45 * widths([STEADY] * 60))

    def test_is_no_more_than_thrice_an_interval_for_one_look_after_many_minutes(self):
        n = 240 * 540
        assert widths([STEADY] * 240)[1] < 3 * 2 * Z * sqrt(9 / 540 * (1 - 9 / 540) / n)

    def test_bursts_widen_it(self):
        assert all(widths([STEADY] * 60, phi=4) > 1.5 * widths([STEADY] * 60))

    def test_a_smaller_alpha_widens_it(self):
        assert all(widths([STEADY] * 60, alpha=0.001) > widths([STEADY] * 60))

    def test_a_minute_with_a_single_request_costs_about_its_own_weight(self):
        with_one = [STEADY] * 30 + [Counts(1, 0, 540, 9)] + [STEADY] * 30
        assert widths(with_one)[0] < widths([STEADY] * 60)[0] + 1.1 / 61

    def test_many_base_requests_bound_how_much_better_the_canary_can_be(self):
        found = compare_minutes([Counts(6, 0, 540, 5)] * 30).intervals()
        assert -0.025 < found.difference.low < found.canary.low - found.base.estimate
        assert found.difference.high < found.canary.high


class TestIntervals:
    def test_are_none_before_a_minute_in_which_both_arms_had_requests(self):
        assert compare_minutes([Counts(0, 0, 9, 1), Counts(9, 1, 0, 0)]).intervals() is None

    def test_weigh_both_arms_of_a_minute_alike(self):
        found = compare_minutes([Counts(10, 1, 90, 9), Counts(100, 50, 100, 50)]).intervals()
        assert found.minutes == 2
        assert found.canary.estimate == found.base.estimate == pytest.approx((9 * 0.1 + 50 * 0.5) / 59)
        assert found.difference.estimate == pytest.approx(0)

    def test_tell_a_broken_canary_from_base_within_minutes(self):
        assert compare_minutes([Counts(60, 30, 540, 2)] * 2).intervals().difference.low > 0

    @given(
        st.lists(
            st.tuples(st.integers(1, 10_000), st.floats(0, 1), st.integers(1, 10_000), st.floats(0, 1)), min_size=1, max_size=12
        )
    )
    def test_lie_around_what_was_observed(self, minutes):
        found = compare_minutes([Counts(nc, int(nc * a), nb, int(nb * b)) for nc, a, nb, b in minutes]).intervals()
        tiny = 1e-9
        for least, one in ((0, found.canary), (0, found.base), (-1, found.difference)):
            assert least <= one.low <= one.estimate + tiny
            assert one.estimate - tiny <= one.high <= 1

    def test_hundreds_of_minutes_are_read_in_far_less_than_a_second(self):
        fastest = inf
        for _ in range(3):
            began = perf_counter()
            compare_minutes([STEADY] * 600).intervals()
            fastest = min(fastest, perf_counter() - began)
        assert fastest < 0.5
