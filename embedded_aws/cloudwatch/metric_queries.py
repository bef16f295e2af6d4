"""A set of MetricDataQueries, parsed once and computed on the metric store.

Decides which queries CloudWatch accepts and in which order their expressions are computed. GetMetricData and metric
alarms both use it. It knows neither pages nor alarm states.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from embedded_aws.cloudwatch.metric_algebra import MathError, Series, Value, World
from embedded_aws.cloudwatch.metric_math import Expression, parse_expression
from embedded_aws.cloudwatch.metric_store import NO_UNIT, Metric, MetricStore, identify
from embedded_aws.cloudwatch.samples import MINUTE
from embedded_aws.cloudwatch.statistics import Statistic, parse_statistic
from embedded_aws.wire.refusal import NotBuiltError, RefusalError, invalid

_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
_BELOW_A_MINUTE = (1, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class MetricStat:
    """One statistic of one metric, per period; with `unit` None, in whatever unit the metric has."""

    metric: Metric
    statistic_name: str
    statistic: Statistic
    period: int
    unit: str | None

    def with_statistic(self, name: str) -> "MetricStat":
        """The same metric and period with another statistic."""
        return MetricStat(self.metric, name, parse_statistic(name), self.period, self.unit)

    def read(self, store: MetricStore, start: int, end: float) -> Series:
        """The visible points from `start` to before `end`."""
        return store.series(
            self.metric,
            self.statistic,
            start=start,
            end=end,
            seconds=self.period,
            unit=self.unit or self._unit_in(store),
        )

    def _unit_in(self, store: MetricStore) -> str:
        units = store.units(self.metric)
        if len(units) > 1:
            raise NotBuiltError(
                f"{self.metric.name} has samples in {', '.join(sorted(units))}; what CloudWatch does with them when no "
                "unit is given is not recorded, so give one"
            )
        return units[0] if units else NO_UNIT


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One query: a metric's statistic, or an expression over other queries."""

    id: str
    what: MetricStat | Expression
    label: str | None
    returns_data: bool


def parse_queries(queries: Iterable[Mapping[str, Any]]) -> tuple[MetricQuery, ...]:
    """The queries in boto3's form, parsed; RefusalError where CloudWatch would refuse one."""
    parsed = tuple(_parse_query(query) for query in queries)
    ids = [query.id for query in parsed]
    for one in ids:
        if ids.count(one) > 1:
            raise invalid(f"The values for parameter id in MetricDataQueries are not unique: {one}")
    for query in parsed:
        _check_names(query, ids)
    return parsed


def metric_stats(queries: Iterable[MetricQuery]) -> list[MetricStat]:
    """The metrics among the queries."""
    return [query.what for query in queries if isinstance(query.what, MetricStat)]


def has_math(queries: Iterable[MetricQuery]) -> bool:
    """Whether one of the queries is an expression."""
    return any(isinstance(query.what, Expression) for query in queries)


def compute(store: MetricStore, queries: Sequence[MetricQuery], *, start: int, end: float) -> dict[str, Series]:
    """Each query's series by id; periods are counted from `start` and begin before `end`."""
    return _Computation(store, queries, start, end).all()


def parse_period(seconds: int, *, name: str = "Period") -> int:
    """The period, which must be a whole number of minutes: nothing shorter is stored."""
    if seconds in _BELOW_A_MINUTE:
        raise NotBuiltError(f"metrics are stored per minute, so a {name} of {seconds} s cannot be read; ask for 60")
    if seconds <= 0 or seconds % MINUTE:
        raise invalid(f"The parameter {name} must be 1, 5, 10, 20, 30 or a multiple of 60, got {seconds}")
    return seconds


def identify_metric(metric: Mapping[str, Any]) -> Metric:
    """The metric that an API's Metric structure names."""
    dimensions = [(pair["Name"], pair["Value"]) for pair in metric.get("Dimensions") or ()]
    return identify(metric["Namespace"], metric["MetricName"], dimensions)


def parse_metric_stat(metric: Metric, *, period: int, statistic: str, unit: str | None) -> MetricStat:
    """The metric with a statistic and a period that CloudWatch accepts."""
    try:
        return MetricStat(metric, statistic, parse_statistic(statistic), parse_period(period), unit)
    except ValueError as error:
        raise invalid(f"The value {statistic} for parameter Stat is not supported.") from error


def _parse_query(query: Mapping[str, Any]) -> MetricQuery:
    name = query.get("Id", "")
    if not _ID.fullmatch(name):
        raise invalid(f"The value {name} for parameter Id is not matching the expression pattern ^[a-z][a-zA-Z0-9_]*$.")
    what = _parse_what(name, query)
    return MetricQuery(name, what, query.get("Label"), query.get("ReturnData") is not False)


def _parse_what(name: str, query: Mapping[str, Any]) -> MetricStat | Expression:
    stat, text = query.get("MetricStat"), query.get("Expression")
    if (stat is None) == (not text):
        raise invalid(f"The query {name} needs either a MetricStat or an Expression.")
    if stat is None:
        return _parse_math(name, str(text))
    metric = identify_metric(stat["Metric"])
    return parse_metric_stat(metric, period=int(stat["Period"]), statistic=stat["Stat"], unit=stat.get("Unit"))


def _parse_math(name: str, text: str) -> Expression:
    if text.lstrip().upper().startswith("SELECT"):
        raise NotBuiltError("Metrics Insights queries are not built")
    try:
        return parse_expression(text)
    except MathError as error:
        raise _in_expression(name, error) from error


def _check_names(query: MetricQuery, ids: Sequence[str]) -> None:
    if isinstance(query.what, Expression):
        for name in sorted(query.what.names.difference(ids)):
            raise _in_expression(query.id, MathError(f"no metric or expression has the id {name!r}"))


def _in_expression(name: str, error: MathError) -> RefusalError:
    return invalid(f"Error in expression '{name}': {error}")


class _Computation:
    """One computation of a set of queries."""

    def __init__(self, store: MetricStore, queries: Sequence[MetricQuery], start: int, end: float) -> None:
        self._store = store
        self._queries = {query.id: query for query in queries}
        self._start = start
        self._end = end
        self._values: dict[str, Value] = {}
        self._open: set[str] = set()

    def all(self) -> dict[str, Series]:
        return {name: self._series(name) for name in self._queries}

    def _series(self, name: str) -> Series:
        value = self._value(name)
        if isinstance(value, dict):
            return value
        if isinstance(value, list):
            raise NotBuiltError(f"expression {name} gives several time series, which is not built")
        raise _in_expression(name, MathError("the result must be a time series"))

    def _value(self, name: str) -> Value:
        if name not in self._values:
            what = self._queries[name].what
            self._values[name] = (
                what.read(self._store, self._start, self._end) if isinstance(what, MetricStat) else self._math(name, what)
            )
        return self._values[name]

    def _math(self, name: str, expression: Expression) -> Value:
        if name in self._open:
            raise _in_expression(name, MathError("the expression depends on itself"))
        self._open.add(name)
        metrics = [one for one, query in self._queries.items() if isinstance(query.what, MetricStat)]
        needed = sorted(expression.names) + (metrics if "METRICS" in expression.functions else [])
        values = {one: self._value(one) for one in needed}
        self._open.discard(name)
        period = self._period(name, needed)
        world = World(values, metrics, range(self._start, ceil(self._end), period), period)
        try:
            return expression.compute(world)
        except MathError as error:
            raise _in_expression(name, error) from error

    def _period(self, name: str, needed: Iterable[str]) -> int:
        """The one period that all metrics of the expression share."""
        periods = set(self._periods(needed))
        if len(periods) > 1:
            raise NotBuiltError(f"expression {name} mixes metrics of several periods, which is not built")
        return periods.pop() if periods else MINUTE

    def _periods(self, names: Iterable[str]) -> Iterator[int]:
        for name in names:
            what = self._queries[name].what
            if isinstance(what, MetricStat):
                yield what.period
            else:
                yield from self._periods(sorted(what.names))
