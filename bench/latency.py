"""Latency limits derived from a day of history, and slow requests as CloudWatch counts them.

A trimmed count is interpolated within a bucket that is ten percent wide. So latencies fall into classes: the buckets that
contain a limit, and the ranges between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp, floor, log

import numpy as np

from bench.cells import LOG_SPREAD, MEDIAN_MS, PERCENTILES, Release, latency_ms, upper
from canary.rules.judging.counts import slow_requests

BUCKET = log(1.1)
ABOVE = tuple(1.0 - percentile for percentile in PERCENTILES)
"""The shares of base's requests above the limits."""

Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The latency limits frozen from history (ms), and both arms' shares of the classes that the limits' buckets define."""

    limits: tuple[float, ...]
    inside: tuple[float, ...]
    base: Shares
    canary: Shares

    def slow(self, classes: list[int]) -> list[int]:
        """Slow requests per limit: the sample count minus CloudWatch's trimmed count."""
        n, below, counts = sum(classes), 0.0, []
        for k, inside in enumerate(self.inside):
            below += classes[2 * k]
            counts.append(slow_requests(n, below + classes[2 * k + 1] * inside))
            below += classes[2 * k + 1]
        return counts

    def slow_of_all(self, classes: np.ndarray) -> list[list[int]]:
        """The same for many minutes at once, as one list per limit."""
        n, counts = classes.sum(axis=1), []
        below = np.zeros(len(classes))
        for k, inside in enumerate(self.inside):
            below = below + classes[:, 2 * k]
            counts.append(np.clip(n - np.rint(below + classes[:, 2 * k + 1] * inside), 0, n).astype(int).tolist())
            below = below + classes[:, 2 * k + 1]
        return counts


def limits_from_history(release: Release, traffic: float, rng: np.random.Generator) -> Limits:
    """The limits that a day of history gives: the median of 24 hourly percentiles has a small error."""
    return _classes(release, tuple(round(latency_ms(share), 1) for share in shares_of_a_day(traffic, rng)))


def shares_of_a_day(traffic: float, rng: np.random.Generator) -> list[float]:
    """The shares of requests that are slower than the limits which a day of history gives."""
    errs = [1.25 * (above * (1.0 - above) / (60.0 * traffic * 24.0)) ** 0.5 for above in ABOVE]
    return [min(max(float(rng.normal(share, err)), share / 4.0), 0.6) for share, err in zip(ABOVE, errs, strict=True)]


@lru_cache(maxsize=4096)
def _classes(release: Release, limits: tuple[float, ...]) -> Limits:
    cuts, inside = buckets_of(limits)
    base = [_above(cut) for cut in cuts]
    canary = [release.slow_shares(share)[1] for share in base]
    return Limits(limits, inside, between(base), between(canary))


def buckets_of(limits: tuple[float, ...]) -> tuple[list[float], tuple[float, ...]]:
    """Both ends of the bucket that each limit is in, and how far inside it the limit is."""
    lows = [exp(floor(log(limit) / BUCKET) * BUCKET) for limit in limits]
    cuts = [end for low in lows for end in (low, low * exp(BUCKET))]
    return cuts, tuple((limit - low) / (low * exp(BUCKET) - low) for limit, low in zip(limits, lows, strict=True))


def _above(latency: float) -> float:
    return upper(log(latency / MEDIAN_MS) / LOG_SPREAD)


def between(above: list[float]) -> Shares:
    """The share of requests in each class, from the shares that are slower than its ends."""
    edges = [1.0, *above, 0.0]
    return tuple(max(high - low, 0.0) for high, low in pairwise(edges))
