"""GetMetricData's answer: ranges, order, labels and pages.

Decides how a range is rounded, how a result without a label is named, and where a page ends.
`embedded_aws/cloudwatch/metric_queries.py` computes the values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedded_aws.cloudwatch.metric_queries import MetricQuery, MetricStat, compute, has_math, parse_queries
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.cloudwatch.samples import MINUTE
from embedded_aws.time.timestamps import datetime_of, epoch_of
from embedded_aws.wire.refusal import RefusalError, invalid

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800
_DAY = 86_400
_ROUNDING = ((15 * _DAY, MINUTE), (63 * _DAY, 5 * MINUTE), (float("inf"), 60 * MINUTE))


@dataclass(frozen=True, slots=True)
class _Result:
    """One query's points, in the order asked for."""

    id: str
    label: str
    points: Sequence[tuple[int, float]]

    def page(self, skip: int, room: int) -> dict[str, Any]:
        """The result with at most `room` points, after the first `skip`."""
        points = self.points[skip : skip + room]
        return {
            "Id": self.id,
            "Label": self.label,
            "Timestamps": [datetime_of(at) for at, _ in points],
            "Values": [value for _, value in points],
            "StatusCode": "Complete" if skip + room >= len(self.points) else "PartialData",
        }


def get_metric_data(store: MetricStore, now: Callable[[], float], request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a GetMetricData request; request and answer are in boto3's form."""
    queries = parse_queries(request["MetricDataQueries"])
    if len(queries) > MOST_QUERIES:
        raise invalid(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
    start, end = parse_range(request["StartTime"], request["EndTime"], now())
    series = compute(store, queries, start=start, end=end)
    oldest_first = request.get("ScanBy") == "TimestampAscending"
    labels = dict(_labels(queries))
    results = [
        _Result(query.id, labels[query.id], _ordered(series[query.id], oldest_first=oldest_first))
        for query in queries
        if query.returns_data
    ]
    room = MOST_DATAPOINTS if has_math(queries) else int(request.get("MaxDatapoints") or MOST_DATAPOINTS)
    return _page(results, room, _parse_token(request.get("NextToken")), pages=not has_math(queries))


def parse_range(start: datetime | float, end: datetime | float, now: float) -> tuple[int, float]:
    """The range: its start, rounded down as CloudWatch does it, and its exclusive end."""
    begin, finish = epoch_of(start), epoch_of(end)
    if begin == finish:
        raise invalid("The parameter StartTime must not equal parameter EndTime.")
    if begin > finish:
        raise invalid("The parameter EndTime must be greater than StartTime.")
    return round_start(begin, now), finish


def round_start(start: float, now: float) -> int:
    """Round down to the minute; beyond 15 days to five minutes, beyond 63 days to the hour (docs/aws.md#start-rounding)."""
    step = next(step for age, step in _ROUNDING if now - start < age)
    return int(start // step) * step


def _ordered(series: Mapping[int, float], *, oldest_first: bool) -> Sequence[tuple[int, float]]:
    points = list(series.items())
    return points if oldest_first else points[::-1]


def _labels(queries: Sequence[MetricQuery]) -> Iterator[tuple[str, str]]:
    """The label given, else the metric's name plus the statistic and period where these tell the metrics apart."""
    stats = [query.what for query in queries if isinstance(query.what, MetricStat)]
    shows_statistic = len({stat.statistic_name for stat in stats}) > 1
    shows_period = len({stat.period for stat in stats}) > 1
    for query in queries:
        what = query.what
        if query.label or not isinstance(what, MetricStat):
            yield query.id, query.label or query.id
            continue
        parts = [what.metric.name]
        parts += [what.statistic_name] if shows_statistic else []
        parts += [str(what.period)] if shows_period else []
        yield query.id, " ".join(parts)


def _parse_token(token: str | None) -> int:
    if not token:
        return 0
    if not token.isdecimal():
        raise RefusalError("InvalidNextToken", "The next token specified is invalid.")
    return int(token)


def _page(results: Sequence[_Result], room: int, skip: int, *, pages: bool) -> dict[str, Any]:
    """Fill a page with up to `room` points; the token is the number of points on earlier pages."""
    answer: list[dict[str, Any]] = []
    total = sum(len(result.points) for result in results)
    until = skip + room if pages else total
    before = 0
    for result in results:
        after = before + len(result.points)
        is_new = after > skip or not skip
        if is_new and (before < until or not result.points):
            start = max(0, skip - before)
            answer.append(result.page(start, until - before - start))
        before = after
    more = {"NextToken": str(until)} if total > until else {}
    return {"MetricDataResults": answer, "Messages": [], **more}
