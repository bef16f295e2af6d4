"""The fifteen bets of each minute against "the canary is no worse", and the one bet against "it is worse by delta".

Each function returns ln e, where e is the factor by which the minute multiplies the stake on the bet. Every e is an e-value:
while the hypothesis that it bets against holds, its expectation over the minute's randomness is at most 1, whatever the true
rates are. So the product over minutes may be read after each of them. A fault either multiplies base's bad rate or adds to it,
and base's rate is known from earlier minutes or from this one. Hence three kinds of bets:

* ratio: the canary's bad rate is r times base's. Base's rate cancels out, and so does an outage that hits both arms. The bet is
  skipped in a minute in which r times base's rate would be more than 100 %; otherwise an outage would use up the stake.
  Where bad requests are common, such as those slower than the median, r is a multiple of the odds instead, and the canary's
  good requests count too. Most requests may then be bad, so how many of the canary's requests are bad says more than how many
  of the bad ones are the canary's.
* rise: the canary's bad rate is d above base's rate as the minute itself suggests it. This is a ratio bet whose r follows from
  how many requests of both arms together were bad, so it finds a fault inside an outage from the outage's first minute on.
  Some rises are patient: they are skipped in a minute that has far too few bad requests for such a rise above the predicted
  base rate. That saves their stake for a fault that begins late.
* jump: the canary's bad rate is d above a base rate b that was predicted from earlier minutes. It is measured against
  its closest rival under the null, both arms at q (Turner, Ly and Gruenwald 2024, arXiv 2106.02693).

Ratios and rises may depend on the minute's total of bad requests. Given that total, which of them are the canary's is a draw
without replacement, whose spread is no larger than with replacement (Hoeffding 1963), so the expectation is at most 1 for any
r. The odds use the same draw seen from the other side: given the total, how many of the canary's requests are bad. Whether bad
requests are common enough for the odds is decided from that total and from earlier minutes.

Bad requests that come in bursts are not independent witnesses. If they are `phi` times as dispersed as independent ones, a
bet's ln e is divided by phi, and by more if it bets on a larger effect: by ``phi + 0.2 (phi - 1) ln r`` for a bet that the
canary's rate is r times base's. Otherwise a single burst in the canary's arm would win a bet on a large ratio.

A metric may be judged on large effects only. Then no bet is on less than twice the rate or on less than five points, and most
jumps are of twenty points. These are the same bets with other numbers, so they are still e-values.

Counts may be fractions: ln e is linear in them at a fixed share, so expected counts give its expectation.
This module does not know stakes, time, metrics or history.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

RATIOS = (1.4, 2.0, 3.0, 5.0, 10.0, 30.0)
JUMPS = (0.01, 0.05, 0.20, 0.60, 0.97)
RISES = (0.05, 0.20)
PATIENT_RISES = (0.02, 0.05)
LARGEST_RATIO = 100.0
BETS = len(RATIOS) + len(RISES) + len(PATIENT_RISES) + len(JUMPS)
HIGHEST_JUMP = 0.999
BURST_TEMPER = 0.2
MOST_COMMON = 2.0
"""Odds are bet on if more requests are bad than the canary has, up to this multiple of the predicted rate. Above: an outage."""

LOG_FAR_TOO_FEW = 3.0
"""A patient rise is skipped if the bad requests of both arms are e^3 times as likely without it."""

SHARES = (0.12, 0.10, 0.07, 0.08, 0.06, 0.10, 0.13, 0.03, 0.03, 0.12, 0.05, 0.02, 0.04, 0.01, 0.04)
"""Each bet's part of what is staked; the parts sum to 1. Bets that win within a minute or two when they are right get less."""

SLOW_SHARES = (0.16, 0.38, 0.26, 0.12, 0.02, 0.005, 0.02, 0.005, 0.005, 0.01, 0.005, 0.005, 0.005, 0.003, 0.002)
RARELY_SLOW_SHARES = (0.08, 0.22, 0.27, 0.20, 0.10, 0.05, 0.02, 0.01, 0.01, 0.02, 0.005, 0.005, 0.005, 0.003, 0.002)
"""The parts for a latency limit that many of base's requests exceed, and for one that few do. A slower release multiplies the
odds of being slow by two to five; it hardly ever makes every request slow, which is what rises and jumps are for.
"""

MANY_SLOW = 0.05
"""The share of base's requests above which many exceed a limit."""

_PRECISION = 1e-13
# Keeps quotients finite where one arm has a billionth of the other's requests, or a rate rounds to 1.
_TINY = 1e-12

# Each ratio r as r - 1 and ln r.
Ratios = tuple[tuple[float, float], ...]

# The rates (a, b) and what ln e needs of them: b, a - b, ln a, ln(1 - a), ln b, ln(1 - b). A plain tuple, because five
# are made for every metric and minute.
Jump = tuple[float, float, float, float, float, float]
NO_JUMP: Jump = (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)


class Effects(NamedTuple):
    """The sizes of the effects that are bet on, and the logarithm of each bet's part of the stake."""

    ratios: Ratios
    rises: tuple[float, ...]
    patient_rises: tuple[float, ...]
    jumps: tuple[float, ...]
    log_shares: tuple[float, ...]


def _effects(
    ratios: tuple[float, ...],
    rises: tuple[float, ...],
    patient_rises: tuple[float, ...],
    jumps: tuple[float, ...],
    shares: tuple[float, ...] = SHARES,
) -> Effects:
    above = tuple([(ratio - 1.0, log(ratio)) for ratio in ratios])
    return Effects(above, rises, patient_rises, jumps, tuple(map(log, shares)))


ALL_EFFECTS = _effects(RATIOS, RISES, PATIENT_RISES, JUMPS)
LARGE_EFFECTS = _effects((2.0, 2.0, 3.0, 5.0, 10.0, 30.0), (0.05, 0.20), (0.05, 0.05), (0.20, 0.05, 0.20, 0.60, 0.20))
"""For a metric judged on large effects only, such as a lost route has; the number of bets of each kind stays the same."""

SLOW_EFFECTS = _effects(RATIOS, RISES, PATIENT_RISES, JUMPS, SLOW_SHARES)
RARELY_SLOW_EFFECTS = _effects(RATIOS, RISES, PATIENT_RISES, JUMPS, RARELY_SLOW_SHARES)
"""For latency limits."""


class Offered(NamedTuple):
    """The bets that depend on the base rate `b`, strictly between 0 and 1, predicted from earlier minutes only."""

    b: float
    jumps: list[Jump]
    effects: Effects


def offer(b: float, effects: Effects = ALL_EFFECTS) -> Offered:
    """The bets for a base rate, strictly between 0 and 1, predicted from earlier minutes only."""
    log_b, log_good_b = log(b), log(1.0 - b)
    rates = [min(b + d, HIGHEST_JUMP) for d in effects.jumps]
    jumps = [(b, a - b, log(a), log(1.0 - a), log_b, log_good_b) if a > b else NO_JUMP for a in rates]
    return Offered(b, jumps, effects)


def log_bets(nc: float, ec: float, nb: float, eb: float, offered: Offered, *, phi: float = 1.0) -> list[float]:
    """Ln e of all bets, for `nc` and `nb` above 0: ratios, then rises with the patient ones last, then jumps.

    A ratio's ln e is ``ec ln r - (ec + eb) ln((r nc + nb) / (nc + nb))``. On the odds it is
    ``ec ln r - nc ln((r bad + good) / (bad + good))``, with bad and good requests of both arms. A jump's e is the likelihood of
    the four counts under (a, b) divided by that under (q, q), ``q = (nc a + nb b) / (nc + nb)``.
    """
    share = nc / (nc + nb)
    bad, good_c, good_b = ec + eb, nc - ec, nb - eb
    good = good_c + good_b
    effects = offered.effects
    is_on_odds = is_common(nc, nb, bad, offered.b)
    won = _log_odds(nc, ec, bad, good, effects, phi) if is_on_odds else _log_ratios(share, ec, bad, good, effects, phi)
    won += _log_rises(share, ec, bad, good, offered.b, effects, phi)
    for b, rise, log_a, log_good_a, log_b, log_good_b in offered.jumps:
        log_chosen = ec * log_a + good_c * log_good_a + eb * log_b + good_b * log_good_b
        log_rival = bad * log(b + rise * share) + good * log(1.0 - b - rise * share)
        won.append((log_chosen - log_rival) / tempered(phi, log_a - log_b) if rise else 0.0)
    return won


def log_share_bets(
    nc: float,
    ec: float,
    nb: float,
    eb: float,
    *,
    share: float,
    b: float,
    phi: float = 1.0,
    effects: Effects = ALL_EFFECTS,
) -> list[float]:
    """Ln e of all bets if all that is known is that a bad request was the canary's with probability `share` at most.

    This is so in a minute in which the weight rose to `share`, whatever the bad rate of both arms did within it: base's bad
    requests from before the rise only make the bets smaller. Ratios and rises are bet on at that share, jumps are not.
    `b` is the base rate predicted from earlier minutes.
    """
    bad = ec + eb
    good = nc + nb - bad
    won = _log_ratios(share, ec, bad, good, effects, phi) + _log_rises(share, ec, bad, good, b, effects, phi)
    return won + [0.0] * len(JUMPS)


def is_common(nc: float, nb: float, bad: float, b: float) -> bool:
    """Whether bad requests are so common, in both arms together, that the ratios are bet on the odds."""
    return nc < bad < MOST_COMMON * b * (nc + nb)


def tempered(phi: float, log_r: float) -> float:
    """The divisor of ln e for a bet on a ratio r, given as ln r, where bad requests have the dispersion `phi`."""
    return phi + BURST_TEMPER * (phi - 1.0) * log_r


def log_safe_bet(nc: float, ec: float, nb: float, eb: float, *, b: float, delta: float) -> float:
    """Ln e against "the canary's bad rate is at least `delta` above base's".

    The bet is that both rates are b; it is measured against the closest pair of that null.
    """
    share = min(max(nc / (nc + nb), _TINY), 1.0 - _TINY)
    t = closest_worse(share, b=b, delta=delta)
    worse = min(t + delta, 1.0 - _TINY)
    canary = ec * log(b / worse) + (nc - ec) * log((1.0 - b) / (1.0 - worse))
    return canary + eb * log(b / t) + (nb - eb) * log((1.0 - b) / (1.0 - t))


def closest_worse(share: float, *, b: float, delta: float) -> float:
    """The base rate t of the pair (t + delta, t) that is closest to (b, b) in Kullback-Leibler divergence.

    `share` is the canary's part of the requests. Measured against that pair, the safe bet is an e-value for every pair that is
    delta or more apart (Turner, Ly and Gruenwald 2024). The divergence is convex in t. Its derivative, times a positive factor,
    is a cubic that is negative at the lower bound and positive at the upper one. The root is found by Newton's method, with
    bisection where a step would leave the bounds; the bounds shrink in every round.
    """
    low, high = max(0.0, b - delta), min(b, 1.0 - delta)
    t = (low + high) / 2.0
    while low < t < high:
        value, slope = _cubic(t, share, b, delta)
        low, high = (t, high) if value < 0.0 else (low, t)
        following = t - value / slope if slope else low
        if abs(following - t) <= _PRECISION * t:
            break
        t = following if low < following < high else (low + high) / 2.0
    return t


def _log_ratios(share: float, ec: float, bad: float, good: float, effects: Effects, phi: float) -> list[float]:
    """The ratio bets, on how many of all bad requests are the canary's."""
    if not bad:
        return [0.0] * len(effects.ratios)
    return [_log_ratio(share, ec, bad, good, above, log_r) / tempered(phi, log_r) for above, log_r in effects.ratios]


def _log_odds(nc: float, ec: float, bad: float, good: float, effects: Effects, phi: float) -> list[float]:
    """The ratio bets on the odds, on how many of the canary's requests are bad."""
    rate = bad / (bad + good)
    return [(ec * log_r - nc * log(1.0 + above * rate)) / tempered(phi, log_r) for above, log_r in effects.ratios]


def _log_rises(share: float, ec: float, bad: float, good: float, predicted: float, effects: Effects, phi: float) -> list[float]:
    """The rises, patient ones last."""
    if not bad:
        return [0.0] * (len(RISES) + len(PATIENT_RISES))
    won = [_log_rise(share, ec, bad, good, rise, phi) for rise in effects.rises]
    for rise in effects.patient_rises:
        is_far_too_few = bad * log(1.0 + rise * share / predicted) - (bad + good) * rise * share < -LOG_FAR_TOO_FEW
        won.append(0.0 if is_far_too_few else _log_rise(share, ec, bad, good, rise, phi))
    return won


def _log_ratio(share: float, ec: float, bad: float, good: float, above: float, log_r: float) -> float:
    """Ln e of one ratio; no bet if the minute's bad requests imply a canary rate of 1 or more at it: that is an outage."""
    spread = 1.0 + above * share
    return ec * log_r - bad * log(spread) if (1.0 + above) * bad < spread * (bad + good) else 0.0


def _log_rise(share: float, ec: float, bad: float, good: float, rise: float, phi: float) -> float:
    """Ln e of the ratio that a rise of so many points means over the base rate that the minute itself suggests."""
    b = bad / (bad + good) - rise * share
    above = rise / b if b * (LARGEST_RATIO - 1.0) > rise else LARGEST_RATIO - 1.0
    log_r = log(1.0 + above)
    return (ec * log_r - bad * log(1.0 + above * share)) / tempered(phi, log_r)


def _cubic(t: float, share: float, b: float, delta: float) -> tuple[float, float]:
    """Value and slope at t of ``share (t+delta-b) t(1-t) + (1-share) (t-b) (t+delta)(1-t-delta)``."""
    worse = t + delta
    canary, base = t * (1.0 - t), worse * (1.0 - worse)
    value = share * (worse - b) * canary + (1.0 - share) * (t - b) * base
    slope = share * (canary + (worse - b) * (1.0 - 2.0 * t)) + (1.0 - share) * (base + (t - b) * (1.0 - 2.0 * worse))
    return value, slope
