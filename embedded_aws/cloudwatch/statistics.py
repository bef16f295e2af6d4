"""How one period's samples become one number: CloudWatch's statistics.

Decides what `Sum`, `p99`, `TC(:300)` and the like mean for samples already gathered. It knows nothing of metrics, of
time, or of where samples are kept.

CloudWatch says that its statistics beyond the five plain ones are interpolated and approximate, but not from which
histogram (docs/aws.md#statistics). Here values fall into buckets that are ten percent wide, as in the histogram that
Amazon's own agent sends. A bucket's values are taken as spread evenly between its smallest and its largest value. A limit
between two buckets, or in a bucket of equal values, is exact. A limit inside a bucket counts a fraction of it.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol

_BUCKET_WIDTH = math.log(1.1)
_BUCKET_OF_ZERO = -(1 << 15)
_SMALLEST = 1e-300  # anything smaller counts as zero
_NEARLY = 1e-9  # of a sample: 7 % of 100 is the seventh sample, despite rounding in binary fractions
_WHOLE = 100.0  # percent

Cell = tuple[int, float, float, float]
"""One bucket: its number, its smallest and its largest value, and its number of values."""


class Samples(Protocol):
    """One period's samples, gathered."""

    count: float
    total: float
    lowest: float
    highest: float

    def cells(self) -> Sequence[Cell] | None:
        """The histogram, smallest bucket first; None where single values are unknown, or one is negative."""


Statistic = Callable[[Samples], float | None]
"""A statistic of one period; None means no data point."""

_Computation = Callable[[float, Sequence[Cell]], float | None]
_Rank = Callable[[float, Sequence[Cell]], float]


@lru_cache(maxsize=1024)
def parse_statistic(text: str) -> Statistic:
    """The statistic that CloudWatch knows by this name; ValueError if there is none."""
    return _PLAIN.get(text) or _on_histogram(_computation(text))


def percentile_of(text: str) -> float | None:
    """The percentile that a statistic such as `p99` names, else None."""
    match = re.fullmatch(rf"p({_PERCENT})", text)
    return float(match[1]) if match else None


def histogram(counts: Iterable[tuple[float, float]]) -> list[Cell]:
    """The cells of distinct values, none negative and in rising order, given with their counts."""
    cells: list[Cell] = []
    bucket, lowest, highest, in_bucket, ceiling = _BUCKET_OF_ZERO, 0.0, 0.0, 0.0, _SMALLEST
    for value, count in counts:
        if value >= ceiling:
            if in_bucket:
                cells.append((bucket, lowest, highest, in_bucket))
            bucket = math.floor(math.log(value) / _BUCKET_WIDTH)
            ceiling = math.exp((bucket + 1) * _BUCKET_WIDTH)
            lowest, in_bucket = value, 0.0
        highest = value
        in_bucket += count
    if in_bucket:
        cells.append((bucket, lowest, highest, in_bucket))
    return cells


def merge(histograms: Iterable[Sequence[Cell]]) -> list[Cell]:
    """Several histograms combined into one."""
    merged: dict[int, Cell] = {}
    for cells in histograms:
        for cell in cells:
            bucket, lowest, highest, count = cell
            known = merged.get(bucket)
            merged[bucket] = (bucket, min(known[1], lowest), max(known[2], highest), known[3] + count) if known else cell
    return [merged[bucket] for bucket in sorted(merged)]


def count_at_most(cells: Sequence[Cell], limit: float) -> float:
    """How many samples are at most `limit`."""
    below = 0.0
    for _, lowest, highest, count in cells:
        if highest > limit:
            first = _first(count)
            inside = first + (count - first) * (limit - lowest) / (highest - lowest) if lowest <= limit else 0.0
            return below + inside
        below += count
    return below


def value_at(cells: Sequence[Cell], rank: float) -> float:
    """The smallest value such that at least `rank` samples do not exceed it."""
    left = rank
    for _, lowest, highest, count in cells:
        if left <= count + _NEARLY:
            first = _first(count)
            beyond = max(0.0, left - first) / (count - first)
            return min(highest, lowest + (highest - lowest) * beyond)
        left -= count
    return cells[-1][2]


def total_of_lowest(cells: Sequence[Cell], rank: float) -> float:
    """The sum of the `rank` smallest samples."""
    total = 0.0
    left = rank
    for cell in cells:
        _, lowest, highest, count = cell
        if left < count:
            return total + left * (lowest + value_at((cell,), left)) / 2
        total += count * (lowest + highest) / 2
        left -= count
    return total


def _first(count: float) -> float:
    """The number of samples placed at a bucket's smallest value; the rest is spread up to its largest."""
    return min(1.0, count / 2)


def _on_histogram(compute: _Computation) -> Statistic:
    def statistic(samples: Samples) -> float | None:
        cells = samples.cells()
        return compute(samples.count, cells) if cells else None

    return statistic


def _computation(text: str) -> _Computation:
    percentile = percentile_of(text)
    if percentile is not None:
        return lambda count, cells: value_at(cells, percentile * count / _WHOLE)
    match = _RANGE.fullmatch(_in_full(text))
    if match is None or not (match["low"] or match["high"]) or (match["kind"] == "PR" and "%" in text):
        raise ValueError(f"{text!r} is not a CloudWatch statistic; write one like Sum, p99, tm90 or TC(:300)")
    return _between(match["kind"], _rank(match["low"], empty=0.0), _rank(match["high"], empty=1.0))


def _in_full(text: str) -> str:
    """Write `tm90` as `TM(:90%)` and `IQM` as `TM(25%:75%)`, as CloudWatch defines them."""
    if text == "IQM":
        return "TM(25%:75%)"
    short = re.fullmatch(rf"(tm|tc|ts|wm)({_PERCENT})", text)
    return f"{short[1].upper()}(:{short[2]}%)" if short else text


def _rank(text: str, *, empty: float) -> _Rank:
    """A boundary as the number of samples below it: a share of all, or those at most a value."""
    if not text:
        return lambda count, _: empty * count
    number = float(text.rstrip("%"))
    if text.endswith("%"):
        return lambda count, _: number * count / _WHOLE
    return lambda _, cells: count_at_most(cells, number)


def _between(kind: str, low: _Rank, high: _Rank) -> _Computation:
    finish = _FINISH[kind]

    def compute(count: float, cells: Sequence[Cell]) -> float | None:
        start, end = low(count, cells), high(count, cells)
        return finish(count, cells, start, max(start, end))

    return compute


def _sum(_: float, cells: Sequence[Cell], start: float, end: float) -> float:
    return total_of_lowest(cells, end) - total_of_lowest(cells, start)


def _mean(count: float, cells: Sequence[Cell], start: float, end: float) -> float | None:
    return _sum(count, cells, start, end) / (end - start) if end > start else None


def _winsorized(count: float, cells: Sequence[Cell], start: float, end: float) -> float | None:
    if end <= start:
        return None
    outside = start * value_at(cells, start) + (count - end) * value_at(cells, end)
    return (_sum(count, cells, start, end) + outside) / count


def _count(_: float, __: Sequence[Cell], start: float, end: float) -> float:
    return end - start


def _percent(count: float, _: Sequence[Cell], start: float, end: float) -> float:
    return _WHOLE * (end - start) / count


_FINISH: dict[str, Callable[[float, Sequence[Cell], float, float], float | None]] = {
    "TM": _mean,
    "TC": _count,
    "TS": _sum,
    "WM": _winsorized,
    "PR": _percent,
}

_PLAIN: dict[str, Statistic] = {
    "SampleCount": lambda samples: samples.count,
    "Sum": lambda samples: samples.total,
    "Average": lambda samples: samples.total / samples.count,
    "Minimum": lambda samples: samples.lowest,
    "Maximum": lambda samples: samples.highest,
}

_NUMBER = r"\d+(?:\.\d{1,10})?"
_PERCENT = r"(?:100|\d{1,2}(?:\.\d{1,10})?)"
_BOUND = rf"(?:{_PERCENT}%|{_NUMBER})?"
_RANGE = re.compile(rf"(?P<kind>TM|TC|TS|WM|PR)\((?P<low>{_BOUND}):(?P<high>{_BOUND})\)")
