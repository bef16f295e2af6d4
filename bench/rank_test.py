"""Kayenta's rule for one metric: whether the canary's Mann-Whitney confidence interval lies beyond a tolerance.

As in its `MannWhitneyClassifier`, the metric is high if the lower end of the 98 % confidence interval of the shift is above a
quarter of the shift's own estimate. The interval is the usual one from the ordered pairwise differences, with the normal
approximation and its correction for ties. This module does not know which values are compared.
"""

from __future__ import annotations

from collections import Counter
from math import floor, sqrt
from statistics import NormalDist, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.98
TOLERANCE = 0.25
_Z = NormalDist().inv_cdf(1.0 - (1.0 - CONFIDENCE) / 2.0)


def is_higher(canary: Sequence[float], base: Sequence[float]) -> bool:
    """Whether the canary's values are clearly higher. This is false if all values are equal or there are none."""
    if not canary or not base or max(canary) <= min(base):
        return False
    differences = sorted([c - b for c in canary for b in base])
    estimate = median(differences)
    pairs = len(differences)
    rank = floor(pairs / 2.0 - _Z * _spread(canary, base))
    return rank >= 1 and differences[rank - 1] > TOLERANCE * abs(estimate)


def _spread(canary: Sequence[float], base: Sequence[float]) -> float:
    m, n = len(canary), len(base)
    total = m + n
    ties = sum(k**3 - k for k in Counter([*canary, *base]).values())
    return sqrt(m * n / 12.0 * (total + 1 - ties / (total * (total - 1)))) if total > 1 else 0.0
