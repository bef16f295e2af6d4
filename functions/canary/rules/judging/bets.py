"""The fifteen bets a minute offers against "the canary is no worse", and the one against "it is worse by delta".

Each function gives ln e, where e is what the bet multiplies its stake by. Every e is an e-value: over the randomness of
the minute its expectation is at most 1 while the hypothesis it bets against holds, whatever the true rates are, so that
the product over minutes may be looked at after each. There are three kinds, because a fault is either a multiple of what
the base does or an amount on top of it, and what the base does is known from earlier minutes or from this one:

* ratio: the canary's bad rate is r times the base's. The base rate cancels, and with it an outage that hits both. A
  minute in which r times the base's rate would be more than every request is passed over, or an outage would leave
  nothing to bet with after it.
  Where bad requests are common, as those slower than the median are, r is a multiple of the odds instead, and the canary's
  good requests count too: bad ones are then the more numerous, and which of them are the canary's tells less than which of
  the canary's are bad.
* rise: the canary's bad rate is d above what the minute itself lets suppose of the base. It is a ratio bet too, with an r
  that follows from how many requests of both arms together were bad, so that it finds a fault inside an outage from the
  outage's first minute on. Some rises are patient: they are passed over in a minute that has far too few bad requests for
  such a rise above the predicted base rate, so that the stake on them is not lost before a fault begins late.
* jump: the canary's bad rate is d above a base rate b that was predicted from earlier minutes. It is measured against
  its closest rival under the null, both arms at q (Turner, Ly and Gruenwald 2024, arXiv 2106.02693).

Ratio and rise may be chosen by the minute's bad requests of both arms together, because given those, which of them are the
canary's is a draw without replacement, whose spread is no larger than with replacement (Hoeffding 1963): for any r the
expectation is at most 1. For the odds it is the same draw read from its other side: given the bad requests of both arms, how
many of the canary's are bad. Whether they are common enough for that is told by their number and by earlier minutes.

Bad requests that come in bursts are not so many witnesses. Where they are `phi` times as spread as independent ones, a bet's
ln e is divided by phi, and by more where it bets on more: by ``phi + 0.2 (phi - 1) ln r`` for a bet that the canary's rate is r
times the base's. One burst in the canary's arm would else win a bet on a large ratio at once.

A metric may be judged on large effects only. Then no bet is on less than twice the rate or less than five points, and most
jumps are of twenty: the same bets with other numbers, so e-values as before.

Counts may be fractions: ln e is linear in them at a fixed share of the arms, so expected counts give its expectation.
Stakes, time, metrics and history are not known here.
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
"""Odds are bet on where bad requests outnumber the canary's, up to this multiple of the predicted rate: beyond is an outage."""

LOG_FAR_TOO_FEW = 3.0
"""A patient rise is passed over where the bad requests of both arms are e^3 times likelier without it."""

SHARES = (0.12, 0.10, 0.07, 0.08, 0.06, 0.10, 0.13, 0.03, 0.03, 0.12, 0.05, 0.02, 0.04, 0.01, 0.04)
"""Each bet's part of what is staked, which sum to 1: less for those that win within a minute or two where they are right."""

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
    """The sizes of the effects that are bet on."""

    ratios: Ratios
    rises: tuple[float, ...]
    patient_rises: tuple[float, ...]
    jumps: tuple[float, ...]


def _effects(
    ratios: tuple[float, ...], rises: tuple[float, ...], patient_rises: tuple[float, ...], jumps: tuple[float, ...]
) -> Effects:
    return Effects(tuple([(ratio - 1.0, log(ratio)) for ratio in ratios]), rises, patient_rises, jumps)


ALL_EFFECTS = _effects(RATIOS, RISES, PATIENT_RISES, JUMPS)
LARGE_EFFECTS = _effects((2.0, 2.0, 3.0, 5.0, 10.0, 30.0), (0.05, 0.20), (0.05, 0.05), (0.20, 0.05, 0.20, 0.60, 0.20))
"""Of a metric judged on large effects only: what a lost route makes, with as many bets of each kind as ever."""


class Offered(NamedTuple):
    """What rests on the base rate `b`, strictly between 0 and 1, that was predicted from earlier minutes only."""

    b: float
    jumps: list[Jump]
    effects: Effects


def offer(b: float, effects: Effects = ALL_EFFECTS) -> Offered:
    """The bets from a base rate that was predicted from earlier minutes only, strictly between 0 and 1."""
    log_b, log_good_b = log(b), log(1.0 - b)
    rates = [min(b + d, HIGHEST_JUMP) for d in effects.jumps]
    jumps = [(b, a - b, log(a), log(1.0 - a), log_b, log_good_b) if a > b else NO_JUMP for a in rates]
    return Offered(b, jumps, effects)


def log_bets(nc: float, ec: float, nb: float, eb: float, offered: Offered, *, phi: float = 1.0) -> list[float]:
    """Ln e of all bets, ratios, then rises, patient ones last, then jumps, for `nc` and `nb` above 0.

    A ratio's is ``ec ln r - (ec + eb) ln((r nc + nb) / (nc + nb))``, and of odds, with bad and good ones of both arms,
    ``ec ln r - nc ln((r bad + good) / (bad + good))``. A jump's is the likelihood of the four counts under (a, b) over that
    under (q, q), ``q = (nc a + nb b) / (nc + nb)``.
    """
    share = nc / (nc + nb)
    bad, good_c, good_b = ec + eb, nc - ec, nb - eb
    good = good_c + good_b
    is_common = nc < bad < MOST_COMMON * offered.b * (nc + nb)
    effects = offered.effects
    won = _log_odds(nc, ec, bad, good, effects, phi) if is_common else _log_ratios(share, ec, bad, good, effects, phi)
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
    """Ln e of all bets in a minute of which is only known that a bad request was the canary's with probability `share` at most.

    Ratios and rises at that share, and no jumps. `b` is the base rate predicted from earlier minutes. So it is in a minute
    in which the weight rose to `share`, whatever both arms' bad rate did within it: bad requests of the base from before
    the rise only make the bets smaller.
    """
    bad = ec + eb
    good = nc + nb - bad
    won = _log_ratios(share, ec, bad, good, effects, phi) + _log_rises(share, ec, bad, good, b, effects, phi)
    return won + [0.0] * len(JUMPS)


def tempered(phi: float, log_r: float) -> float:
    """What ln e of a bet on a ratio r, given by its logarithm, is divided by where bad requests are `phi` times as spread."""
    return phi + BURST_TEMPER * (phi - 1.0) * log_r


def log_safe_bet(nc: float, ec: float, nb: float, eb: float, *, b: float, delta: float) -> float:
    """Ln e against "the canary's bad rate is at least `delta` above the base's".

    The bet is that both are at b; it is measured against the closest pair of that null.
    """
    share = min(max(nc / (nc + nb), _TINY), 1.0 - _TINY)
    t = closest_worse(share, b=b, delta=delta)
    worse = min(t + delta, 1.0 - _TINY)
    canary = ec * log(b / worse) + (nc - ec) * log((1.0 - b) / (1.0 - worse))
    return canary + eb * log(b / t) + (nb - eb) * log((1.0 - b) / (1.0 - t))


def closest_worse(share: float, *, b: float, delta: float) -> float:
    """The base rate t of the pair (t + delta, t) that is closest to (b, b) in Kullback-Leibler divergence.

    `share` is the canary's part of the requests. Measured against that pair the safe bet is an e-value for every pair
    that is delta or more apart (Turner, Ly and Gruenwald 2024). The divergence is convex in t. Its derivative, times
    what is positive, is a cubic, negative at the lower bound and positive at the upper: Newton's steps, or halves where
    one leaves the bounds, which close in at every turn.
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
    """The ratio bets, in the canary's bad requests of all bad ones."""
    return [_log_ratio(share, ec, bad, good, above, log_r) / tempered(phi, log_r) for above, log_r in effects.ratios]


def _log_odds(nc: float, ec: float, bad: float, good: float, effects: Effects, phi: float) -> list[float]:
    """The ratio bets on the odds, in the canary's bad requests of all its requests."""
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
    """No bet where the minute's bad requests would make the canary's rate, at that ratio, 1 or more: an outage is under way."""
    spread = 1.0 + above * share
    return ec * log_r - bad * log(spread) if (1.0 + above) * bad < spread * (bad + good) else 0.0


def _log_rise(share: float, ec: float, bad: float, good: float, rise: float, phi: float) -> float:
    """Ln e of the ratio that a rise of so many points makes over the base rate the minute itself suggests."""
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
