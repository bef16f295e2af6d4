"""The thirteen bets a minute offers against "the canary is no worse", and the one against "it is worse by delta".

Each function gives ln e, where e is what the bet multiplies its stake by. Every e is an e-value: over the randomness of
the minute its expectation is at most 1 while the hypothesis it bets against holds, whatever the true rates are, so that
the product over minutes may be looked at after each. There are three kinds, because a fault is either a multiple of what
the base does or an amount on top of it, and what the base does is known from earlier minutes or from this one:

* ratio: the canary's bad rate is r times the base's. The base rate cancels, and with it an outage that hits both. A
  minute in which r times the base's rate would be more than every request is passed over, or an outage would leave
  nothing to bet with after it.
* rise: the canary's bad rate is d above what the minute itself lets suppose of the base. It is a ratio bet too, with an r
  that follows from how many requests of both arms together were bad, so that it finds a fault inside an outage from the
  outage's first minute on.
* jump: the canary's bad rate is d above a base rate b that was predicted from earlier minutes. It is measured against
  its closest rival under the null, both arms at q (Turner, Ly and Gruenwald 2024, arXiv 2106.02693).

Ratio and rise may be chosen by the minute's bad requests of both arms together, because given those, which of them are the
canary's is a draw without replacement, whose spread is no larger than with replacement (Hoeffding 1963): for any r the
expectation is at most 1.

Counts may be fractions: ln e is linear in them at a fixed share of the arms, so expected counts give its expectation.
Stakes, time, metrics and history are not known here.
"""

from __future__ import annotations

from math import log

RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
JUMPS = (0.01, 0.05, 0.20, 0.60, 0.97)
RISES = (0.05, 0.20)
LARGEST_RATIO = 100.0
BETS = len(RATIOS) + len(RISES) + len(JUMPS)
HIGHEST_JUMP = 0.999

SHARES = (0.08, 0.16, 0.10, 0.08, 0.08, 0.12, 0.14, 0.04, 0.08, 0.04, 0.03, 0.01, 0.04)
"""Each bet's part of what is staked, which sum to 1: less for those that win within a minute or two where they are right."""

_RATIOS = tuple((ratio - 1.0, log(ratio)) for ratio in RATIOS)
_PRECISION = 1e-13
# Keeps quotients finite where one arm has a billionth of the other's requests, or a rate rounds to 1.
_TINY = 1e-12

# The rates (a, b) and what ln e needs of them: b, a - b, ln a, ln(1 - a), ln b, ln(1 - b). A plain tuple, because five
# are made for every metric and minute.
Jump = tuple[float, float, float, float, float, float]
NO_JUMP: Jump = (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)


def jumps(b: float) -> list[Jump]:
    """The jump bets from a base rate, strictly between 0 and 1, that was predicted from earlier minutes only."""
    log_b, log_good_b = log(b), log(1.0 - b)
    rates = [min(b + d, HIGHEST_JUMP) for d in JUMPS]
    return [(b, a - b, log(a), log(1.0 - a), log_b, log_good_b) if a > b else NO_JUMP for a in rates]


def log_bets(nc: float, ec: float, nb: float, eb: float, offered: list[Jump]) -> list[float]:
    """Ln e of all bets, ratios, then rises, then the jumps `offered`, for `nc` and `nb` above 0.

    A ratio's is ``ec ln r - (ec + eb) ln((r nc + nb) / (nc + nb))``. A jump's is the likelihood of the four counts
    under (a, b) over that under (q, q), ``q = (nc a + nb b) / (nc + nb)``.
    """
    share = nc / (nc + nb)
    bad, good_c, good_b = ec + eb, nc - ec, nb - eb
    good = good_c + good_b
    won = [_log_ratio(share, ec, bad, good, above, log_r) for above, log_r in _RATIOS]
    won += [_log_rise(share, ec, bad, rise, bad / (nc + nb)) for rise in RISES] if bad else [0.0] * len(RISES)
    for b, rise, log_a, log_good_a, log_b, log_good_b in offered:
        log_chosen = ec * log_a + good_c * log_good_a + eb * log_b + good_b * log_good_b
        log_rival = bad * log(b + rise * share) + good * log(1.0 - b - rise * share)
        won.append(log_chosen - log_rival if rise else 0.0)
    return won


def log_shift_bets(nc: float, ec: float, nb: float, eb: float, weight: float) -> list[float]:
    """Ln e of all bets in a minute in which the weight rose to `weight` (a fraction): ratios at that share, no others.

    Whatever both arms' bad rate did within the minute, a bad request was the canary's with probability `weight` at most.
    Bad requests of the base from before the rise only make the bets smaller.
    """
    bad = ec + eb
    won = [_log_ratio(weight, ec, bad, nc + nb - bad, above, log_r) for above, log_r in _RATIOS]
    return won + [0.0] * (BETS - len(won))


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


def _log_ratio(share: float, ec: float, bad: float, good: float, above: float, log_r: float) -> float:
    """No bet where the minute's bad requests would make the canary's rate, at that ratio, 1 or more: an outage is under way."""
    spread = 1.0 + above * share
    return ec * log_r - bad * log(spread) if (1.0 + above) * bad < spread * (bad + good) else 0.0


def _log_rise(share: float, ec: float, bad: float, rise: float, pooled: float) -> float:
    """Ln e of the ratio that a rise of so many points makes over the base rate the minute itself suggests."""
    b = pooled - rise * share
    above = rise / b if b * (LARGEST_RATIO - 1.0) > rise else LARGEST_RATIO - 1.0
    return ec * log(1.0 + above) - bad * log(1.0 + above * share)


def _cubic(t: float, share: float, b: float, delta: float) -> tuple[float, float]:
    """Value and slope at t of ``share (t+delta-b) t(1-t) + (1-share) (t-b) (t+delta)(1-t-delta)``."""
    worse = t + delta
    canary, base = t * (1.0 - t), worse * (1.0 - worse)
    value = share * (worse - b) * canary + (1.0 - share) * (t - b) * base
    slope = share * (canary + (worse - b) * (1.0 - 2.0 * t)) + (1.0 - share) * (base + (t - b) * (1.0 - 2.0 * worse))
    return value, slope
