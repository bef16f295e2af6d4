"""CloudWatch's metrics API on the metric store: requests and answers as boto3 writes them.

Decides what GetMetricStatistics and ListMetrics answer. GetMetricData and PutMetricData have their own modules, alarms are in
`embedded_aws/cloudwatch/alarms.py`. Knows no HTTP.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from embedded_aws.cloudwatch.metric_data import get_metric_data, round_start
from embedded_aws.cloudwatch.metric_input import put_metric_data
from embedded_aws.cloudwatch.metric_queries import identify_metric, parse_metric_stat, parse_period
from embedded_aws.cloudwatch.metric_store import NO_UNIT, Metric, MetricStore
from embedded_aws.time.timestamps import datetime_of, epoch_of
from embedded_aws.wire.refusal import invalid_combination, invalid_value
from embedded_aws.wire.unknowns import Unknowns

_MOST_DATAPOINTS = 1_440
_METRICS_A_PAGE = 500
_THREE_HOURS = 10_800
_FILL = re.compile(r"FILL\((\w+),\s*0\)")


class CloudWatch:
    """The operations on metrics."""

    def __init__(self, store: MetricStore, now: Callable[[], float], unknowns: Unknowns | None = None) -> None:
        self._store = store
        self._now = now
        self._unknowns = unknowns or Unknowns()

    def get_metric_data(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Statistics and expressions over a time range."""
        if self._unknowns.ask("alarm-score") == "otherwise":
            request = {**request, "MetricDataQueries": [_unfilled(each) for each in request["MetricDataQueries"]]}
        return get_metric_data(self._store, self._now, request)

    def put_metric_data(self, request: Mapping[str, Any]) -> None:
        """Store samples."""
        put_metric_data(self._store, self._now, request)

    def get_metric_statistics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Several statistics of one metric: a data point per period and unit, in no guaranteed order."""
        metric = identify_metric(request)
        start, end = _check_range(request)
        parse_period(int(request["Period"]))
        begin = round_start(start, self._now())
        units = [request["Unit"]] if request.get("Unit") else self._store.units(metric)
        points = [point for unit in units for point in self._datapoints(metric, request, begin, end, unit)]
        return {"Label": metric.name, "Datapoints": points}

    def list_metrics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The metrics that have samples, 500 per page."""
        token = request.get("NextToken") or "0"
        if not token.isdecimal():
            raise invalid_value("Request parameter NextToken is invalid")
        found = sorted(self._matching(request))
        first = int(token)
        page = [_describe(metric) for metric in found[first : first + _METRICS_A_PAGE]]
        more = {"NextToken": str(first + _METRICS_A_PAGE)} if len(found) > first + _METRICS_A_PAGE else {}
        return {"Metrics": page, **more}

    def _datapoints(
        self, metric: Metric, request: Mapping[str, Any], start: int, end: float, unit: str
    ) -> Iterator[dict[str, Any]]:
        plain: Sequence[str] = request.get("Statistics") or ()
        extended: Sequence[str] = request.get("ExtendedStatistics") or ()
        if not plain and not extended:
            raise invalid_combination("Must specify either Statistics or ExtendedStatistics")
        found: dict[int, dict[str, Any]] = {}
        for name in (*plain, *extended):
            stat = parse_metric_stat(metric, period=int(request["Period"]), statistic=name, unit=unit)
            for at, value in stat.read(self._store, start, end).items():
                point = found.setdefault(at, {"Timestamp": datetime_of(at), "Unit": unit or NO_UNIT})
                (point.setdefault("ExtendedStatistics", {}) if name in extended else point)[name] = value
        yield from found.values()

    def _matching(self, request: Mapping[str, Any]) -> Iterator[Metric]:
        wanted: Sequence[Mapping[str, str]] = request.get("Dimensions") or ()
        oldest = self._now() - _THREE_HOURS if request.get("RecentlyActive") else float("-inf")
        for metric, newest_minute in self._store.metrics():
            dimensions = dict(metric.dimensions)
            if (
                request.get("Namespace") in (None, metric.namespace)
                and request.get("MetricName") in (None, metric.name)
                and all(_has(dimensions, pair) for pair in wanted)
                and newest_minute >= oldest
            ):
                yield metric


def _has(dimensions: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    value = dimensions.get(wanted["Name"])
    return value is not None and wanted.get("Value") in (None, value)


def _describe(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _check_range(request: Mapping[str, Any]) -> tuple[float, float]:
    start, end = epoch_of(request["StartTime"]), epoch_of(request["EndTime"])
    if start >= end:
        raise invalid_value("The parameter StartTime must be less than the parameter EndTime.")
    requested = int((end - start) / max(1, int(request["Period"])))
    if requested > _MOST_DATAPOINTS:
        raise invalid_combination(
            f"You have requested up to {requested} datapoints, which exceeds the limit of {_MOST_DATAPOINTS}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return start, end


def _unfilled(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """The query with FILL removed, as if it filled nothing."""
    text = query.get("Expression")
    return {**query, "Expression": _FILL.sub(r"\1", text)} if text else query
