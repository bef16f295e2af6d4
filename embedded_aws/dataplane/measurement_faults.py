"""Measurement faults that a test asks for: log lines and metrics that arrive late, twice, partly, never or misdated.

Requests themselves are not affected, only what CloudWatch learns about them. Faults of calls belong to `faults`. A change to
a metric filter needs no fault here: a test makes it with an ordinary call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from embedded_aws.awslambda.line_buffer import Line
    from embedded_aws.cloudwatch.metric_store import Metric, MetricStore
    from embedded_aws.dataplane.served import ArmName

RELEASE_SECONDS = 10
"""Late lines and metrics arrive at multiples of this many seconds."""


class Clock(Protocol):
    """The embedded AWS's clock."""

    def now(self) -> float: ...  # noqa: D102
    def call_at(self, due: float, action: Callable[[], None], /, *, name: str) -> object: ...  # noqa: D102


class Interfere(Protocol):
    """Decides what happens to an access-log line of an arm; ``write`` writes it."""

    def __call__(self, arm: ArmName | None, write: Callable[[Iterable[Line]], None], line: Line, /) -> None: ...  # noqa: D102


class Interfered(Protocol):
    """The writer of access logs."""

    interfere: Interfere | None


class Lines(NamedTuple):
    """Access-log lines that go wrong: those of one arm or of both, and of these a ``share``, drawn for each line.

    They arrive ``late`` seconds late, ``times`` times (0: never), with a timestamp ``ahead`` seconds in the future.
    """

    arm: ArmName | None
    late: float = 0.0
    times: int = 1
    ahead: float = 0.0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Data:
    """Data that go wrong: those of the metrics with this name, and with this ``(name, value)`` dimension if one is given.

    Data put from ``from_`` until ``until`` (epoch seconds) arrive ``late`` seconds late and ``times`` times (0: never).
    """

    name: str
    dimension: tuple[str, str] | None = None
    late: float = 0.0
    times: int = 1
    from_: float = -math.inf
    until: float = math.inf

    def concerns(self, metric: Metric, now: float) -> bool:
        """Whether this fault affects data that are put into this metric now."""
        is_meant = self.dimension is None or self.dimension in metric.dimensions
        return metric.name == self.name and is_meant and self.from_ <= now < self.until


class MeasurementFaults:
    """The measurement faults of one embedded AWS: what goes wrong between an event and its measurement."""

    def __init__(self, clock: Clock, access_logs: Interfered, metrics: MetricStore, *, rng: random.Random) -> None:
        self._clock = clock
        self._access_logs = access_logs
        self._metrics = metrics
        self._rng = rng
        self._lines: list[Lines] = []
        self._data: list[Data] = []
        self._held: dict[float, list[Callable[[], None]]] = {}

    def add(self, fault: Lines | Data) -> None:
        """Start this fault. Where several faults match, the first one applies."""
        match fault:
            case Lines():
                self._lines.append(fault)
                self._access_logs.interfere = self._deliver
            case Data():
                self._data.append(fault)
                self._metrics.interfere = self._put

    def clear(self) -> None:
        """End all faults. What is already late still arrives."""
        self._lines.clear()
        self._data.clear()
        self._access_logs.interfere = None
        self._metrics.interfere = None

    def _deliver(self, arm: ArmName | None, write: Callable[[Iterable[Line]], None], line: Line, /) -> None:
        fault = next((one for one in self._lines if one.arm in (None, arm)), None)
        if fault is None or (fault.share < 1 and self._rng.random() >= fault.share):
            write((line,))
            return
        at, text = line
        lines = ((at + fault.ahead, text),) * fault.times
        if lines:
            self._at(at + fault.late if fault.late else 0.0, lambda: write(lines))

    def _put(self, metric: Metric, put: Callable[[], None]) -> None:
        now = self._clock.now()
        fault = next((one for one in self._data if one.concerns(metric, now)), None)
        if fault is None:
            put()
            return
        for action in repeat(put, fault.times):
            self._at(now + fault.late if fault.late else 0.0, action)

    def _at(self, moment: float, action: Callable[[], None]) -> None:
        if moment <= self._clock.now():
            action()
            return
        due = math.ceil(moment / RELEASE_SECONDS) * RELEASE_SECONDS
        if due not in self._held:
            self._held[due] = []
            self._clock.call_at(due, lambda: self._release(due), name="late measurements arrive")
        self._held[due].append(action)

    def _release(self, due: float) -> None:
        for action in self._held.pop(due):
            action()
