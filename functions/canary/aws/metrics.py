"""Reads per-minute values of the CloudWatch series that a look or a history needs, in as few calls as the limits allow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.rules.looks.sources import charged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from canary.rules.looks.sources import Series

QUERIES_PER_CALL = 500
"""The limit of GetMetricData (docs/aws.md#get-metric-data)."""

Values = dict["Series", dict[int, float]]


class MetricReader:
    """Reads series. ``requested`` counts the requested metrics as CloudWatch charges for them."""

    def __init__(self, cloudwatch: Any) -> None:  # noqa: ANN401
        self._cloudwatch = cloudwatch
        self.requested = 0

    def read(self, series: Sequence[Series], start: int, end: int, *, period: int = 60) -> Values:
        """The values of each series by the start of the period (epoch seconds), from `start` up to `end`, which is excluded.

        A period without a value is absent: missing data and a wrong name look the same.

        Raises:
            AwsRefusedError: CloudWatch refused.

        """
        values: Values = {one: {} for one in series}
        if start < end:
            wanted = list(values)
            for first in range(0, len(wanted), QUERIES_PER_CALL):
                self._read_chunk(wanted[first : first + QUERIES_PER_CALL], start, end, period, values)
        return values

    def _read_chunk(self, chunk: Sequence[Series], start: int, end: int, period: int, values: Values) -> None:
        queries = [_query(f"m{index}", one, period) for index, one in enumerate(chunk)]
        self.requested += charged(chunk)
        arguments: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "ScanBy": "TimestampAscending",
        }
        while True:
            with refusals("aws cloudwatch get-metric-data"):
                answer = self._cloudwatch.get_metric_data(**arguments)
            for result in answer["MetricDataResults"]:
                one = chunk[int(result["Id"].removeprefix("m"))]
                stamps = (int(stamp.timestamp()) for stamp in result["Timestamps"])
                values[one].update(zip(stamps, result["Values"], strict=True))
            if "NextToken" not in answer:
                return
            arguments["NextToken"] = answer["NextToken"]


def total(values: Mapping[Series, Mapping[int, float]], series: Iterable[Series], minute: int) -> float | None:
    """The sum over several series in one minute; None if none of them has a value."""
    found = [values[one][minute] for one in series if minute in values[one]]
    return sum(found) if found else None


def _query(query_id: str, one: Series, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in one.dimensions]
    metric = {"Namespace": one.namespace, "MetricName": one.name, "Dimensions": dimensions}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": one.statistic}}
