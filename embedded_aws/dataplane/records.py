"""What API requests leave in CloudWatch: access-log lines at once, metrics minute by minute.

Decides the dimension sets of ``AWS/ApiGateway`` (docs/aws.md#api-gateway-metrics) and the log groups of a line. Three of its
answers are assumptions, because no record settles them: see `unknowns`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from embedded_aws.awslambda.line_buffer import LineBuffer
from embedded_aws.awslambda.records import zeros_and_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded_aws.awslambda.line_buffer import Logs
    from embedded_aws.awslambda.records import MetricSink
    from embedded_aws.dataplane.measurement_faults import Interfere
    from embedded_aws.dataplane.served import Served
    from embedded_aws.wire.unknowns import Unknowns

NAMESPACE = "AWS/ApiGateway"
STREAM = "access-log"
CLIENT_ERROR, SERVER_ERROR = 400, 500


class _Slot:
    """The figures of one minute for one arm of a stage."""

    __slots__ = ("client_errors", "integration_latencies", "latencies", "server_errors")

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.integration_latencies: list[float] = []
        self.client_errors = 0
        self.server_errors = 0


class ApiRecords:
    """Writes a request's access-log line, and collects its metrics until the minute is over.

    ``interfere``, if set, receives each line of a stage's own group and decides when and how often it is written.
    """

    def __init__(self, logs: Logs, metrics: MetricSink, unknowns: Unknowns) -> None:
        self.has_log_group: Callable[[str], bool] = lambda _: False
        self.lines = LineBuffer(logs)
        self.interfere: Interfere | None = None
        self._metrics = metrics
        self._unknowns = unknowns
        self._minutes: dict[int, dict[tuple[str, str, bool], _Slot]] = {}

    def log(self, served: Served, group: str, line: str) -> None:
        """Write one line with the time at which the response was sent; a canary's line also goes to the ``/Canary`` group."""
        at = served.at + served.latency / 1000
        if self.interfere is None:
            self.lines.write(group, STREAM, ((at, line),))
        else:
            self.interfere(served.arm, partial(self.lines.write, group, STREAM), (at, line))
        if served.arm == "canary":
            twin = f"{group}/Canary"
            if self._unknowns.ask("canary-log-group") == "created" or self.has_log_group(twin):
                self.lines.write(twin, STREAM, ((at, line),))

    def count(self, served: Served, api_name: str) -> None:
        """Count one answered request."""
        minute = int(served.at) // 60 * 60
        key = (api_name, served.request.stage, served.arm == "canary")
        slots = self._minutes.setdefault(minute, {})
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = _Slot()
        slot.latencies.append(served.latency)
        if served.integration_latency is not None:
            slot.integration_latencies.append(served.integration_latency)
        if served.status >= SERVER_ERROR:
            slot.server_errors += 1
        elif served.status >= CLIENT_ERROR:
            slot.client_errors += 1

    def flush(self, before: float) -> None:
        """Put the metrics of every minute that ended at ``before`` or earlier."""
        for minute in [minute for minute in self._minutes if minute + 60 <= before]:
            for (api_name, stage, is_canary), slot in self._minutes.pop(minute).items():
                for dimensions in self._dimension_sets(api_name, stage, is_canary=is_canary):
                    self._put(dimensions, minute, slot)

    def _dimension_sets(self, api_name: str, stage: str, *, is_canary: bool) -> Iterator[dict[str, str]]:
        name = api_name.encode("ascii", "ignore").decode()
        yield {"ApiName": name}
        if not is_canary or self._unknowns.ask("stage-metrics-include-canary") == "yes":
            yield {"ApiName": name, "Stage": stage}
        if is_canary and self._unknowns.ask("canary-metric-dimension") == "stage-slash-canary":
            yield {"ApiName": name, "Stage": f"{stage}/Canary"}

    def clear(self) -> None:
        """Drop everything that was collected."""
        self._minutes.clear()

    def _put(self, dimensions: dict[str, str], minute: int, slot: _Slot) -> None:
        requests = len(slot.latencies)
        put = self._metrics.put
        put(NAMESPACE, "Count", dimensions, minute, (1.0,), (float(requests),))
        for name, bad in (("4XXError", slot.client_errors), ("5XXError", slot.server_errors)):
            put(NAMESPACE, name, dimensions, minute, *zeros_and_ones(requests, bad))
        put(NAMESPACE, "Latency", dimensions, minute, slot.latencies)
        put(NAMESPACE, "IntegrationLatency", dimensions, minute, slot.integration_latencies)
