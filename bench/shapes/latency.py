"""Latency beyond the grid: a warm-up of several minutes after each weight change, and two humps, hits and misses of a cache."""

from __future__ import annotations

from math import erf, log, sqrt
from typing import TYPE_CHECKING

from bench.latency import Limits, between, buckets_of, shares_of_a_day

if TYPE_CHECKING:
    import numpy as np

WARM_UP = ((60.0, 0.40), (120.0, 0.20), (180.0, 0.10), (240.0, 0.05), (300.0, 0.03))
"""Up to how many seconds after a weight change the given share of the canary's requests is slow."""

HIT_MS, MISS_MS, SPREAD = 20.0, 400.0, 0.4
BASE_MISSES, CANARY_MISSES = 0.1, 0.2


def misses_limits(traffic: float, rng: np.random.Generator) -> Limits:
    """Limits and classes of a cache that base misses for a tenth of the requests and the canary for a fifth."""
    limits = tuple(round(_at(share), 1) for share in shares_of_a_day(traffic, rng))
    cuts, inside = buckets_of(limits)
    base, canary = ([_slower(cut, misses) for cut in cuts] for misses in (BASE_MISSES, CANARY_MISSES))
    return Limits(limits, inside, between(base), between(canary))


def _slower(latency: float, misses: float) -> float:
    """The share of requests slower than a latency."""
    return (1.0 - misses) * _tail(latency / HIT_MS) + misses * _tail(latency / MISS_MS)


def _tail(ratio: float) -> float:
    return 0.5 * (1.0 - erf(log(ratio) / SPREAD / sqrt(2.0)))


def _at(share: float) -> float:
    """The latency that this share of base's requests exceeds."""
    low, high = 1.0, 100_000.0
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (middle, high) if _slower(middle, BASE_MISSES) > share else (low, middle)
    return low
