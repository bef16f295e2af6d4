"""Latency beyond the grid: a warm-up of several minutes after each weight change, and two humps, hits and misses of a cache."""

from __future__ import annotations

from itertools import pairwise
from math import erf, exp, floor, log, sqrt
from typing import TYPE_CHECKING

from bench.latency import ABOVE, BUCKET, Limits, Shares

if TYPE_CHECKING:
    import numpy as np

WARM_UP = ((60.0, 0.40), (120.0, 0.20), (180.0, 0.10), (240.0, 0.05), (300.0, 0.03))
"""Up to how many seconds after a weight change the given share of the canary's requests is slow."""

HIT_MS, MISS_MS, SPREAD = 20.0, 400.0, 0.4
BASE_MISSES, CANARY_MISSES = 0.1, 0.2


def misses_limits(traffic: float, rng: np.random.Generator) -> Limits:
    """Limits and classes of a cache that base misses for a tenth of the requests and the canary for a fifth."""
    errs = [1.25 * (above * (1.0 - above) / (60.0 * traffic * 24.0)) ** 0.5 for above in ABOVE]
    shares = [min(max(float(rng.normal(share, err)), share / 4.0), 0.6) for share, err in zip(ABOVE, errs, strict=True)]
    limits = tuple(round(_at(share), 1) for share in shares)
    cuts: list[float] = []
    inside: list[float] = []
    for limit in limits:
        low = exp(floor(log(limit) / BUCKET) * BUCKET)
        high = low * exp(BUCKET)
        cuts += [low, high]
        inside.append((limit - low) / (high - low))
    return Limits(limits, tuple(inside), _classes(cuts, BASE_MISSES), _classes(cuts, CANARY_MISSES))


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


def _classes(cuts: list[float], misses: float) -> Shares:
    edges = [1.0, *(_slower(cut, misses) for cut in cuts), 0.0]
    return tuple(max(high - low, 0.0) for high, low in pairwise(edges))
