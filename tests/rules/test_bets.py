from __future__ import annotations

import itertools
from math import comb, exp, inf, isfinite, log
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.bets import (
    BETS,
    JUMPS,
    LARGEST_RATIO,
    RATIOS,
    RISES,
    closest_worse,
    jumps,
    log_bets,
    log_safe_bet,
    log_shift_bets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARMS = [(1, 1), (1, 4), (2, 9), (3, 3), (5, 2), (6, 12)]
RATES = [0.0, 0.001, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0]
PREDICTED = [1e-12, 0.0005, 0.01, 0.03, 0.2, 0.3, 0.6, 0.97, 0.9995]
RATE = st.floats(1e-6, 1.0 - 1e-6)


def probabilities(n: int, rate: float) -> list[float]:
    return [comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]


def expectations(nc: int, nb: int, table: dict[tuple[int, int], Sequence[float]], pc: float, pb: float) -> list[float]:
    """The exact expectation of each column of `table`, a row for each outcome (ec, eb)."""
    canary, base = probabilities(nc, pc), probabilities(nb, pb)
    rows = [(canary[ec] * base[eb], row) for (ec, eb), row in table.items()]
    return [sum(p * row[k] for p, row in rows) for k in range(len(rows[0][1]))]


def outcomes(nc: int, nb: int) -> Iterator[tuple[int, int]]:
    return itertools.product(range(nc + 1), range(nb + 1))


def not_worse() -> list[tuple[float, float]]:
    return [(pc, pb) for pc in RATES for pb in RATES if pc <= pb]


@pytest.mark.parametrize(("nc", "nb"), ARMS)
@pytest.mark.parametrize("b", PREDICTED)
@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_no_bet_is_expected_to_win_while_the_canary_is_no_worse(nc: int, nb: int, b: float, phi: float):
    offered = jumps(b)
    table = {(ec, eb): [exp(log_e / phi) for log_e in log_bets(nc, ec, nb, eb, offered)] for ec, eb in outcomes(nc, nb)}
    for pc, pb in not_worse():
        expected = expectations(nc, nb, table, pc, pb)
        assert len(expected) == BETS
        assert max(expected) <= 1.0 + 1e-9, (pc, pb, expected)


def test_the_enumeration_would_notice_a_bet_that_cheats():
    nc, nb = 3, 3
    table = {(ec, eb): [1.05 * exp(log_bets(nc, ec, nb, eb, [])[0])] for ec, eb in outcomes(nc, nb)}
    assert max(expectations(nc, nb, table, pc, pb)[0] for pc, pb in not_worse()) > 1.0


@pytest.mark.parametrize(("nc", "nb"), ARMS)
@pytest.mark.parametrize("b", [1e-6, 0.001, 0.05, 0.3, 0.8, 0.9999])
@pytest.mark.parametrize("delta", [0.005, 0.05, 0.4])
def test_the_safe_bet_is_not_expected_to_win_while_the_canary_is_worse_by_delta(nc: int, nb: int, b: float, delta: float):
    table = {(ec, eb): [exp(log_safe_bet(nc, ec, nb, eb, b=b, delta=delta))] for ec, eb in outcomes(nc, nb)}
    worse = [(pb + delta, pb) for pb in [*RATES, 0.003, 0.2] if pb + delta <= 1.0]
    for pc, pb in [*worse, *((pc, pb) for pc in RATES for pb in RATES if pc > pb + delta)]:
        assert expectations(nc, nb, table, pc, pb)[0] <= 1.0 + 1e-9, (pc, pb)


@pytest.mark.parametrize("delta", [0.02, 0.2])
def test_the_safe_bet_wins_when_the_arms_are_alike(delta: float):
    b, nc, nb = 0.05, 6, 12
    canary, base = probabilities(nc, b), probabilities(nb, b)
    growth = sum(canary[ec] * base[eb] * log_safe_bet(nc, ec, nb, eb, b=b, delta=delta) for ec, eb in outcomes(nc, nb))
    assert growth > 0.0


def test_ratio_bets_follow_their_formula():
    nc, ec, nb, eb = 60, 3, 540, 5
    for r, log_e in zip(RATIOS, log_bets(nc, ec, nb, eb, [])[: len(RATIOS)], strict=True):
        assert log_e == pytest.approx(ec * log(r) - (ec + eb) * log((r * nc + nb) / (nc + nb)))


def test_no_ratio_is_bet_on_that_an_outage_leaves_no_room_for():
    won = log_bets(60, 12, 540, 108, [])
    assert [log_e == 0.0 for log_e in won[: len(RATIOS)]] == [r * 0.2 >= 0.9 + 0.1 * r for r in RATIOS]
    assert log_shift_bets(60, 12, 540, 108, 0.1)[: len(RATIOS)] == won[: len(RATIOS)]


def test_rise_bets_are_ratio_bets_on_the_base_rate_of_the_minute():
    nc, ec, nb, eb = 60, 20, 540, 110
    share, pooled = 0.1, 130 / 600
    for d, log_e in zip(RISES, log_bets(nc, ec, nb, eb, [])[len(RATIOS) :], strict=True):
        r = 1 + d / (pooled - d * share)
        assert log_e == pytest.approx(ec * log(r) - (ec + eb) * log(1 + (r - 1) * share))


@pytest.mark.parametrize(("ec", "eb"), [(1, 0), (1, 1), (2, 0)])
def test_a_rise_above_hardly_any_base_rate_bets_on_the_largest_ratio(ec: int, eb: int):
    won = log_bets(60, ec, 540, eb, [])[len(RATIOS) :]
    assert won == [pytest.approx(ec * log(LARGEST_RATIO) - (ec + eb) * log(1 + (LARGEST_RATIO - 1) * 0.1))] * 2


def test_a_fault_inside_an_outage_wins_the_rise_bet_at_once():
    won = log_bets(600, 150, 5400, 1080, jumps(0.001))
    assert max(won) == won[len(RATIOS)] > 3.0


def test_jump_bets_are_the_likelihood_over_that_of_the_arms_pooled():
    nc, ec, nb, eb, b = 6, 2, 14, 1, 0.03
    won = log_bets(nc, ec, nb, eb, jumps(b))[len(RATIOS) + len(RISES) :]
    for d, log_e in zip(JUMPS, won, strict=True):
        a = min(b + d, 0.999)
        q = (nc * a + nb * b) / (nc + nb)
        chosen = a**ec * (1 - a) ** (nc - ec) * b**eb * (1 - b) ** (nb - eb)
        assert exp(log_e) == pytest.approx(chosen / (q ** (ec + eb) * (1 - q) ** (nc + nb - ec - eb)))


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.3, 0.0), (0.02, 0.9), (0.5, 0.5)])
@pytest.mark.parametrize("weights", [(0.0, 0.25), (0.25, 0.5), (0.5, 0.5), (0.0, 1.0)])
def test_no_bet_is_expected_to_win_whatever_the_split_did_in_the_minute(
    before: float, after: float, weights: tuple[float, float]
):
    """Three requests before the rise and four after it, each in one arm or the other, each bad or not."""
    drawn = {(0, 0): 1.0}
    for rate, weight in [(before, weights[0])] * 3 + [(after, weights[1])] * 4:
        further: dict[tuple[int, int], float] = {}
        for (ec, eb), chance in drawn.items():
            for one, p in (((ec + 1, eb), rate * weight), ((ec, eb + 1), rate * (1 - weight)), ((ec, eb), 1 - rate)):
                further[one] = further.get(one, 0.0) + chance * p
        drawn = further
    for nc in range(8):
        bets = {(ec, eb): [exp(log_e) for log_e in log_shift_bets(nc, ec, 7 - nc, eb, weights[1])] for ec, eb in drawn}
        expected = [sum(chance * bets[counts][k] for counts, chance in drawn.items()) for k in range(BETS)]
        assert max(expected) <= 1.0 + 1e-9


def test_a_fault_in_the_minute_of_a_weight_change_wins_ratio_bets_and_no_others():
    won = log_shift_bets(40, 5, 560, 2, 0.1)
    assert won[0] == pytest.approx(5 * log(1.5) - 7 * log(1.05))
    assert max(won[: len(RATIOS)]) > 4.0
    assert won[len(RATIOS) :] == [0.0] * (len(RISES) + len(JUMPS))


def test_an_outage_of_both_arms_wins_no_bet_that_cancels_the_base_rate():
    assert max(log_bets(60, 12, 540, 108, [])) <= 0.0


def test_places_no_bet_on_a_jump_above_the_highest_rate():
    assert log_bets(10, 10, 10, 0, jumps(0.9995))[len(RATIOS) + len(RISES) :] == [0.0] * 5


def test_each_bet_wins_where_it_is_right():
    nc, nb, b = 60.0, 540.0, 0.02
    offered = jumps(b)
    right = [b * r for r in RATIOS] + [b + d for d in (*RISES, *JUMPS)]
    for k, a in enumerate(right):
        assert log_bets(nc, nc * min(a, 1.0), nb, nb * b, offered)[k] > 0.0


@given(share=RATE, b=RATE, delta=RATE)
def test_finds_the_closest_worse_pair(share: float, b: float, delta: float):
    t = closest_worse(share, b=b, delta=delta)
    assert 0.0 <= t <= b
    assert t + delta <= 1.0 + 1e-12
    here = divergence(t, share, b, delta)
    low, high = max(0.0, b - delta), min(b, 1.0 - delta)
    for other in [low + (high - low) * part for part in (0.001, 0.25, 0.5, 0.75, 0.999)] + [t * 0.999, t * 1.001]:
        if 0.0 < other < 1.0 - delta:
            assert here <= divergence(other, share, b, delta) * (1 + 1e-9) + 1e-12


def test_every_bet_is_a_finite_number():
    draws = Random(1)
    for _ in range(500):
        nc, nb = (round(10 ** draws.uniform(0, 18)) for _ in range(2))
        ec, eb = int(nc * draws.random()), int(nb * draws.random())
        b = min(10 ** draws.uniform(-12, 0), 1.0 - 1e-12)
        delta = min(10 ** draws.uniform(-12, 0), 1.0 - 1e-12)
        assert all(map(isfinite, log_bets(nc, min(ec, nc), nb, min(eb, nb), jumps(b))))
        assert isfinite(log_safe_bet(nc, min(ec, nc), nb, min(eb, nb), b=b, delta=delta))


def test_a_delta_too_small_for_a_float_leaves_the_pair_together():
    assert closest_worse(0.1, b=0.5, delta=1e-18) == 0.5
    assert log_safe_bet(10, 2, 90, 7, b=0.5, delta=1e-18) == 0.0


def divergence(t: float, share: float, b: float, delta: float) -> float:
    def arm(rate: float) -> float:
        return b * log(b / rate) + (1 - b) * log((1 - b) / (1 - rate)) if 0.0 < rate < 1.0 else inf

    return share * arm(t + delta) + (1 - share) * arm(t)
