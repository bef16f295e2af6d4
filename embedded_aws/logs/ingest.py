"""The parts of CloudWatch Logs that moto lacks: metric filters, embedded metrics, and searchable lines.

Decides what each line adds to the metrics. Every line is parsed at most once and run through the group's compiled filters.
Matches are collected per minute, and put into the metric store when the minute has ended. If the group had lines in a minute
and a filter no match, the filter's default is put (docs/aws.md#metric-filter-default).
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from embedded_aws.cloudwatch.metric_store import MetricStore, identify
from embedded_aws.cloudwatch.samples import StatisticSet
from embedded_aws.logs.emf import MARK, EmbeddedMetric, embedded_metrics
from embedded_aws.logs.filter_pattern import Event, parse_pattern
from embedded_aws.logs.lines import Keeper, Line, Range, read, search
from embedded_aws.logs.metric_filters import MetricFilter, parse_metric_filter
from embedded_aws.logs.tallies import GroupTallies, Tally
from embedded_aws.wire.refusal import RefusalError
from embedded_aws.wire.unknowns import Unknowns

STREAM = "embedded"
"""The stream of lines that name no stream."""

_KEPT_LINES = 60_000
_MOST_FILTERS = 100
_MOST_REGEXES = 5
_FILTERS_A_PAGE = 50

STANDARD = "STANDARD"
CLASSES = (STANDARD, "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")
"""The log group classes. Only the first has filters, and lines that can be read here (docs/aws.md#log-group-classes)."""

_DECODE = json.JSONDecoder().raw_decode


class _Group:
    """One log group: its class, its filters' tallies, its lines and its streams."""

    def __init__(self, kept_lines: int) -> None:
        self.log_class = STANDARD
        self.tallies = GroupTallies()
        self.lines = Keeper(kept_lines)
        self.streams: set[str] = set()


class LogIngest:
    """All log groups of the embedded AWS, as far as their lines matter.

    What its filters count is put into the metric store ``filter_lateness_seconds`` after the minute.
    """

    def __init__(
        self,
        store: MetricStore,
        now: Callable[[], float],
        *,
        kept_lines: int = _KEPT_LINES,
        unknowns: Unknowns | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._unknowns = unknowns or Unknowns()
        self.filter_lateness_seconds = 0.0
        self._kept_lines = kept_lines
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}
        self.on_new_stream: Callable[[str, str], None] | None = None
        store.add_source(self.hand_over)

    def ingest(self, group: str, at: float, line: str, *, stream: str = STREAM) -> None:
        """Take one line that was logged at `at`."""
        self.ingest_many(group, ((at, line),), stream=stream)

    def put_events(self, group: str, lines: Iterable[tuple[float, str]], *, stream: str) -> None:
        """Take lines that a client sends now, whatever their times; see docs/aws.md#filter-timestamp."""
        is_by_arrival = self._unknowns.ask("filter-timestamp") == "arrival"
        self.ingest_many(group, lines, stream=stream, counted_at=self._now() if is_by_arrival else None)

    def ingest_many(
        self, group: str, lines: Iterable[tuple[float, str]], *, stream: str = STREAM, counted_at: float | None = None
    ) -> None:
        """Take lines with their times, much faster than one by one. Filters count them at ``counted_at`` if that is given."""
        with self._lock:
            known = self._group(group)
            is_new_stream = stream not in known.streams
            known.streams.add(stream)
            embedded = self._take_in(known, lines, stream, counted_at)
        for metric in embedded:
            self._store.put(*metric.metric, metric.at, metric.values, unit=metric.unit)
        if is_new_stream and self.on_new_stream:
            self.on_new_stream(group, stream)

    def hand_over(self, until: float) -> None:
        """Put what was collected for the minutes that ended by `until` into the metric store."""
        until -= self.filter_lateness_seconds
        is_every_minute = self._unknowns.ask("filter-default") == "every-minute"
        with self._lock:
            ended = [one for group in self._groups.values() for one in group.tallies.ended(until, also_silent=is_every_minute)]
        tallies = [(minute, tally) for minute, book in ended for tally in book.tallies]
        for minute, tally in tallies:
            self._put(minute, tally)
        for minute, tally in tallies:
            self._put_default(minute, tally.filter)

    def create_group(self, name: str, log_class: str) -> None:
        """Create a group; its class is permanent."""
        with self._lock:
            self._group(name).log_class = log_class

    def class_of(self, name: str) -> str:
        """The group's class; STANDARD unless another class is known."""
        group = self._groups.get(name)
        return group.log_class if group else STANDARD

    def expect_standard(self, name: str) -> None:
        """Refuse what only groups of the standard class support.

        Raises:
            RefusalError: the group has another class.
        """
        if self.class_of(name) != STANDARD:
            raise RefusalError("ValidationException", "This operation is only supported on the Standard log class.")

    def put_metric_filter(self, request: Mapping[str, Any]) -> None:
        """Create a filter, or replace the filter of the same name; it sees only lines that arrive later."""
        self.expect_standard(request["logGroupName"])
        parsed = parse_metric_filter(request, self._now())
        with self._lock:
            group = self._group(request["logGroupName"])
            others = [one for name, one in group.tallies.filters.items() if name != parsed.name]
            regexes = sum(one.pattern.regexes for one in (*others, parsed))
            if len(others) >= _MOST_FILTERS or (parsed.pattern.regexes and regexes > _MOST_REGEXES):
                raise RefusalError("LimitExceededException", "Resource limit exceeded.")
            group.tallies.change({**group.tallies.filters, parsed.name: parsed})

    def delete_metric_filter(self, group_name: str, name: str) -> None:
        """Delete a filter from a group."""
        with self._lock:
            group = self._group(group_name)
            if name not in group.tallies.filters:
                raise RefusalError("ResourceNotFoundException", "The specified metric filter does not exist.")
            group.tallies.change({other: kept for other, kept in group.tallies.filters.items() if other != name})

    def describe_metric_filters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The requested filters, sorted by name."""
        wanted_group, prefix = request.get("logGroupName"), request.get("filterNamePrefix") or ""
        with self._lock:
            found = [
                one.describe(name)
                for name, group in sorted(self._groups.items())
                for one in sorted(group.tallies.filters.values(), key=lambda one: one.name)
                if wanted_group in (None, name)
                and one.name.startswith(prefix)
                and request.get("metricName") in (None, one.metric)
                and request.get("metricNamespace") in (None, one.namespace)
            ]
        first = int(request.get("nextToken") or 0)
        last = first + int(request.get("limit") or _FILTERS_A_PAGE)
        more = {"nextToken": str(last)} if len(found) > last else {}
        return {"metricFilters": found[first:last], **more}

    def filter_log_events(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The kept lines of a group that match a pattern."""
        pattern = parse_pattern(request.get("filterPattern") or "")
        streams: Sequence[str] = request.get("logStreamNames") or ()
        prefix = request.get("logStreamNamePrefix") or ""

        def is_wanted(line: Line) -> bool:
            in_stream = line.stream in streams if streams else line.stream.startswith(prefix)
            return in_stream and pattern.matches(line.text, event_of(line.text))

        lines = self.lines_of(request["logGroupName"])
        limit, token = request.get("limit"), request.get("nextToken")
        return search(lines, _range(request, includes_end=True), is_wanted=is_wanted, limit=limit, token=token)

    def get_log_events(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The kept lines of a stream."""
        stream = request["logStreamName"]
        lines = [line for line in self.lines_of(request["logGroupName"]) if line.stream == stream]
        limit, token = request.get("limit"), request.get("nextToken")
        return read(lines, _range(request), from_head=bool(request.get("startFromHead")), limit=limit, token=token)

    def lines_of(self, name: str) -> list[Line]:
        """The lines that a group still holds."""
        with self._lock:
            return list(self._groups[name].lines) if name in self._groups else []

    def forget_group(self, name: str) -> None:
        """Drop a deleted group with its filters and lines."""
        with self._lock:
            self._groups.pop(name, None)

    def reset(self) -> None:
        """Drop every group."""
        with self._lock:
            self._groups.clear()

    def _group(self, name: str) -> _Group:
        if name not in self._groups:
            self._groups[name] = _Group(self._kept_lines)
        return self._groups[name]

    def _take_in(
        self, group: _Group, lines: Iterable[tuple[float, str]], stream: str, counted_at: float | None
    ) -> list[EmbeddedMetric]:
        now = self._now()
        has_filters = bool(group.tallies.filters)
        embedded: list[EmbeddedMetric] = []
        for at, line in lines:
            group.lines.keep(at, now, stream, line)
            has_metrics = MARK in line and group.log_class == STANDARD
            if has_filters or has_metrics:
                event = event_of(line)
                if has_filters:
                    group.tallies.count(at if counted_at is None else counted_at, line, event)
                if has_metrics and event is not None:
                    embedded += embedded_metrics(event, at)
        return embedded

    def _put(self, minute: int, tally: Tally) -> None:
        one = tally.filter
        is_summed_up = callable(one.value) and self._unknowns.ask("filter-percentiles") == "no"
        for dimensions, samples in ((), tally.plain), *tally.by_dimensions.items():
            if is_summed_up and samples:
                figures = StatisticSet(len(samples), sum(samples), min(samples), max(samples))
                self._store.put_set(identify(one.namespace, one.metric, dimensions), minute, figures, unit=one.unit)
                continue
            self._store.put(one.namespace, one.metric, dimensions, minute, samples, unit=one.unit)

    def _put_default(self, minute: int, one: MetricFilter) -> None:
        """Put the filter's default for a minute that had lines but no match."""
        if one.default is not None and not self._store.has(identify(one.namespace, one.metric), minute):
            self._store.put(one.namespace, one.metric, (), minute, (one.default,), unit=one.unit)


def event_of(line: str) -> Event | None:
    """The JSON object in a line; None if the line is not one."""
    if not line.startswith("{"):
        return None
    try:
        event, end = _DECODE(line)
    except ValueError:
        return None
    return event if end == len(line) or line[end:].isspace() else None


def _range(request: Mapping[str, Any], *, includes_end: bool = False) -> Range:
    """The request's time range; FilterLogEvents includes the end, GetLogEvents does not."""
    end = request.get("endTime")
    return Range(request.get("startTime"), end + 1 if end is not None and includes_end else end)
