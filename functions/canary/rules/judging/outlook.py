"""How many more canary requests are needed: when the bets would win if the canary were worse by a given effect.

This is an expectation, not a promise: ln e per request at the predicted base rate, for the stakes placed so far. Later stakes
are left out, so the number is a little too high rather than too low. This module does not know the present traffic.
"""

from __future__ import annotations

from math import ceil, exp, inf, log
from typing import TYPE_CHECKING, NamedTuple

from canary.rules.judging.bets import log_bets, offer
from canary.rules.judging.dispersion import total
from canary.rules.judging.evidence import MetricEvidence, effects_of
from canary.rules.judging.families import Family, is_failure
from canary.rules.judging.history import SLICE_MINUTES, BaseHistory
from canary.rules.judging.incident import expected_as_one
from canary.rules.judging.judge import ASSISTED_PART, HISTORY_HELPS, LOG_LIVE_FLOOR
from canary.rules.judging.staking import log_staked, log_sum, stake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.rules.judging.judge import Evidence


class Bars(NamedTuple):
    """Logarithms of what e-values must reach: live alone, assisted alone, either if both are equal, and live in any case."""

    live: float
    assisted: float
    either: float
    floor: float


def requests_needed(evidence: Evidence, *, metric: str, detect: float, share: float) -> int | None:
    """How many more canary requests are expected to be needed to condemn a canary that is worse by `detect` (rate points).

    `share` is the canary's part of the traffic, above 0 and below 1. Whole minutes are judged, so it takes one minute
    at least. 0 once the canary is condemned. None if no bet grows under so small an effect, so that no amount of traffic
    shows it.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be above 0 and below 1, got {share}; give the step's weight as a fraction")
    if evidence.is_condemned:
        return 0
    log_stake = log(evidence.history.stakes[metric])
    return requests_to_reach(
        evidence.metrics[metric],
        evidence.history.bases[metric],
        bars=Bars(
            live=evidence.log_bar - log(1.0 - ASSISTED_PART) - log_stake,
            assisted=evidence.log_bar - log(ASSISTED_PART) - log_stake,
            either=evidence.log_bar - log_stake,
            floor=log_floor(evidence.log_bar, evidence.history.families[metric]) - log_stake,
        ),
        detect=detect,
        share=share,
    )


def requests_to_reach(metric: MetricEvidence, base: BaseHistory, *, bars: Bars, detect: float, share: float) -> int | None:
    """Canary requests until the live evidence reaches its bar, or the assisted reaches its bar and the live the floor.

    None if neither is expected ever to happen.
    """
    added = stake(metric.minutes)
    log_shares = effects_of(base).log_shares
    live = log_staked(metric.live, added, log_shares)
    growth = _growth(metric, base, detect, share, 0.0, base.live_phi)
    if metric.assisted is None:
        routes = [_crossing(live, growth, bars.either)]
    else:
        lent = SLICE_MINUTES if metric.minutes < len(base.slices) else 0
        assisted = log_staked(metric.assisted, added, log_shares)
        assisted_growth = _growth(metric, base, detect, share, lent, base.phi)
        both = (_crossing(live, growth, bars.floor), _crossing(assisted, assisted_growth, bars.assisted))
        routes = [_crossing(live, growth, bars.live), None if None in both else max(n for n in both if n is not None)]
    return min((ceil(n) for n in routes if n is not None), default=None)


def log_floor(log_bar: float, family: Family) -> float:
    """What the live evidence must reach however much history says: for failures, history helps only so much."""
    if not is_failure(family):
        return LOG_LIVE_FLOOR
    return max(LOG_LIVE_FLOOR, log_bar - log(HISTORY_HELPS))


def _growth(metric: MetricEvidence, base: BaseHistory, detect: float, share: float, lent: float, phi: float) -> list[float]:
    """Expected ln e of each bet for one canary request together with base's, and as much of history as `lent` times both."""
    slow = metric.slow.rate
    base_requests = (1.0 - share + lent) / share
    bad = _believed(base, min(slow + detect, 1.0), share)
    return log_bets(1.0, bad, base_requests, base_requests * slow, offer(slow, effects_of(base)), phi=phi)


def _believed(base: BaseHistory, rate: float, share: float) -> float:
    """The canary's bad rate as the bets see it: where it has few requests a minute, several failures count as one."""
    if base.is_slow or base.is_coarse or not base.slices:
        return rate
    requests = share * total(base.slices)[0] / (SLICE_MINUTES * len(base.slices))
    return expected_as_one(requests * rate, requests=requests, usual=base.slow.rate, phi=base.phi) / requests


def _crossing(stakes: Sequence[float], growth: Sequence[float], log_bar: float) -> float | None:
    """The number of requests at which the stakes together reach the bar; at most that of the fastest stake alone."""
    alone = [(log_bar - held) / gain for held, gain in zip(stakes, growth, strict=True) if gain > 0.0]
    if not alone:
        return None
    requests, step = max(0.0, min(alone)), inf
    while step > max(0.5, requests * 1e-3):  # Newton's method from above: the sum's logarithm is convex, so no step overshoots
        logs = [held + requests * gain for held, gain in zip(stakes, growth, strict=True)]
        total = log_sum(logs)
        slope = sum([exp(one - total) * gain for one, gain in zip(logs, growth, strict=True)])
        step = (total - log_bar) / slope if slope > 0.0 else requests
        requests = max(0.0, requests - step)
    return requests
