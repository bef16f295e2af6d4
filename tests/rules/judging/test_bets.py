from __future__ import annotations

import itertools
from math import comb, exp, inf, isfinite, log
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.bets import (
    ALL_EFFECTS,
    BETS,
    JUMPS,
    LARGE_EFFECTS,
    LARGEST_RATIO,
    PATIENT_RISES,
    RATIOS,
    RISES,
    closest_worse,
    log_bets,
    log_safe_bet,
    log_share_bets,
    offer,
    tempered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.judging.bets import Effects

ARMS = [(1, 1), (1, 4), (2, 9), (3, 3), (5, 2), (6, 12)]
RATES = [0.0, 0.001, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0]
PREDICTED = [1e-12, 0.0005, 0.01, 0.03, 0.2, 0.3, 0.6, 0.97, 0.9995]
RATE = st.floats(1e-6, 1.0 - 1e-6)


def probabilities(n: int, rate: float) -> list[float]:
    return [comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]


def expectations(nc: int, nb: int, table: dict[tuple[int, int], Sequence[float]], pc: float, pb: float) -> list[float]:
    """The exact expectation of each column of `table`, with a row for each outcome (ec, eb)."""
    canary, base = probabilities(nc, pc), probabilities(nb, pb)
    rows = [(canary[ec] * base[eb], row) for (ec, eb), row in table.items()]
    return [sum(p * row[k] for p, row in rows) for k in range(len(rows[0][1]))]


def outcomes(nc: int, nb: int) -> Iterator[tuple[int, int]]:
    return itertools.product(range(nc + 1), range(nb + 1))


def not_worse() -> list[tuple[float, float]]:
    return [(pc, pb) for pc in RATES for pb in RATES if pc <= pb]


@pytest.mark.parametrize(("nc", "nb"), ARMS)
@pytest.mark.parametrize("b", PREDICTED)
@pytest.mark.parametrize(("phi", "effects"), [(1.0, ALL_EFFECTS), (2.5, ALL_EFFECTS), (1.0, LARGE_EFFECTS)])
def test_no_bet_is_expected_to_win_while_the_canary_is_no_worse(nc: int, nb: int, b: float, phi: float, effects: Effects):
    offered = offer(b, effects)
    drawn = outcomes(nc, nb)
    table = {(ec, eb): [exp(log_e) for log_e in log_bets(nc, ec, nb, eb, offered, phi=phi)] for ec, eb in drawn}
    for pc, pb in not_worse():
        expected = expectations(nc, nb, table, pc, pb)
        assert len(expected) == BETS
        assert max(expected) <= 1.0 + 1e-9, (pc, pb, expected)


def test_the_enumeration_would_notice_a_bet_that_cheats():
    nc, nb = 3, 3
    table = {(ec, eb): [1.05 * exp(log_bets(nc, ec, nb, eb, offer(0.01))[0])] for ec, eb in outcomes(nc, nb)}
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
    for r, log_e in zip(RATIOS, log_bets(nc, ec, nb, eb, offer(0.01))[: len(RATIOS)], strict=True):
        assert log_e == pytest.approx(ec * log(r) - (ec + eb) * log((r * nc + nb) / (nc + nb)))


def test_where_bad_requests_are_common_ratios_are_of_the_odds():
    nc, ec, nb, eb = 60, 45, 540, 280
    for r, log_e in zip(RATIOS, log_bets(nc, ec, nb, eb, offer(0.5))[: len(RATIOS)], strict=True):
        assert log_e == pytest.approx(ec * log(r) - nc * log(1 + (r - 1) * 325 / 600))


def test_slower_than_the_median_is_found_sooner_by_the_odds():
    """At 1.5 times the latency, 79 % of the canary's requests are slower than base's median."""
    nc, nb = 60.0, 540.0
    of_odds = log_bets(nc, nc * 0.79, nb, nb * 0.5, offer(0.5))[: len(RATIOS)]
    of_rates = log_share_bets(nc, nc * 0.79, nb, nb * 0.5, share=0.1, b=0.5)[: len(RATIOS)]
    assert max(of_odds) > 1.9 * max(of_rates) > 0.0


@pytest.mark.parametrize(("nc", "ec", "nb", "eb", "b"), [(60, 12, 540, 108, 0.01), (400, 120, 600, 180, 0.3)])
def test_an_outage_and_rare_bad_requests_are_not_common(nc: int, ec: int, nb: int, eb: int, b: float):
    bad, share = ec + eb, nc / (nc + nb)
    fitting = [r for r in RATIOS if r * bad < (1 + (r - 1) * share) * (nc + nb)]
    won = log_bets(nc, ec, nb, eb, offer(b))[: len(fitting)]
    assert won == pytest.approx([ec * log(r) - bad * log(1 + (r - 1) * share) for r in fitting])


def test_no_ratio_is_bet_on_that_an_outage_leaves_no_room_for():
    won = log_bets(60, 12, 540, 108, offer(0.01))
    assert [log_e == 0.0 for log_e in won[: len(RATIOS)]] == [r * 0.2 >= 0.9 + 0.1 * r for r in RATIOS]
    assert log_share_bets(60, 12, 540, 108, share=0.1, b=0.01)[: len(RATIOS)] == won[: len(RATIOS)]


def test_rise_bets_are_ratio_bets_on_the_base_rate_of_the_minute():
    nc, ec, nb, eb = 60, 20, 540, 110
    share, pooled = 0.1, 130 / 600
    for d, log_e in zip(RISES, log_bets(nc, ec, nb, eb, offer(0.01))[len(RATIOS) : len(RATIOS) + len(RISES)], strict=True):
        r = 1 + d / (pooled - d * share)
        assert log_e == pytest.approx(ec * log(r) - (ec + eb) * log(1 + (r - 1) * share))


@pytest.mark.parametrize(("ec", "eb"), [(1, 0), (1, 1), (2, 0)])
def test_a_rise_above_hardly_any_base_rate_bets_on_the_largest_ratio(ec: int, eb: int):
    won = log_bets(60, ec, 540, eb, offer(0.01))[len(RATIOS) : len(RATIOS) + len(RISES)]
    assert won == [pytest.approx(ec * log(LARGEST_RATIO) - (ec + eb) * log(1 + (LARGEST_RATIO - 1) * 0.1))] * 2


def test_a_fault_inside_an_outage_wins_the_rise_bet_at_once():
    won = log_bets(600, 150, 5400, 1080, offer(0.001))
    assert max(won) == won[len(RATIOS)] > 3.0


def test_jump_bets_are_the_likelihood_over_that_of_the_arms_pooled():
    nc, ec, nb, eb, b = 6, 2, 14, 1, 0.03
    won = log_bets(nc, ec, nb, eb, offer(b))[-len(JUMPS) :]
    for d, log_e in zip(JUMPS, won, strict=True):
        a = min(b + d, 0.999)
        q = (nc * a + nb * b) / (nc + nb)
        chosen = a**ec * (1 - a) ** (nc - ec) * b**eb * (1 - b) ** (nb - eb)
        assert exp(log_e) == pytest.approx(chosen / (q ** (ec + eb) * (1 - q) ** (nc + nb - ec - eb)))


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.3, 0.0), (0.02, 0.9), (0.5, 0.5)])
@pytest.mark.parametrize("shares", [(0.0, 0.25), (0.25, 0.5), (0.5, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize("effects", [ALL_EFFECTS, LARGE_EFFECTS])
def test_no_bet_is_expected_to_win_whatever_the_split_did_in_the_minute(
    before: float, after: float, shares: tuple[float, float], effects: Effects
):
    """Three requests before the rise and four after it, each in one arm or the other, each bad or not."""
    drawn = {(0, 0): 1.0}
    for rate, share in [(before, shares[0])] * 3 + [(after, shares[1])] * 4:
        further: dict[tuple[int, int], float] = {}
        for (ec, eb), chance in drawn.items():
            for one, p in (((ec + 1, eb), rate * share), ((ec, eb + 1), rate * (1 - share)), ((ec, eb), 1 - rate)):
                further[one] = further.get(one, 0.0) + chance * p
        drawn = further
    for nc in range(8):
        bets = {
            (ec, eb): list(map(exp, log_share_bets(nc, ec, 7 - nc, eb, share=shares[1], b=0.2, effects=effects)))
            for ec, eb in drawn
        }
        expected = [sum(chance * bets[counts][k] for counts, chance in drawn.items()) for k in range(BETS)]
        assert max(expected) <= 1.0 + 1e-9


def test_a_fault_in_the_minute_of_a_weight_change_wins_ratios_and_rises_and_no_jumps():
    won = log_share_bets(40, 5, 560, 2, share=0.1, b=0.01)
    assert won[0] == pytest.approx(5 * log(1.4) - 7 * log(1.04))
    assert max(won[: len(RATIOS)]) > 4.0
    assert won[len(RATIOS)] == pytest.approx(log_bets(60, 5, 540, 2, offer(0.01))[len(RATIOS)])
    assert won[-len(JUMPS) :] == [0.0] * len(JUMPS)


def test_a_patient_rise_is_passed_over_where_there_are_far_too_few_bad_requests_for_it():
    first = len(RATIOS) + len(RISES)
    calm, faulty = (log_bets(600, ec, 5400, 5, offer(0.001))[: -len(JUMPS)] for ec in (0, 25))
    assert calm[len(RATIOS)] < -3.0
    assert calm[first:] == [0.0] * len(PATIENT_RISES)
    assert faulty[first + 1] == faulty[len(RATIOS)] > 3.0


@given(phi=st.floats(1.0, 9.0), log_r=st.floats(0.0, 5.0))
def test_the_temper_is_the_dispersion_and_more_for_larger_ratios(phi: float, log_r: float):
    assert tempered(phi, log_r) == pytest.approx(phi + 0.2 * (phi - 1.0) * log_r)
    assert tempered(1.0, log_r) == 1.0


def test_every_bet_is_tempered_by_what_it_bets_on():
    plain, wild = (log_bets(60, 9, 540, 12, offer(0.02), phi=phi) for phi in (1.0, 3.0))
    divided = [one / other for one, other in zip(plain, wild, strict=True)]
    assert divided[: len(RATIOS)] == pytest.approx([tempered(3.0, log(r)) for r in RATIOS])
    assert divided[-len(JUMPS) :] == pytest.approx([tempered(3.0, log((0.02 + d) / 0.02)) for d in JUMPS])
    rise = 21 / 600 - RISES[0] * 0.1
    assert divided[len(RATIOS)] == pytest.approx(tempered(3.0, log(1 + RISES[0] / rise)))


def worth_of_bursts(share: float, r: float, temper: float) -> float:
    """The expected factor by which one burst, all of it in one arm, multiplies the stake of a ratio bet.

    Its size is geometric with a mean of three, cut at twenty, which makes a dispersion of five.
    """
    worth = 0.0
    for size in range(1, 21):
        spread = (1 + (r - 1) * share) ** (size / temper)
        worth += (1 / 3) * (2 / 3) ** (size - 1) * (share * r ** (size / temper) + 1 - share) / spread
    return worth


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("r", RATIOS)
def test_bursts_hardly_win_a_tempered_bet_on_any_ratio(share: float, r: float):
    assert worth_of_bursts(share, r, tempered(5.0, log(r))) < 1.03


def test_the_dispersion_alone_would_let_a_burst_win_a_bet_on_a_large_ratio():
    assert worth_of_bursts(0.1, 30.0, 5.0) > 1.2


def test_an_outage_of_both_arms_wins_no_bet_that_cancels_the_base_rate():
    assert max(log_bets(60, 12, 540, 108, offer(0.01))) <= 0.0


def test_places_no_bet_on_a_jump_above_the_highest_rate():
    assert log_bets(10, 10, 10, 0, offer(0.9995))[-len(JUMPS) :] == [0.0] * 5


def test_each_bet_wins_where_it_is_right():
    nc, nb, b = 60.0, 540.0, 0.02
    offered = offer(b)
    right = [b * r for r in RATIOS] + [b + d for d in (*RISES, *PATIENT_RISES, *JUMPS)]
    for k, a in enumerate(right):
        assert log_bets(nc, nc * min(a, 1.0), nb, nb * b, offered)[k] > 0.0


def test_large_effects_are_twice_the_rate_or_five_points_at_least_with_as_many_bets_of_each_kind():
    assert min(above for above, _ in LARGE_EFFECTS.ratios) == 1.0
    assert min((*LARGE_EFFECTS.rises, *LARGE_EFFECTS.patient_rises, *LARGE_EFFECTS.jumps)) == 0.05
    assert [*map(len, LARGE_EFFECTS)] == [*map(len, ALL_EFFECTS)]
    assert (ALL_EFFECTS.rises, ALL_EFFECTS.patient_rises, ALL_EFFECTS.jumps) == (RISES, PATIENT_RISES, JUMPS)


def test_a_small_effect_wins_no_bet_on_a_large_one():
    nc, nb, b = 6000.0, 6000.0, 0.03
    for a in (b, b * 1.4, b + 0.01):
        small, large = (max(log_bets(nc, nc * a, nb, nb * b, offer(b, effects))) for effects in (ALL_EFFECTS, LARGE_EFFECTS))
        assert large <= 0.0
        assert small > 0.0 or a == b


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
        assert all(map(isfinite, log_bets(nc, min(ec, nc), nb, min(eb, nb), offer(b))))
        assert isfinite(log_safe_bet(nc, min(ec, nc), nb, min(eb, nb), b=b, delta=delta))


def test_a_delta_too_small_for_a_float_leaves_the_pair_together():
    assert closest_worse(0.1, b=0.5, delta=1e-18) == 0.5
    assert log_safe_bet(10, 2, 90, 7, b=0.5, delta=1e-18) == 0.0


def divergence(t: float, share: float, b: float, delta: float) -> float:
    """The part of an arm that is good is counted from the highest t, because t + delta may round to 1."""

    def arm(bad: float, good: float) -> float:
        return b * log(b / bad) + (1 - b) * log((1 - b) / good) if bad > 0.0 < good else inf

    return share * arm(t + delta, (1.0 - delta) - t) + (1 - share) * arm(t, 1.0 - t)
