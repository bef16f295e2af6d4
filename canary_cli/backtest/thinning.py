"""Binomial draws with the standard library alone: how many of n requests go one way, each with the same probability."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

FEW = 12.0
"""Up to so many expected successes, they are found one after the other."""


def binomial(n: int, p: float, rng: Random) -> int:
    """How many of `n` independent requests go the way whose probability is `p`. The draw is exact.

    Many requests are halved first: the middle one of n ordered uniform numbers has a beta distribution, and it says how many of
    them are below or above p (Devroye, Non-Uniform Random Variate Generation, 1986, X.4).
    """
    if p > 0.5:  # noqa: PLR2004 - the other way is the rarer one
        return n - binomial(n, 1.0 - p, rng)
    found = 0
    while n * p > FEW:
        middle = n // 2 + 1
        at = rng.betavariate(middle, n + 1 - middle)
        if at <= p:
            found, n, p = found + middle, n - middle, (p - at) / (1.0 - at)
        else:
            n, p = middle - 1, p / at
    return found + _one_by_one(n, p, rng)


def _one_by_one(n: int, p: float, rng: Random) -> int:
    """The same for few expected successes: the gaps between them are geometric."""
    if p <= 0.0 or n <= 0:
        return 0
    if p >= 1.0:
        return n
    log_q, at, found = log(1.0 - p), 0, 0
    while True:
        at += int(log(1.0 - rng.random()) / log_q) + 1
        if at > n:
            return found
        found += 1
