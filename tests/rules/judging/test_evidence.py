from __future__ import annotations

import itertools
import random
from dataclasses import replace
from math import comb, exp, factorial, inf, isfinite, log
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canary.rules.judging.bets import (
    ALL_EFFECTS,
    JUMPS,
    LARGE_EFFECTS,
    LARGEST_RATIO,
    PATIENT_RISES,
    RARELY_SLOW_EFFECTS,
    RATIOS,
    RISES,
    SHARES,
    SLOW_EFFECTS,
    Effects,
    log_bets,
    log_safe_bet,
    log_share_bets,
    offer,
)
from canary.rules.judging.cold import explains_little, log_cold_bets, share_if_cold
from canary.rules.judging.counts import Counts
from canary.rules.judging.evidence import (
    MetricEvidence,
    effects_of,
    fold,
    fold_cold,
    fold_shift,
    unfolded,
)
from canary.rules.judging.history import NOTHING_SEEN, PRIOR, BaseHistory, DecayedCounts
from canary.rules.judging.outage import OUTAGE_LONGEST, OUTAGE_WAITS
from canary.rules.judging.staking import kept_for_shifts, log_staked, log_sum, stake
from canary.rules.judging.warm_up import USUAL

if TYPE_CHECKING:
    from collections.abc import Sequence


COLD_SHARE, WARMING_SHARE = USUAL
LOG_SHARES = ALL_EFFECTS.log_shares


def minutes_up_to(most: int) -> st.SearchStrategy[Counts]:
    arm = st.integers(0, most).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
    return st.tuples(arm, arm).map(lambda arms: Counts(*arms[0], *arms[1]))


SMALL_MINUTE, MINUTE, HUGE_MINUTE = minutes_up_to(30), minutes_up_to(300), minutes_up_to(10**15)


def a_base(
    *,
    slow: DecayedCounts = PRIOR,
    recent: DecayedCounts = NOTHING_SEEN,
    phi: float = 1.0,
    slices: tuple[tuple[int, int], ...] = (),
) -> BaseHistory:
    return BaseHistory(slow=slow, recent=recent, phi=phi, slices=slices, is_known=bool(slices))


BASES = [
    a_base(),
    a_base(phi=3.0),
    a_base(slow=DecayedCounts(3000.0, 30.0), phi=1.7, slices=((50, 1), (60, 0))),
    a_base(slow=DecayedCounts(3000.0, 1500.0), recent=DecayedCounts(40.0, 39.0), slices=((50, 20), (60, 30))),
]


def fold_all(base: BaseHistory, minutes: Sequence[Counts], *, delta: float | None = None) -> MetricEvidence:
    metric = replace(unfolded(base), delta=delta)
    for counts in minutes:
        metric = fold(metric, base, counts)
    return metric


def slow_e(base: BaseHistory, minutes: Sequence[Counts], *, lent: bool) -> float:
    """The e-value again, straight from its definition: no logarithms, everything recomputed for every minute."""
    cash, stakes, slices = 1.0, [0.0] * len(SHARES), list(base.slices) if lent else []
    evidence_minutes = 0
    for now, (nc, ec, nb, eb) in enumerate((one.nc, one.ec, one.nb, one.eb) for one in minutes):
        if nc == 0 or nb == 0:
            continue
        added = slow_stake(evidence_minutes)
        b = slow_rate(base.slow, minutes[:now], 0.95)
        helps = [slices.pop(0)] if slices else []
        won = [1e300] * len(SHARES)
        for more, worse in helps + [(0, 0)] * (not helps or has_become_worse(base, minutes[:now], nb, eb)):
            ratios = slow_ratios(nc, nb + more, ec + eb + worse, b)
            tempers = [base.phi + 0.2 * (base.phi - 1) * log(r) for r in ratios]
            bets = slow_bets(nc, ec, nb + more, eb + worse, b)
            won = [min(one, e ** (1 / temper)) for one, e, temper in zip(won, bets, tempers, strict=True)]
        if slow_outage(base, minutes[:now]) >= 4:
            won = slow_beyond(nc, ec, nb, eb, b, base.phi)
        elif slow_outage(base, minutes[: now + 1]) >= 4:
            won = [min(one, 1.0) for one in won]
        else:
            won = [max(one, 1.0) ** slow_part(base, nc, ec) * min(one, 1.0) for one in won]
        staked = [held + added * share for held, share in zip(stakes, SHARES, strict=True)]
        stakes = [held * e for held, e in zip(staked, won, strict=True)]
        cash -= added
        evidence_minutes += 1
    return cash + sum(stakes)


def slow_outage(base: BaseHistory, past: Sequence[Counts]) -> float:
    """How far base's minutes speak for an outage: four begin it, which count as ten, and less than four end it."""
    shown = 0.0
    for now, one in enumerate(past):
        b = base.slow.rate
        worse = max(3 * b / (1 + 2 * b), slow_rate(base.recent, past[:now], 0.9))
        gained = one.eb * log(worse / b) + (one.nb - one.eb) * log((1 - worse) / (1 - b)) if base.is_known else 0.0
        was_out, shown = shown >= 4, min(shown + (gained / base.phi if gained > 0 else gained), 10.0)
        calm, out = (0.0, shown) if was_out else (max(shown, 0.0), 10.0)
        shown = out if shown >= 4 else calm
    return shown


def slow_part(base: BaseHistory, nc: int, ec: int) -> float:
    """The part that counts of what a minute wins: two or three failures of at most twenty requests may be one incident."""
    may_be_one = nc <= 20 and 2 <= ec <= 3 and base.slow.rate < 0.03
    return min(base.phi / ec, 1.0) if may_be_one else 1.0


def slow_beyond(nc: int, ec: int, nb: int, eb: int, b: float, phi: float) -> list[float]:
    """A twentieth of each stake on the canary failing more than eight times as often as base."""
    won = log_share_bets(nc, ec, nb, eb, share=8 * nc / (8 * nc + nb), b=b, phi=phi)
    return [0.95 + 0.05 * exp(log_e) for log_e in won]


def has_become_worse(base: BaseHistory, past: Sequence[Counts], nb: float, eb: float) -> bool:
    """Whether base's bad requests are e^phi times likelier, as Poisson counts, at the rate they show."""
    requests, bad = slow_counts(base.recent, past, 0.9)
    seen = [(nb * base.slow.rate, eb), ((requests * 0.9 + nb) * base.slow.rate, bad * 0.9 + eb)]
    return any(x > mean and x * log(x / mean) - (x - mean) > base.phi for mean, x in seen)


def slow_stake(minute: int) -> float:
    return 0.7 * (0.6 if minute == 0 else 0.25 / 29 if minute < 30 else 0.15 * 30 / (minute * (minute + 1)))


def slow_rate(start: DecayedCounts, past: Sequence[Counts], decay: float) -> float:
    requests, bad = slow_counts(start, past, decay)
    return (bad + 0.5) / (requests + 1)


def slow_counts(start: DecayedCounts, past: Sequence[Counts], decay: float) -> tuple[float, float]:
    seen = [(one.nb, one.eb) for one in past if one.nb]
    ages = range(len(seen) - 1, -1, -1)
    requests = start.requests * decay ** len(seen) + sum(n * decay**age for (n, _), age in zip(seen, ages, strict=True))
    bad = start.bad * decay ** len(seen) + sum(x * decay**age for (_, x), age in zip(seen, ages, strict=True))
    return requests, bad


def slow_bets(nc: int, ec: int, nb: int, eb: int, b: float) -> list[float]:
    share = nc / (nc + nb)  # in the form that the bets have, or a tie would be rounded differently
    fitting = [r if (1.0 + (r - 1.0)) * (ec + eb) < (1.0 + (r - 1.0) * share) * (nc + nb) else 1.0 for r in RATIOS]
    patient = [slow_rise(nc, nb, ec + eb, d) if is_worth_it(nc, nb, ec + eb, b, d) else 1.0 for d in PATIENT_RISES]
    ratios = [*fitting, *(slow_rise(nc, nb, ec + eb, d) for d in RISES), *patient]
    won = [r**ec * ((nc + nb) / (r * nc + nb)) ** (ec + eb) for r in ratios]
    if nc < ec + eb < 2.0 * b * (nc + nb):
        rate = (ec + eb) / (nc + nb)
        won[: len(RATIOS)] = [r**ec / (1.0 + (r - 1.0) * rate) ** nc for r in RATIOS]
    return won + [slow_jump(nc, ec, nb, eb, b, min(b + d, 0.999)) for d in JUMPS]


def is_worth_it(nc: int, nb: int, bad: int, b: float, d: float) -> bool:
    """Whether the bad requests of both arms are less than e^3 times likelier without the rise, as Poisson counts."""
    without, with_rise = (nc + nb) * b, nc * (b + d) + nb * b
    return bad * log(with_rise / without) - (with_rise - without) >= -3.0


def slow_ratios(nc: int, nb: int, bad: int, b: float) -> list[float]:
    """The ratio of each bet."""
    rises = [slow_rise(nc, nb, bad, d) for d in (*RISES, *PATIENT_RISES)]
    return [*RATIOS, *rises, *(max(min(b + d, 0.999) / b, 1.0) for d in JUMPS)]


def slow_rise(nc: int, nb: int, bad: int, d: float) -> float:
    base = bad / (nc + nb) - d * nc / (nc + nb)
    return min(1 + d / base, LARGEST_RATIO) if base > 0 else LARGEST_RATIO


def slow_jump(nc: int, ec: int, nb: int, eb: int, b: float, a: float) -> float:
    if a <= b:
        return 1.0
    q = (nc * a + nb * b) / (nc + nb)
    canary = (a / q) ** ec * ((1 - a) / (1 - q)) ** (nc - ec)
    return canary * (b / q) ** eb * ((1 - b) / (1 - q)) ** (nb - eb)


@example(minutes=[Counts(nc=1, ec=0, nb=14, eb=11)], base=BASES[0])
@given(minutes=st.lists(SMALL_MINUTE, max_size=6), base=st.sampled_from(BASES))
def test_equals_the_e_value_computed_from_its_definition(minutes: list[Counts], base: BaseHistory):
    metric = fold_all(base, minutes)
    assert metric.log_e == pytest.approx(log(slow_e(base, minutes, lent=False)), abs=1e-8, rel=1e-8)
    assert metric.log_e_assisted == pytest.approx(log(slow_e(base, minutes, lent=True)), abs=1e-8, rel=1e-8)


def test_equals_its_definition_beyond_the_first_half_hour_and_the_last_slice():
    minutes = [Counts(7, minute % 3, 20, minute % 4) for minute in range(45)]
    base = a_base(slow=DecayedCounts(300.0, 9.0), phi=1.3, slices=((120, 5),) * 20)
    metric = fold_all(base, minutes)
    assert metric.log_e == pytest.approx(log(slow_e(base, minutes, lent=False)))
    assert metric.log_e_assisted == pytest.approx(log(slow_e(base, minutes, lent=True)))


def test_equals_its_definition_while_the_base_fails_nearly_always():
    minutes = [Counts(5, 5, 9, 9), Counts(5, 5, 9, 8), Counts(4, 1, 9, 9)]
    base = a_base(slow=DecayedCounts(1e6, 1e6))
    assert fold_all(base, minutes).log_e == pytest.approx(log(slow_e(base, minutes, lent=False)))


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 0.9])
@pytest.mark.parametrize("canary", [1.0, 0.5])
def test_e_is_at_most_1_in_expectation_after_two_minutes(rate: float, canary: float):
    base = a_base(slow=DecayedCounts(20.0, 1.0))
    worth = 0.0
    for counts in itertools.product([*arm(2, 4)], repeat=2):
        chance = 1.0
        for one in counts:
            chance *= probability(one.nc, one.ec, rate * canary) * probability(one.nb, one.eb, rate)
        worth += chance * exp(fold_all(base, counts).log_e)
    assert worth <= 1.0 + 1e-9


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_assisted_e_is_at_most_1_in_expectation_while_history_is_like_the_base(rate: float):
    worth = 0.0
    for one, lent in itertools.product(arm(3, 3), range(7)):
        base = a_base(slow=DecayedCounts(20.0, 1.0), slices=((6, lent),))
        chance = probability(one.nc, one.ec, rate) * probability(one.nb, one.eb, rate) * probability(6, lent, rate)
        worth += chance * exp(fold_all(base, [one]).log_e_assisted)
    assert worth <= 1.0 + 1e-9


@pytest.mark.parametrize(("nc", "nb", "requests"), [(1, 4, 4), (1, 9, 12), (2, 6, 12)])
@pytest.mark.parametrize("slow", [DecayedCounts(20.0, 1.0), DecayedCounts(1000.0, 10.0), DecayedCounts(1000.0, 300.0)])
@pytest.mark.parametrize("recent", [NOTHING_SEEN, DecayedCounts(30.0, 3.0)])
def test_no_assisted_bet_is_expected_to_win_though_the_minute_itself_may_hold_it_back(
    nc: int, nb: int, requests: int, slow: DecayedCounts, recent: DecayedCounts
):
    staked = [stake(0) * share for share in SHARES]
    played: dict[tuple[int, int, int], list[float]] = {}
    for lent, one in itertools.product(range(requests + 1), arm(nc, nb)):
        assisted = fold_all(a_base(slow=slow, recent=recent, slices=((requests, lent),)), [one]).assisted
        assert assisted is not None
        played[lent, one.ec, one.eb] = [exp(held) / part for held, part in zip(assisted, staked, strict=True)]
    for rate in (0.01, 0.1, 0.3, 0.6):
        worth = [0.0] * len(SHARES)
        for (lent, ec, eb), won in played.items():
            chance = probability(nc, ec, rate) * probability(nb, eb, rate) * probability(requests, lent, rate)
            worth = [sum_so_far + chance * e for sum_so_far, e in zip(worth, won, strict=True)]
        assert max(worth) <= 1.0 + 1e-9


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_assisted_e_is_at_most_1_in_expectation_in_the_minute_of_a_weight_change(rate: float):
    """Four requests while the weight rises to one half, and a slice of six."""
    worth = 0.0
    for ec, eb, lent in itertools.product(range(5), range(5), range(7)):
        if ec + eb > 4:
            continue
        split = factorial(4) / (factorial(ec) * factorial(eb) * factorial(4 - ec - eb))
        chance = split * (rate * 0.5) ** (ec + eb) * (1 - rate) ** (4 - ec - eb) * probability(6, lent, rate)
        base = a_base(slow=DecayedCounts(20.0, 1.0), slices=((6, lent),))
        worth += chance * exp(fold_shift(unfolded(base), base, Counts(4, ec, 4, eb), 0.5).log_e_assisted)
    assert worth <= 1.0 + 1e-9


CALM_BASE = a_base(slow=DecayedCounts(20_000.0, 20.0), slices=((600, 1),) * 40)
"""A rate of 0.1 %."""

STEADY = Counts(60, 0, 540, 1)
OUTAGE = Counts(60, 12, 540, 108)


def test_an_outage_begins_with_the_minute_that_shows_it_and_ends_with_the_first_calm_ones():
    outages = [metric.is_out for metric in course(CALM_BASE, [STEADY, OUTAGE, OUTAGE, STEADY, STEADY])]
    assert outages == [False, True, True, False, False]


def test_a_single_failure_is_no_outage_and_4xx_have_none():
    assert not fold_all(CALM_BASE, [Counts(60, 0, 540, 1)]).is_out
    assert not fold_all(replace(CALM_BASE, is_coarse=True), [OUTAGE]).is_out


def test_in_an_outage_a_canary_that_fails_twice_as_often_wins_nothing():
    before = fold_all(CALM_BASE, [OUTAGE])
    assert fold(before, CALM_BASE, Counts(60, 24, 540, 108)).log_e <= before.log_e


def test_in_an_outage_a_canary_that_always_fails_is_condemned_while_base_fails_far_less_than_an_eighth():
    assert fold_all(CALM_BASE, [OUTAGE, *[Counts(60, 60, 540, 20)] * 3]).log_e > log(100)


def test_in_an_outage_in_which_base_fails_a_fifth_even_a_canary_that_always_fails_wins_nothing():
    assert fold_all(CALM_BASE, [OUTAGE, *[Counts(60, 60, 540, 108)] * 8]).log_e < 0


def test_a_step_waits_for_an_outage_of_half_an_hour_and_no_longer():
    metrics = course(CALM_BASE, [STEADY, *[OUTAGE] * (OUTAGE_WAITS + 1)])
    assert [metric.is_newly_out for metric in metrics] == [False, *[True] * OUTAGE_WAITS, False]


def test_a_base_that_is_worse_for_good_has_changed_and_hides_nothing_any_longer():
    lasting = fold_all(CALM_BASE, [OUTAGE] * OUTAGE_LONGEST)
    assert (lasting.is_out, lasting.outage_minutes) == (True, OUTAGE_LONGEST)
    twice = Counts(60, 24, 540, 108)
    assert fold(lasting, CALM_BASE, twice).log_e <= lasting.log_e
    for _ in range(9):
        lasting = fold(lasting, CALM_BASE, twice)
    assert not lasting.is_out
    assert lasting.log_e > log(100)


def test_an_outage_of_an_hour_costs_little_of_the_stake():
    assert fold_all(CALM_BASE, [OUTAGE] * 60).log_e > log(0.01)
    assert fold_all(CALM_BASE, [OUTAGE] * 20 + [Counts(60, 3, 540, 0)] * 5).log_e > log(100)


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_e_is_at_most_1_in_expectation_in_and_after_an_outage(rate: float):
    """Whichever minute begins the outage."""
    base = a_base(slow=DecayedCounts(50.0, 1.0), slices=((6, 0),))
    worth = 0.0
    for counts in itertools.product([*arm(1, 4)], repeat=3):
        chance = 1.0
        for one in counts:
            chance *= probability(one.nc, one.ec, rate) * probability(one.nb, one.eb, rate)
        worth += chance * exp(fold_all(base, counts).log_e)
    assert worth <= 1.0 + 1e-9


def course(base: BaseHistory, minutes: Sequence[Counts]) -> list[MetricEvidence]:
    """The evidence after each minute."""
    return [fold_all(base, minutes[: count + 1]) for count in range(len(minutes))]


def arm(nc: int, nb: int) -> list[Counts]:
    return [Counts(nc, ec, nb, eb) for ec in range(nc + 1) for eb in range(nb + 1)]


def probability(n: int, k: int, rate: float) -> float:
    return float(comb(n, k) * rate**k * (1 - rate) ** (n - k))


def test_there_is_a_stake_left_after_any_number_of_weight_changes():
    metric = replace(unfolded(a_base()), shift_minutes=5000)
    assert kept_for_shifts(5000) > 0.0
    assert isfinite(fold_cold(metric, a_base(), Counts(60, 9, 540, 2), 0.1, cold=COLD_SHARE).log_e)


@given(minutes=st.lists(MINUTE, max_size=4), n=st.integers(1, 500), base=st.sampled_from(BASES))
def test_a_silent_canary_is_no_evidence_but_teaches_the_base_rate(minutes: list[Counts], n: int, base: BaseHistory):
    before = fold_all(base, minutes, delta=0.01)
    after = fold(before, base, Counts(0, 0, n, n))
    assert after == replace(
        before, slow=after.slow, recent=after.recent, outage=after.outage, outage_minutes=after.outage_minutes
    )
    assert after.slow == before.slow.after(n, n, decay=0.95)
    assert after.recent == before.recent.after(n, n, decay=0.9)


@given(minutes=st.lists(MINUTE, max_size=4), n=st.integers(0, 500), base=st.sampled_from(BASES))
def test_a_silent_base_is_no_evidence(minutes: list[Counts], n: int, base: BaseHistory):
    before = fold_all(base, minutes, delta=0.01)
    assert fold(before, base, Counts(n, n, 0, 0)) == before


@given(minutes=st.lists(MINUTE, max_size=4), counts=MINUTE, base=st.sampled_from(BASES))
def test_a_minute_in_which_the_weight_rose_plays_only_what_holds_whatever_the_split_did(
    minutes: list[Counts], counts: Counts, base: BaseHistory
):
    before = fold_all(base, minutes, delta=0.01)
    after = fold_shift(before, base, counts, 0.25)
    if counts.nc == 0 or counts.nb == 0 or counts.exceeds(0.25):
        assert after == before
        return
    held = log_staked(before.live, stake(before.minutes) + 0.3 / 2, LOG_SHARES)
    won = share_bets(before, base, counts, 0.25)
    if before.is_out:
        won = [log(0.95 + 0.05 * exp(one)) for one in share_bets(before, base, counts, 0.25 * 8 / (0.75 + 0.25 * 8))]
    elif after.is_out:
        won = [min(one, 0.0) for one in won]
    else:
        won = as_believed(base, counts, won)
    assert after.live == pytest.approx([stake + log_e for stake, log_e in zip(held, won, strict=True)])
    assert (after.minutes, after.shift_minutes) == (before.minutes + 1, 1)
    assert kept_for_shifts(1) == pytest.approx(0.3 / 2)
    assert after.slow == before.slow.after(counts.nb, counts.eb, decay=0.95)
    assert after.log_safe == before.log_safe
    assert after.recent == before.recent.after(counts.nb, counts.eb, decay=0.9)
    assert (after.assisted is None) == (base.slices == ())
    if before.assisted is None or after.assisted is None:
        return
    n = counts.nc + counts.nb
    requests, bad = base.slices[before.minutes] if before.minutes < len(base.slices) else (0, 0)
    held = log_staked(before.assisted, stake(before.minutes) + 0.3 / 2, LOG_SHARES)
    helped = share_bets(before, base, counts, 0.25 * n / (n + requests), lent=(requests, bad))
    if has_become_worse(base, minutes, n * 0.75, counts.eb):
        helped = list(map(min, helped, won))
    if before.is_out or after.is_out:
        helped = won if before.is_out else [min(one, 0.0) for one in helped]
    else:
        helped = as_believed(base, counts, helped)
    assert after.assisted == pytest.approx([stake + log_e for stake, log_e in zip(held, helped, strict=True)])


def as_believed(base: BaseHistory, counts: Counts, won: list[float]) -> list[float]:
    return [max(one, 0.0) * slow_part(base, counts.nc, counts.ec) + min(one, 0.0) for one in won]


def share_bets(
    metric: MetricEvidence, base: BaseHistory, counts: Counts, share: float, *, lent: tuple[int, int] = (0, 0)
) -> list[float]:
    nb, eb = counts.nb + lent[0], counts.eb + lent[1]
    return log_share_bets(counts.nc, counts.ec, nb, eb, share=share, b=metric.slow.rate, phi=base.phi)


@pytest.mark.parametrize(
    ("counts", "share"),
    [
        (Counts(182, 85, 420, 195), 0.1),  # a third of the minute was an earlier rollout's, at a weight of 50 %
        (Counts(6_000, 600, 27_000, 2_700), 0.1),  # half of base's log is late
        (Counts(54_000, 5_400, 3_000, 300), 0.9),
    ],
)
def test_a_weight_change_in_which_the_canary_had_more_than_its_share_is_no_evidence(counts: Counts, share: float):
    base = BASES[0]
    before = fold_all(base, [], delta=0.01)

    assert fold_shift(before, base, counts, share) == before
    assert fold_cold(before, base, counts, share, cold=COLD_SHARE) == before
    assert fold_cold(before, base, counts, None, cold=COLD_SHARE) != before  # the share seen may always be assumed


@given(
    minutes=st.lists(MINUTE, max_size=4),
    counts=MINUTE,
    base=st.sampled_from(BASES),
    share=st.sampled_from([None, 0.25]),
    cold=st.sampled_from([COLD_SHARE, WARMING_SHARE]),
)
def test_a_minute_that_cold_starts_may_explain_plays_a_stake_of_its_own_and_leaves_the_others(
    minutes: list[Counts], counts: Counts, base: BaseHistory, share: float | None, cold: float
):
    before = fold_all(base, minutes, delta=0.01)
    after = fold_cold(before, base, counts, share, cold=cold)
    if counts.nc == 0 or counts.nb == 0 or (share is not None and counts.exceeds(share)):
        assert after == before
        return
    if share is None and explains_little(cold, before.slow.rate):
        return
    cold_share = share_if_cold(share or counts.nc / (counts.nc + counts.nb), before.slow.rate, cold)
    won = share_bets(before, base, counts, cold_share)
    held = before.live or [-inf] * len(SHARES)
    played = [log(0.15 * part) + log_e for part, log_e in zip(SHARES, won, strict=True)]
    assert [*after.live] == pytest.approx([log_sum(both) for both in zip(held, played, strict=True)])
    assert (after.minutes, after.shift_minutes) == (before.minutes, 1)
    assert after.slow == before.slow.after(counts.nb, counts.eb, decay=0.95)
    assert (after.log_safe == before.log_safe) or share is None


SLOW_BASE = replace(a_base(slow=DecayedCounts(3000.0, 1500.0), slices=((900, 450),)), is_slow=True)


def test_a_minute_in_which_cold_starts_explain_little_is_bet_on_like_any_other():
    before = replace(unfolded(SLOW_BASE), delta=0.05)
    counts = Counts(60, 48, 540, 270)

    after = fold_cold(before, SLOW_BASE, counts, None, cold=COLD_SHARE)

    held = log_staked((), stake(0) + 0.3 / 2, SLOW_EFFECTS.log_shares)
    live = log_cold_bets(60, 48, 540, 270, b=before.slow.rate, cold=COLD_SHARE, phi=1.0, effects=SLOW_EFFECTS)
    assert after.live == pytest.approx([one + log_e for one, log_e in zip(held, live, strict=True)])
    helped = log_cold_bets(60, 48, 1440, 720, b=before.slow.rate, cold=COLD_SHARE, phi=1.0, effects=SLOW_EFFECTS)
    assert after.assisted == pytest.approx([one + log_e for one, log_e in zip(held, helped, strict=True)])
    assert (after.minutes, after.shift_minutes) == (1, 1)
    assert after.log_safe == fold(before, SLOW_BASE, counts).log_safe
    assert after.log_e > fold_cold(before, SLOW_BASE, counts, 0.1, cold=COLD_SHARE).log_e + 1.0


@pytest.mark.parametrize(("rate", "effects"), [(0.5, SLOW_EFFECTS), (0.06, SLOW_EFFECTS), (0.01, RARELY_SLOW_EFFECTS)])
def test_a_latency_limit_divides_its_stake_by_how_many_exceed_it(rate: float, effects: Effects):
    base = replace(a_base(slow=DecayedCounts(1e6, 1e6 * rate)), is_slow=True)
    assert effects_of(base) == effects
    assert effects_of(replace(base, is_slow=False)) == ALL_EFFECTS
    counts = Counts(60, 10, 540, 40)
    won = log_bets(60, 10, 540, 40, offer(base.slow.rate, effects))
    held = log_staked((), stake(0), effects.log_shares)
    assert fold(unfolded(base), base, counts).live == pytest.approx([a + b for a, b in zip(held, won, strict=True)])


@pytest.mark.parametrize(("family", "part"), [({}, 1 / 3), ({"is_slow": True}, 1.0), ({"is_coarse": True}, 1.0)])
def test_three_failures_of_a_few_requests_count_as_one_and_slow_requests_do_not(family: dict[str, bool], part: float):
    base = replace(a_base(slow=DecayedCounts(6e4, 60.0)), **family)
    counts = Counts(6, 3, 54, 0)
    won = log_bets(6, 3, 54, 0, offer(base.slow.rate, effects_of(base)))
    held = log_staked((), stake(0), effects_of(base).log_shares)
    believed = [max(one, 0.0) * part + min(one, 0.0) for one in won]
    assert fold(unfolded(base), base, counts).live == pytest.approx([a + b for a, b in zip(held, believed, strict=True)])


def test_that_the_canary_is_safe_is_shown_in_cold_minutes_too_unless_the_weight_rose_in_them():
    base = a_base(slow=DecayedCounts(1000.0, 100.0))
    before = replace(unfolded(base), delta=0.2)
    counts = Counts(60, 7, 540, 54)
    assert fold_cold(before, base, counts, None, cold=COLD_SHARE).log_safe == fold(before, base, counts).log_safe > 0.0
    assert fold_cold(before, base, counts, 0.1, cold=COLD_SHARE).log_safe == 0.0


@pytest.mark.parametrize("b", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("cold", [COLD_SHARE, WARMING_SHARE])
def test_a_cold_start_as_large_as_is_allowed_for_is_no_evidence(b: float, cold: float):
    """Exactly as many requests of the canary are slow because of the cold start as the null hypothesis allows."""
    base = a_base(slow=DecayedCounts(1e6, 1e6 * b))
    metric = unfolded(base)
    slow = round(1000 * (cold + (1 - cold) * b))
    for _ in range(3):
        metric = fold_cold(metric, base, Counts(1000, slow, 9000, round(9000 * b)), None, cold=cold)
    assert metric.log_e < 0.0


@pytest.mark.parametrize("b", [0.05, 0.3])
@pytest.mark.parametrize("cold", [COLD_SHARE, WARMING_SHARE])
def test_a_cold_minute_is_at_most_1_in_expectation_while_cold_starts_explain_it(b: float, cold: float):
    base = a_base(slow=DecayedCounts(1e9, 1e9 * b))
    a, worth = cold + (1 - cold) * b, 0.0
    for counts in arm(4, 5):
        chance = probability(counts.nc, counts.ec, a) * probability(counts.nb, counts.eb, b)
        worth += chance * exp(fold_cold(unfolded(base), base, counts, None, cold=cold).log_e)
    assert worth <= 1.0 + 1e-9


def test_a_canary_slower_than_a_cold_start_explains_is_evidence():
    base = a_base(slow=DecayedCounts(1e5, 5e4))
    metric = fold_cold(unfolded(base), base, Counts(6000, 4740, 54000, 27000), None, cold=COLD_SHARE)
    assert metric.log_e > 100.0


def test_a_minute_without_bad_requests_never_speaks_against_the_canary():
    metric = fold_all(a_base(), [Counts(50, 0, 400, 0)] * 20)
    assert metric.log_e < 0.0


def test_spends_no_slice_on_a_minute_that_is_no_evidence():
    base = a_base(slices=((100, 1), (1000, 10)))
    silent, told = Counts(0, 0, 9, 0), Counts(5, 1, 9, 0)
    late = fold_all(replace(base, slow=DecayedCounts(0.0, 0.0)), [silent, told])
    soon = fold_all(replace(base, slow=late_start(late, told)), [told])
    assert late.minutes == soon.minutes == 1
    assert late.assisted is not None
    assert soon.assisted is not None
    assert late.assisted[: len(RATIOS)] == soon.assisted[: len(RATIOS)]


def late_start(metric: MetricEvidence, told: Counts) -> DecayedCounts:
    return DecayedCounts((metric.slow.requests - told.nb) / 0.95, (metric.slow.bad - told.eb) / 0.95)


def test_a_little_history_more_makes_failures_of_the_canary_rarer_by_chance():
    base = a_base(slow=DecayedCounts(1000.0, 1.0), slices=((6000, 6),) * 10)
    metric = fold_all(base, [Counts(30, 1, 30, 0)] * 5)
    assert metric.log_e_assisted > metric.log_e > 0.0


STEADY = Counts(60, 0, 540, 1)
OUTAGE = Counts(60, 12, 540, 108)


def test_an_outage_does_not_count_against_the_canary_by_a_calm_history():
    base = a_base(slow=DecayedCounts(18_000.0, 18.0), slices=((10_800, 11),) * 40)
    metric = fold_all(base, [OUTAGE] * 6)
    assert metric.log_e_assisted < 0.0
    assert fold_shift(metric, base, OUTAGE, 0.1).log_e_assisted < 0.0


def test_a_calm_minute_of_a_base_that_has_become_worse_is_judged_by_what_it_now_is():
    """Three failures of the canary and none of base, whose rate was 4 % in the minutes before and 0.1 % once."""
    told, now = Counts(21, 3, 189, 0), DecayedCounts(560.0, 22.4)
    same, changed = (
        fold_all(a_base(slow=DecayedCounts(9000.0, 9.0), recent=recent, slices=((3780, 3),) * 40), [told]).log_e_assisted
        for recent in (NOTHING_SEEN, now)
    )
    assert same > 4.0
    assert changed < same - 3.0


def test_a_weight_of_everything_leaves_the_base_no_request_to_be_judged_by():
    base = a_base(slow=DecayedCounts(1800.0, 1.8), slices=((1080, 1),) * 40)
    assert isfinite(fold_shift(unfolded(base), base, Counts(60, 3, 5, 5), 1.0).log_e_assisted)


def test_assisted_is_live_where_history_lends_nothing():
    metric = fold_all(a_base(), [Counts(10, 3, 90, 1)] * 3)
    assert metric.assisted is None
    assert metric.log_e_assisted == metric.log_e


def test_dispersion_tempers_what_a_minute_says():
    minute = [Counts(60, 20, 540, 2)]
    calm, wild = (fold_all(a_base(phi=phi), minute).log_e for phi in (1.0, 3.0))
    assert 0.0 < wild < calm / 2


@given(minutes=st.lists(HUGE_MINUTE, max_size=5), base=st.sampled_from(BASES))
def test_huge_counts_give_finite_logarithms(minutes: list[Counts], base: BaseHistory):
    metric = fold_all(base, minutes, delta=0.005)
    assert all(map(isfinite, (metric.log_e, metric.log_e_assisted, metric.log_safe, *metric.live)))


def test_evidence_far_beyond_the_largest_float_keeps_its_logarithm():
    metric = fold_all(a_base(), [Counts(10**9, 10**9, 10**9, 0)] * 3)
    assert metric.log_e > 1e9


def test_the_safe_value_grows_only_with_a_delta():
    minutes = [Counts(100, 1, 900, 9)] * 5
    assert fold_all(a_base(), minutes).log_safe == 0.0
    assert fold_all(a_base(), minutes, delta=0.05).log_safe > 0.0


def test_the_safe_value_is_tempered_too():
    minutes = [Counts(100, 1, 900, 9)]
    calm, wild = (fold_all(a_base(phi=phi), minutes, delta=0.05).log_safe for phi in (1.0, 3.0))
    assert wild == pytest.approx(calm / 3)


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_e_is_at_most_1_in_expectation_across_a_weight_change(rate: float):
    """A minute at one request in ten, the minute in which the weight rises to one half, and one at one half."""
    base = a_base(slow=DecayedCounts(20.0, 1.0))
    worth = 0.0
    for before, after in itertools.product(arm(1, 3), arm(2, 2)):
        for ec, eb in itertools.product(range(4), repeat=2):
            if ec + eb > 3:
                continue
            split = factorial(3) / (factorial(ec) * factorial(eb) * factorial(3 - ec - eb))
            chance = split * (rate * 0.5) ** (ec + eb) * (1 - rate) ** (3 - ec - eb)
            for one in (before, after):
                chance *= probability(one.nc, one.ec, rate) * probability(one.nb, one.eb, rate)
            metric = fold(unfolded(base), base, before)
            metric = fold(fold_shift(metric, base, Counts(3, ec, 3, eb), 0.5), base, after)
            worth += chance * exp(metric.log_e)
    assert worth <= 1.0 + 1e-9


def test_a_fault_that_begins_with_a_weight_change_finds_a_fresh_stake():
    base = a_base(slow=DecayedCounts(3000.0, 3.0))
    calm, bad = [Counts(60, 0, 540, 1)] * 20, [Counts(150, 4, 450, 1)] * 3
    plain = changed = fold_all(base, calm)
    changed = fold_shift(changed, base, Counts(100, 0, 500, 0), 0.25)
    plain = fold(plain, base, Counts(100, 0, 500, 0))
    for counts in bad:
        plain, changed = fold(plain, base, counts), fold(changed, base, counts)
    assert changed.log_e > plain.log_e + 0.5


# Metrics judged on large effects only

COARSE = replace(BASES[2], is_coarse=True)
"""With a dispersion of 1.7 in time, and history to lend."""


def test_a_coarse_metric_bets_on_large_effects_and_its_own_minute_is_not_tempered():
    counts = Counts(60, 20, 540, 20)
    metric = fold(replace(unfolded(COARSE), delta=0.05), COARSE, counts)
    offered = offer(COARSE.slow.rate, LARGE_EFFECTS)
    won = log_bets(60, 20, 540, 20, offered)
    staked = log_staked((), stake(0), LOG_SHARES)
    assert metric.live == pytest.approx([held + log_e for held, log_e in zip(staked, won, strict=True)])
    assert metric.log_safe == log_safe_bet(60, 20, 540, 20, b=COARSE.slow.rate, delta=0.05)


def test_what_history_lends_a_coarse_metric_is_tempered_by_how_it_clusters_in_time():
    metric = fold(unfolded(COARSE), COARSE, Counts(60, 6, 540, 5))
    (requests, bad), offered = COARSE.slices[0], offer(COARSE.slow.rate, LARGE_EFFECTS)
    won = log_bets(60, 6, 540 + requests, 5 + bad, offered, phi=1.7)
    assert metric.assisted is not None
    assert metric.assisted == pytest.approx(
        [held + log_e for held, log_e in zip(log_staked((), stake(0), LOG_SHARES), won, strict=True)]
    )


def test_a_coarse_metric_bets_on_large_effects_at_weight_changes_and_while_cold_too():
    counts = Counts(60, 20, 540, 20)
    shift = fold_shift(unfolded(COARSE), COARSE, counts, 0.1)
    won = log_share_bets(60, 20, 540, 20, share=0.1, b=COARSE.slow.rate, effects=LARGE_EFFECTS)
    held = log_staked((), stake(0) + 0.3 / 2, LOG_SHARES)
    assert shift.live == pytest.approx([one + log_e for one, log_e in zip(held, won, strict=True)])
    cold = fold_cold(unfolded(COARSE), COARSE, counts, 0.1, cold=0.1)
    share = share_if_cold(0.1, COARSE.slow.rate, 0.1)
    won = log_share_bets(60, 20, 540, 20, share=share, b=COARSE.slow.rate, effects=LARGE_EFFECTS)
    assert cold.live == pytest.approx(
        [one + log_e for one, log_e in zip(log_staked((), 0.3 / 2, LOG_SHARES), won, strict=True)]
    )


def test_callers_that_come_in_bursts_condemn_no_canary():
    draw = random.Random(8)
    runs, high = 150, 0
    for _ in range(runs):
        metric, highest = unfolded(COARSE), 0.0
        for _ in range(30):
            rate = 0.03 if draw.random() < 0.7 else draw.uniform(0.1, 0.6)
            ec, eb = (sum(draw.random() < rate for _ in range(n)) for n in (30, 90))
            metric = fold(metric, COARSE, Counts(30, ec, 90, eb))
            highest = max(highest, metric.log_e)
        high += highest >= log(10)
    assert high / runs < 0.1
