"""What Lambda invocations leave in CloudWatch: log lines at once, metrics minute by minute.

Decides the dimension sets of ``AWS/Lambda`` (docs/aws.md#lambda-metrics). It keeps no history; the stores do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from embedded_aws.awslambda.line_buffer import LineBuffer
from embedded_aws.awslambda.runtime import platform_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from embedded_aws.awslambda.line_buffer import Logs
    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.awslambda.version import FunctionVersion

NAMESPACE = "AWS/Lambda"


class MetricSink(Protocol):
    """CloudWatch's store, which receives the metrics."""

    def put(  # noqa: D102 - the store documents it
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        at: float,
        values: Sequence[float],
        counts: Sequence[float] | None = None,
    ) -> None: ...


class _Slot:
    """The figures of one minute for one function, qualifier and executed version."""

    __slots__ = ("durations", "errors", "log_group")

    def __init__(self, log_group: str) -> None:
        self.log_group = log_group
        self.durations: list[float] = []
        self.errors = 0


class LambdaRecords:
    """Writes an invocation's log lines, and collects its metrics until the minute is over."""

    def __init__(self, logs: Logs, metrics: MetricSink) -> None:
        self.lines = LineBuffer(logs)
        self._metrics = metrics
        self._minutes: dict[int, dict[tuple[str, str | None, str], _Slot]] = {}
        self._throttled: dict[int, dict[tuple[str, str | None], int]] = {}

    def throttle(self, function: str, qualifier: str | None, *, at: float) -> None:
        """Count one throttled invocation; it is neither an invocation nor an error."""
        counts = self._throttled.setdefault(int(at) // 60 * 60, {})
        counts[function, qualifier] = counts.get((function, qualifier), 0) + 1

    def record(
        self, version: FunctionVersion, alias: str | None, invocation: Invocation, *, at: float, is_logged: bool = True
    ) -> None:
        """Record one invocation that started at ``at``; ``alias`` is the qualifier it came through, if that was an alias."""
        minute = int(at) // 60 * 60
        key = (version.name, alias, invocation.executed_version)
        slots = self._minutes.setdefault(minute, {})
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = _Slot(version.log_group)
        slot.durations.append(invocation.duration_ms)
        if invocation.function_error:
            slot.errors += 1
        if not is_logged:
            return
        start, end, report = platform_lines(invocation, version.memory_mb)
        ended = at + invocation.duration_ms / 1000
        lines = [(at, start), *[(at, line) for line in invocation.log_lines], (ended, end), (ended, report)]
        self.lines.write(slot.log_group, invocation.log_stream, lines)

    def flush(self, before: float) -> None:
        """Put the metrics of every minute that ended at ``before`` or earlier."""
        for minute in [minute for minute in self._minutes if minute + 60 <= before]:
            for (function, alias, version), slot in self._minutes.pop(minute).items():
                for dimensions in _dimension_sets(function, alias, version):
                    self._put(dimensions, minute, slot)
        for minute in [minute for minute in self._throttled if minute + 60 <= before]:
            for (function, qualifier), times in self._throttled.pop(minute).items():
                for dimensions in _dimension_sets(function, qualifier, None):
                    self._metrics.put(NAMESPACE, "Throttles", dimensions, minute, (1.0,), (float(times),))

    def clear(self) -> None:
        """Drop everything that was collected."""
        self._minutes.clear()
        self._throttled.clear()

    def _put(self, dimensions: Mapping[str, str], minute: int, slot: _Slot) -> None:
        requests = len(slot.durations)
        put = self._metrics.put
        put(NAMESPACE, "Invocations", dimensions, minute, (1.0,), (float(requests),))
        put(NAMESPACE, "Errors", dimensions, minute, *zeros_and_ones(requests, slot.errors))
        put(NAMESPACE, "Duration", dimensions, minute, slot.durations)


def zeros_and_ones(requests: int, bad: int) -> tuple[Sequence[float], Sequence[float]]:
    """The samples of a rate as values and counts: a 1 for each bad request and a 0 for each other."""
    if not bad:
        return (0.0,), (float(requests),)
    if bad == requests:
        return (1.0,), (float(requests),)
    return (0.0, 1.0), (float(requests - bad), float(bad))


def _dimension_sets(function: str, qualifier: str | None, version: str | None) -> Iterator[dict[str, str]]:
    """The dimension sets of an invocation; ``ExecutedVersion`` exists for aliases only, and only if a version ran."""
    yield {}
    yield {"FunctionName": function}
    if qualifier is not None:
        resource = {"FunctionName": function, "Resource": f"{function}:{qualifier}"}
        yield resource
        if version not in (None, qualifier):
            yield {**resource, "ExecutedVersion": version}
