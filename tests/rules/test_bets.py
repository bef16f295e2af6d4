from __future__ import annotations

import itertools
from math import comb, exp, inf, isfinite, log
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.rules.bets import BETS, FAST_JUMPS, RATIOS, SLOW_JUMPS, closest_worse, jumps, log_bets, log_safe_bet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARMS = [(1, 1), (1, 4), (2, 9), (3, 3), (5, 2), (6, 12)]
RATES = [0.0, 0.001, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0]
PREDICTED = [(1e-12, 1e-12), (0.0005, 0.03), (0.01, 0.2), (0.3, 0.6), (0.97, 0.5), (0.9995, 0.9985)]
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
@pytest.mark.parametrize(("slow", "fast"), PREDICTED)
@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_no_bet_is_expected_to_win_while_the_canary_is_no_worse(nc: int, nb: int, slow: float, fast: float, phi: float):
    offered = jumps(slow=slow, fast=fast)
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
    for r, log_e in zip(RATIOS, log_bets(nc, ec, nb, eb, []), strict=True):
        assert log_e == pytest.approx(ec * log(r) - (ec + eb) * log((r * nc + nb) / (nc + nb)))


def test_jump_bets_are_the_likelihood_over_that_of_the_arms_pooled():
    nc, ec, nb, eb, slow, fast = 6, 2, 14, 1, 0.03, 0.1
    rates = [(slow, slow + d) for d in SLOW_JUMPS] + [(fast, fast + d) for d in FAST_JUMPS]
    won = log_bets(nc, ec, nb, eb, jumps(slow=slow, fast=fast))[len(RATIOS) :]
    for (b, above), log_e in zip(rates, won, strict=True):
        a = min(above, 0.999)
        q = (nc * a + nb * b) / (nc + nb)
        chosen = a**ec * (1 - a) ** (nc - ec) * b**eb * (1 - b) ** (nb - eb)
        assert exp(log_e) == pytest.approx(chosen / (q ** (ec + eb) * (1 - q) ** (nc + nb - ec - eb)))


def test_an_outage_of_both_arms_wins_no_ratio_bet():
    assert max(log_bets(60, 12, 540, 108, [])) < 0.0


def test_places_no_bet_on_a_jump_above_the_highest_rate():
    assert log_bets(10, 10, 10, 0, jumps(slow=0.9995, fast=0.9999))[len(RATIOS) :] == [0.0] * 7


def test_each_bet_wins_where_it_is_right():
    nc, nb, b = 60.0, 540.0, 0.02
    offered = jumps(slow=b, fast=b)
    right = [b * r for r in RATIOS] + [b + d for d in (*SLOW_JUMPS, *FAST_JUMPS)]
    for k, a in enumerate(right):
        assert log_bets(nc, nc * min(a, 1.0), nb, nb * b, offered)[k] > 0.0


@settings(deadline=None)
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
        assert all(map(isfinite, log_bets(nc, min(ec, nc), nb, min(eb, nb), jumps(slow=b, fast=b))))
        assert isfinite(log_safe_bet(nc, min(ec, nc), nb, min(eb, nb), b=b, delta=delta))


def test_a_delta_too_small_for_a_float_leaves_the_pair_together():
    assert closest_worse(0.1, b=0.5, delta=1e-18) == 0.5
    assert log_safe_bet(10, 2, 90, 7, b=0.5, delta=1e-18) == 0.0


def divergence(t: float, share: float, b: float, delta: float) -> float:
    def arm(rate: float) -> float:
        return b * log(b / rate) + (1 - b) * log((1 - b) / (1 - rate)) if 0.0 < rate < 1.0 else inf

    return share * arm(t + delta) + (1 - share) * arm(t)
