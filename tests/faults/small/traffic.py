"""Traffic as a rate, and what CloudWatch knows of it: the counts of each minute, in fractions of requests.

A minute's metrics arrive some seconds after its end. Nothing is random: a bad release fails its share of requests.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.rules.targets.access_log import metric_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.targets.target import Target
    from tests.faults.small.settings_history import Setting, SettingsHistory, Share

Json = dict[str, Any]
Name = tuple[str, str, tuple[tuple[str, str], ...]]
MINUTE = 60
LATENCY_MS = 40.0


class Traffic:
    """The requests of one target, and its metrics.

    ``failing`` is the share of requests that each version fails. ``filters`` are the metrics that filters now make of the
    log. Values arrive ``arrival_seconds`` after a minute's end. With ``is_silent`` nothing more reaches CloudWatch.
    """

    def __init__(self, target: Target, history: SettingsHistory, *, per_minute: float, since: float) -> None:
        self.failing: Mapping[str, float] = {}
        self.filters: set[str] = set()
        self.arrival_seconds = 45.0
        self.is_silent = False
        self._target = target
        self._history = history
        self._per_minute = per_minute
        self._space = metric_namespace(target.name)
        self._done_to = since
        self._values: defaultdict[Name, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))

    def advance(self, now: float) -> None:
        """Count the requests up to now, under the settings until now."""
        while self._done_to < now:
            end = min(now, (self._done_to // MINUTE + 1) * MINUTE)
            if not self.is_silent and self._history.settings:
                self._count(self._history.settings[-1], int(self._done_to // MINUTE) * MINUTE, end - self._done_to)
            self._done_to = end

    def get_metric_data(self, asked: Json, now: float) -> Json:
        """GetMetricData, on one page."""
        start, end = (_epoch(asked[name]) for name in ("StartTime", "EndTime"))
        newest = min(end, now - self.arrival_seconds - MINUTE + 1)
        return {"MetricDataResults": [self._result(query, start, newest) for query in asked["MetricDataQueries"]]}

    def _result(self, query: Json, start: float, end: float) -> Json:
        stat = query["MetricStat"]
        values = self._series(stat["Metric"], stat["Stat"]) if stat["Period"] == MINUTE else {}
        minutes = [minute for minute in sorted(values) if start <= minute < end]
        stamps = [datetime.fromtimestamp(minute, UTC) for minute in minutes]
        return {"Id": query["Id"], "Timestamps": stamps, "Values": [values[minute] for minute in minutes]}

    def _series(self, metric: Json, stat: str) -> Mapping[int, float]:
        dimensions = tuple(sorted((one["Name"], one["Value"]) for one in metric["Dimensions"]))
        name = (metric["Namespace"], metric["MetricName"], dimensions)
        counts_samples = stat == "SampleCount" or stat.startswith("TC(")
        return self._values.get((*name[:2], (*dimensions, ("stat", "n"))) if counts_samples else name, {})

    def _count(self, setting: Setting, minute: int, seconds: float) -> None:
        requests = self._per_minute * seconds / MINUTE
        is_logged = setting.stage is not None and setting.stage.access_log is not None
        if is_logged:
            for metric in self.filters:
                self._values[self._space, metric, ()][minute] += 0.0
        for share in self._history.shares(setting.stage):
            self._count_arm(setting, share, requests * share.part, minute, is_logged=is_logged)

    def _count_arm(self, setting: Setting, share: Share, requests: float, minute: int, *, is_logged: bool) -> None:
        arm, each = share.arm, requests / len(self._target.functions)
        failed = 0.0
        for function in self._target.functions:
            alias = setting.aliases.get((function.name, str(share.alias)))
            failed += each * (self.failing.get(f"{function.name}:{alias.version}", 0.0) if alias else 1.0)
            resource = (("FunctionName", function.name), ("Resource", f"{function.name}:{share.alias}"))
            self._values["AWS/Lambda", "Invocations", resource][minute] += each if alias else 0.0
        counts = {"Requests": requests, "Integrated": requests, "Errors": failed}
        for what, count in counts.items() if is_logged else ():
            if f"{arm.capitalize()}{what}" in self.filters:
                self._values[self._space, f"{arm.capitalize()}{what}", ()][minute] += count
        if is_logged and f"{arm.capitalize()}Latency" in self.filters:
            self._values[self._space, f"{arm.capitalize()}Latency", (("stat", "n"),)][minute] += requests
        for metric in self._target.metrics.business:
            self._values[metric.namespace, metric.name, (("arm", arm), ("stat", "n"))][minute] += each
            self._values[metric.namespace, metric.name, (("arm", arm),)][minute] += 0.0


def _epoch(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
