"""Two ways to roll out that met the same draws: how much more the one harms than the other."""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def paired_ratio(cells: Iterable[Iterable[tuple[float, float]]]) -> tuple[float, float]:
    """The geometric mean over the cells of the ratio of the two means, and its standard error.

    A cell has a pair for each draw: ours and theirs. A cell in which one of them harms nobody has no ratio and is left out.
    Not a number if no cell is left.
    """
    logs, errors = [], []
    for cell in cells:
        pairs = list(cell)
        mean, other = (fmean(column) for column in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
        if not mean or not other:
            continue
        ratio = mean / other
        spread = stdev([a - ratio * b for a, b in pairs]) if len(pairs) > 1 else 0.0
        logs.append(log(ratio))
        errors.append((spread / mean) ** 2 / len(pairs))
    if not logs:
        return float("nan"), float("nan")
    multiple = exp(fmean(logs))
    return multiple, multiple * sqrt(sum(errors)) / len(errors)
