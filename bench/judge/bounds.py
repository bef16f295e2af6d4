"""Bounds on the largest share among many cells, which say how much of it may be the luck of the choice.

The worst of many cells is also the one with the worst luck, so its own standard error is too small. Both bounds here hold for
all cells at once: each cell gets the exact interval of Clopper and Pearson, and its error level is divided by twice the number
of cells (Bonferroni). The largest true share is at least the largest lower end and at most the largest upper end, with 95 %
confidence, whichever cell has it.
"""

from __future__ import annotations

from functools import lru_cache
from math import lgamma, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ERROR = 0.05
_HALVINGS = 50


def largest_share(cells: Iterable[tuple[int, int]], *, error: float = ERROR) -> tuple[float, float]:
    """The bounds on the largest true share of cells given as (count, runs), with at least one run each.

    Raises:
        ValueError: there is no cell.
    """
    told = list(cells)
    if not told:
        raise ValueError("a largest share needs at least one cell, got none; leave the line out")
    each = error / 2.0 / len(told)
    most: dict[int, int] = {}
    for count, runs in told:
        most[runs] = max(count, most.get(runs, 0))
    lows, highs = zip(*((at_least(count, runs, each), at_most(count, runs, each)) for runs, count in most.items()), strict=True)
    return max(lows), max(highs)


@lru_cache(maxsize=4096)
def at_least(count: int, runs: int, error: float) -> float:
    """The share above which the true one is with a confidence of 1 - `error`."""
    if count == 0:
        return 0.0
    return _where(lambda share: _tail(count, runs, share) < error)


@lru_cache(maxsize=4096)
def at_most(count: int, runs: int, error: float) -> float:
    """The share below which the true one is with a confidence of 1 - `error`."""
    if count == runs:
        return 1.0
    return _where(lambda share: 1.0 - _tail(count + 1, runs, share) > error)


def _where(is_too_low: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if is_too_low(middle) else (low, middle)
    return (low + high) / 2.0


def _tail(count: int, runs: int, share: float) -> float:
    """The probability of at least `count` in `runs`, for a share strictly between 0 and 1."""
    k = np.arange(runs + 1)
    terms = np.exp(_coefficients(runs) + k * log(share) + (runs - k) * log(1.0 - share))
    return float(terms[count:].sum() if count > runs * share else 1.0 - terms[:count].sum())


@lru_cache(maxsize=64)
def _coefficients(runs: int) -> np.ndarray:
    return np.array([lgamma(runs + 1) - lgamma(k + 1) - lgamma(runs - k + 1) for k in range(runs + 1)])
