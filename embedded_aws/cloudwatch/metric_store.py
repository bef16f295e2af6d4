"""Metrics per minute: what was measured, and when it becomes readable.

Decides when a minute's data become visible (`arrival_seconds` after the minute ends, docs/aws.md#metric-delay) and how
the minutes of a period are combined. It knows neither queries nor alarms, and no resolution below a minute.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from embedded_aws.cloudwatch.samples import MINUTE, Minute, Period, StatisticSet
from embedded_aws.cloudwatch.statistics import Samples, Statistic

NO_UNIT = "None"

Dimensions = Mapping[str, str] | Sequence[tuple[str, str]]


class Metric(NamedTuple):
    """A metric's identity, with sorted dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


def identify(namespace: str, name: str, dimensions: Dimensions = ()) -> Metric:
    """The metric with this name, whatever the order of its dimensions."""
    pairs = dimensions.items() if isinstance(dimensions, Mapping) else dimensions
    return Metric(namespace, name, tuple(sorted(pairs)))


class Source(Protocol):
    """Collects samples per minute and hands them over on request."""

    def __call__(self, until: float) -> None:
        """Put the samples of the minutes that ended by `until` into the store."""


SERVICES = "AWS/"
"""The prefix of the namespaces of AWS's own metrics."""


class MetricStore:
    """All metrics of the embedded AWS. Those of its services arrive ``services_lateness_seconds`` later than others.

    ``interfere``, if set, gets a metric and a function that puts data into it. It decides when and how often to call that.
    """

    def __init__(self, now: Callable[[], float], *, arrival_seconds: float = 45, rng: random.Random) -> None:
        self.arrival_seconds = arrival_seconds
        self.arrival_jitter_seconds = 0.0
        self.services_lateness_seconds = 0.0
        self._now = now
        self._rng = rng
        self._lock = threading.RLock()
        self._series: dict[Metric, dict[str, dict[int, Minute]]] = {}
        self._last_minute: dict[Metric, int] = {}
        self._sources: list[Source] = []
        self.interfere: Callable[[Metric, Callable[[], None]], None] | None = None

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Dimensions,
        at: float,
        values: Sequence[float],
        counts: Sequence[float] | None = None,
        *,
        unit: str = NO_UNIT,
    ) -> None:
        """Add samples to the minute of `at`. The store takes over the sequences; do not change them afterwards."""
        if not values:
            return
        metric = identify(namespace, name, dimensions)
        if self.interfere is not None:
            self.interfere(metric, lambda: self._add(metric, at, list(values), counts and list(counts), unit))
            return
        self._add(metric, at, values, counts, unit)

    def put_set(self, metric: Metric, at: float, figures: StatisticSet, *, unit: str = NO_UNIT) -> None:
        """Add samples of which only the four figures are known."""

        def add() -> None:
            with self._lock:
                self._minute(metric, at, unit).add_set(figures)

        if self.interfere is not None:
            self.interfere(metric, add)
        else:
            add()

    def add_source(self, source: Source) -> None:
        """Ask this source for its samples before each read."""
        self._sources.append(source)

    def has(self, metric: Metric, minute: int) -> bool:
        """Whether the metric has samples in the minute, visible or not."""
        return any(minute in minutes for minutes in self._series.get(metric, {}).values())

    def units(self, metric: Metric) -> list[str]:
        """The units in which the metric has samples."""
        self._gather()
        with self._lock:
            return list(self._series.get(metric, ()))

    def metrics(self) -> list[tuple[Metric, int]]:
        """Every metric, with the start of its newest minute."""
        self._gather()
        with self._lock:
            return list(self._last_minute.items())

    def series(
        self, metric: Metric, statistic: Statistic, *, start: int, end: float, seconds: int, unit: str = NO_UNIT
    ) -> dict[int, float]:
        """The statistic of each period with visible samples, by the period's start, oldest first.

        Periods are `seconds` long (a multiple of 60), counted from `start` (a minute); only minutes before `end` are read.
        """
        self._gather()
        with self._lock:
            minutes = self._visible(self._series.get(metric, {}).get(unit, {}), start, end)
            points = ((begin, statistic(samples)) for begin, samples in _periods(minutes, start, seconds))
            return {begin: value for begin, value in points if value is not None}

    def repeat_before(self, start: int, end: int, *, since: int) -> None:
        """Fill the time from ``since`` to ``start`` with the minutes from ``start`` to before ``end``, again and again.

        All three are starts of minutes. The past has its samples in common with the minutes that it repeats.
        """
        self._gather()
        with self._lock:
            for units in self._series.values():
                for minutes in units.values():
                    for begin in range(start - MINUTE, since - MINUTE, -MINUTE):
                        same = minutes.get(start + (begin - start) % (end - start))
                        if same is not None and begin not in minutes:
                            minutes[begin] = same.at(begin)

    def reset(self) -> None:
        """Forget all samples; the sources stay."""
        with self._lock:
            self._series.clear()
            self._last_minute.clear()

    def _add(self, metric: Metric, at: float, values: Sequence[float], counts: Sequence[float] | None, unit: str) -> None:
        with self._lock:
            self._minute(metric, at, unit).add(values, counts)

    def _minute(self, metric: Metric, at: float, unit: str) -> Minute:
        start = int(at) // MINUTE * MINUTE
        minutes = self._series.setdefault(metric, {}).setdefault(unit, {})
        minute = minutes.get(start)
        if minute is None:
            late = self._rng.uniform(0, self.arrival_jitter_seconds) if self.arrival_jitter_seconds else 0.0
            late += self.services_lateness_seconds if metric.namespace.startswith(SERVICES) else 0.0
            minute = minutes[start] = Minute(start, late)
            self._last_minute[metric] = max(start, self._last_minute.get(metric, start))
        return minute

    def _gather(self) -> None:
        """Ask the sources without holding the lock: a source has its own lock and takes this one inside it."""
        until = self._now() - min(0.0, self.arrival_seconds)
        for source in self._sources:
            source(until)

    def _visible(self, minutes: Mapping[int, Minute], start: int, end: float) -> Iterator[Minute]:
        newest = self._now() - MINUTE - self.arrival_seconds
        for begin in _between(minutes, start, min(end, newest + 1)):
            minute = minutes[begin]
            if begin + minute.late <= newest:
                yield minute


def _periods(minutes: Iterator[Minute], start: int, seconds: int) -> Iterator[tuple[int, Samples]]:
    if seconds == MINUTE:
        yield from ((minute.start, minute) for minute in minutes)
        return
    for number, group in groupby(minutes, key=lambda minute: (minute.start - start) // seconds):
        yield start + number * seconds, Period(list(group))


def _between(minutes: Mapping[int, Minute], start: int, end: float) -> Iterator[int]:
    """The minutes on record from `start` to before `end`, in order; iterates over whichever set is smaller."""
    if (end - start) / MINUTE <= len(minutes):
        return (begin for begin in range(start, int(-(-end // 1)), MINUTE) if begin in minutes)
    return iter(sorted(begin for begin in minutes if start <= begin < end))
