from __future__ import annotations

import itertools
from math import comb, exp

import pytest

from canary.rules.judging.bets import ALL_EFFECTS, SLOW_EFFECTS, log_bets, offer
from canary.rules.judging.cold import explains_little, log_cold_bets, most_bad, odds_if_cold, share_if_cold


def fisher(nc: int, nb: int, bad: int, odds: float) -> dict[int, float]:
    """Fisher's noncentral hypergeometric distribution of the canary's bad requests."""
    weights = {x: comb(nc, x) * comb(nb, bad - x) * odds**x for x in range(max(0, bad - nb), min(nc, bad) + 1)}
    return {x: weight / sum(weights.values()) for x, weight in weights.items()}


@pytest.mark.parametrize("odds", [1.0, 1.2, 2.0, 8.0])
def test_most_bad_is_at_least_the_mean_and_close_to_it(odds: float):
    for nc, nb, bad in itertools.product((1, 2, 5, 20), (1, 4, 30), (1, 3, 9, 20)):
        if bad >= nc + nb:
            continue
        mean = sum(x * chance for x, chance in fisher(nc, nb, bad, odds).items())
        assert mean - 1e-9 <= most_bad(nc, nb, bad, odds) <= mean * 1.25 + 1e-9


def test_most_bad_is_exact_for_equal_odds():
    assert most_bad(60, 540, 300, 1.0) == pytest.approx(30.0)


@pytest.mark.parametrize("cold", [0.02, 0.1])
@pytest.mark.parametrize("b", [0.1, 0.5])
def test_no_bet_is_expected_to_win_while_cold_starts_explain_what_is_bad(b: float, cold: float):
    nc, nb, odds = 6, 14, odds_if_cold(b, cold)
    for bad in range(1, nc + nb):
        worth = [0.0] * len(SLOW_EFFECTS.log_shares)
        for ec, chance in fisher(nc, nb, bad, odds).items():
            won = log_cold_bets(nc, ec, nb, bad - ec, b=b, cold=cold, phi=1.0, effects=SLOW_EFFECTS)
            worth = [so_far + chance * exp(log_e) for so_far, log_e in zip(worth, won, strict=True)]
        assert max(worth) <= 1.0 + 1e-9


def test_without_cold_starts_the_odds_are_those_of_a_warm_minute():
    cold = log_cold_bets(60, 40, 540, 250, b=0.5, cold=0.0, phi=1.4, effects=ALL_EFFECTS)
    warm = log_bets(60, 40, 540, 250, offer(0.5), phi=1.4)
    ratios = len(ALL_EFFECTS.ratios)
    assert cold[:ratios] == pytest.approx(warm[:ratios])
    assert cold[-len(ALL_EFFECTS.jumps) :] == [0.0] * len(ALL_EFFECTS.jumps)


def test_cold_starts_explain_little_of_a_median_and_much_of_a_99th_percentile():
    assert explains_little(0.1, 0.5)
    assert not explains_little(0.1, 0.1)
    assert explains_little(0.02, 0.1)
    assert not explains_little(0.02, 0.01)


def test_cold_starts_raise_the_canary_s_share_of_what_is_bad():
    assert share_if_cold(0.1, 0.5, 0.0) == pytest.approx(0.1)
    assert share_if_cold(0.1, 0.01, 0.1) == pytest.approx(0.1 * 12.15 / (0.9 + 0.1 * 12.15), rel=0.01)
