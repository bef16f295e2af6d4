"""One metric's samples in one minute, and in several minutes together.

Decides what is kept of a sample: the five plain figures at once, the histogram when it is first asked for. Samples that
arrive as a statistic set have no histogram unless they are all equal (docs/aws.md#statistics).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from embedded_aws.cloudwatch.statistics import Cell, histogram, merge

MINUTE = 60


@dataclass(frozen=True, slots=True)
class StatisticSet:
    """Samples of which only these four figures are known."""

    count: float
    total: float
    lowest: float
    highest: float


class Minute:
    """One metric's samples in one minute. Values are kept as they arrive until a histogram is asked for."""

    __slots__ = ("_cells", "_has_sets", "_raw", "count", "highest", "late", "lowest", "start", "total")

    def __init__(self, start: int, late: float) -> None:
        self.start = start
        self.late = late
        self.count = 0.0
        self.total = 0.0
        self.lowest = float("inf")
        self.highest = float("-inf")
        self._raw: list[tuple[Sequence[float], Sequence[float] | None]] = []
        self._cells: list[Cell] = []
        self._has_sets = False

    def at(self, start: int) -> "Minute":
        """The same samples in another minute."""
        other = Minute(start, self.late)
        other.count, other.total, other.lowest, other.highest = self.count, self.total, self.lowest, self.highest
        other._has_sets, other._raw, other._cells = self._has_sets, self._raw.copy(), self._cells
        return other

    def add(self, values: Sequence[float], counts: Sequence[float] | None) -> None:
        """Add values, each as often as its count says, or once without counts."""
        if counts is None:
            self.count += len(values)
            self.total += sum(values)
        else:
            self.count += sum(counts)
            self.total += sum(value * count for value, count in zip(values, counts, strict=True))
        self.lowest = min(self.lowest, min(values))  # noqa: PLW3301 (`*values` would copy them, and this is the hot path)
        self.highest = max(self.highest, max(values))  # noqa: PLW3301
        self._raw.append((values, counts))

    def add_set(self, figures: StatisticSet) -> None:
        """Add a statistic set; the histogram is lost unless all its samples are equal."""
        if figures.lowest == figures.highest and figures.total == figures.lowest * figures.count:
            self.add((figures.lowest,), (figures.count,))
            return
        self.count += figures.count
        self.total += figures.total
        self.lowest = min(self.lowest, figures.lowest)
        self.highest = max(self.highest, figures.highest)
        self._has_sets = True

    def cells(self) -> Sequence[Cell] | None:
        """The histogram, built once and then kept."""
        if self._has_sets or self.lowest < 0:
            return None
        if self._raw:
            fresh = histogram(self._in_order())
            self._cells = merge((self._cells, fresh)) if self._cells else fresh
            self._raw.clear()
        return self._cells

    def _in_order(self) -> Iterable[tuple[float, float]]:
        """The raw values with their counts, smallest first; plain floats sort much faster than pairs."""
        if all(counts is None for _, counts in self._raw):
            return zip(sorted(chain.from_iterable(values for values, _ in self._raw)), repeat(1.0), strict=False)
        return sorted(chain.from_iterable(zip(values, counts or repeat(1.0), strict=False) for values, counts in self._raw))


class Period:
    """Several minutes combined into one period."""

    def __init__(self, minutes: Sequence[Minute]) -> None:
        self._minutes = minutes
        self.count = sum(minute.count for minute in minutes)
        self.total = sum(minute.total for minute in minutes)
        self.lowest = min(minute.lowest for minute in minutes)
        self.highest = max(minute.highest for minute in minutes)

    def cells(self) -> Sequence[Cell] | None:
        """The minutes' histograms combined; None if any minute has none."""
        histograms = [minute.cells() for minute in self._minutes]
        known = [cells for cells in histograms if cells is not None]
        return merge(known) if len(known) == len(histograms) else None
