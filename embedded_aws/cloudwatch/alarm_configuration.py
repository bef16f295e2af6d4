"""A PutMetricAlarm request, parsed once.

Decides which metric alarms CloudWatch accepts. The limits are CloudWatch's (docs/aws.md#alarm-limits). Where no record has the
text of a refusal, the wording is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_aws.cloudwatch.alarm_rules import Comparison, Missing
from embedded_aws.cloudwatch.metric_queries import (
    MetricQuery,
    MetricStat,
    identify_metric,
    metric_stats,
    parse_metric_stat,
    parse_queries,
)
from embedded_aws.cloudwatch.statistics import percentile_of
from embedded_aws.wire.refusal import NotBuiltError, invalid

_DAY = 86_400
_HOUR = 3_600
_MOST_METRICS = 10
_REQUIRED = ("ComparisonOperator", "EvaluationPeriods", "Threshold")
_NOT_BUILT = ("ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval")


@dataclass(frozen=True, slots=True)
class MetricRule:
    """What a metric alarm watches and when it fires; ``low_samples`` is the percentile that needs enough samples."""

    queries: tuple[MetricQuery, ...]
    watched: str
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    comparison: Comparison
    threshold: float
    missing: Missing
    low_samples: float | None

    @property
    def watched_stat(self) -> MetricStat | None:
        """The watched statistic; None if the alarm watches an expression."""
        what = next(query.what for query in self.queries if query.id == self.watched)
        return what if isinstance(what, MetricStat) else None

    @property
    def is_multi_day(self) -> bool:
        """Whether it looks back over more than a day; such alarms are evaluated once an hour."""
        return self.period * self.evaluation_periods > _DAY


def parse_metric_alarm(request: Mapping[str, Any]) -> MetricRule:
    """The rule of a PutMetricAlarm request; raises RefusalError where CloudWatch refuses it."""
    for name in _NOT_BUILT:
        if request.get(name):
            raise NotBuiltError(f"{name} of a metric alarm is not built")
    for name in _REQUIRED:
        if request.get(name) is None:
            raise invalid(f"The parameter {name} is required for a metric alarm with a static threshold.")
    queries = _parse_math(request) if request.get("Metrics") else (_parse_single(request),)
    rule = MetricRule(
        queries=queries,
        watched=_watched(queries),
        period=_period(queries),
        evaluation_periods=int(request["EvaluationPeriods"]),
        datapoints_to_alarm=int(request.get("DatapointsToAlarm") or request["EvaluationPeriods"]),
        comparison=_comparison(request["ComparisonOperator"]),
        threshold=float(request["Threshold"]),
        missing=_missing(request, queries),
        low_samples=_low_samples(request),
    )
    _check_periods(rule)
    return rule


def _parse_single(request: Mapping[str, Any]) -> MetricQuery:
    if not request.get("MetricName") or not request.get("Namespace") or not request.get("Period"):
        raise invalid("MetricName, Namespace and Period are required for an alarm without Metrics.")
    if bool(request.get("Statistic")) == bool(request.get("ExtendedStatistic")):
        raise invalid("Exactly one of Statistic and ExtendedStatistic is required.")
    stat = parse_metric_stat(
        identify_metric(request),
        period=int(request["Period"]),
        statistic=request.get("Statistic") or request["ExtendedStatistic"],
        unit=request.get("Unit"),
    )
    return MetricQuery("m1", stat, None, returns_data=True)


def _parse_math(request: Mapping[str, Any]) -> tuple[MetricQuery, ...]:
    beside = [name for name in ("MetricName", "Namespace", "Period", "Statistic", "Dimensions") if request.get(name)]
    if beside:
        raise invalid(f"{beside[0]} is not allowed for an alarm with Metrics.")
    queries = parse_queries(request["Metrics"])
    if len(metric_stats(queries)) > _MOST_METRICS:
        raise invalid(f"An alarm takes at most {_MOST_METRICS} metrics, got {len(metric_stats(queries))}.")
    return queries


def _watched(queries: Sequence[MetricQuery]) -> str:
    returned = [query.id for query in queries if query.returns_data]
    if len(returned) != 1:
        raise invalid(f"Exactly one query of an alarm must have ReturnData true, got {len(returned)}.")
    return returned[0]


def _period(queries: Sequence[MetricQuery]) -> int:
    periods = {stat.period for stat in metric_stats(queries)}
    if len(periods) != 1:
        raise invalid("All metrics of an alarm must have the same period.")
    return periods.pop()


def _comparison(text: str) -> Comparison:
    if text not in list(Comparison):
        raise NotBuiltError(f"the comparison {text} belongs to anomaly detection, which is not built")
    return Comparison(text)


def _missing(request: Mapping[str, Any], queries: Sequence[MetricQuery]) -> Missing:
    given = request.get("TreatMissingData")
    if given:
        if given not in list(Missing):
            raise invalid(f"Option {given} is not supported. Supported options are {', '.join(Missing)}.")
        return Missing(given)
    ignores = any(stat.metric.namespace == "AWS/DynamoDB" for stat in metric_stats(queries))
    return Missing.IGNORE if ignores else Missing.MISSING


def _low_samples(request: Mapping[str, Any]) -> float | None:
    option = request.get("EvaluateLowSampleCountPercentile")
    if option not in (None, "", "evaluate", "ignore"):
        raise invalid(f"Option {option} is not supported. Supported options are evaluate and ignore.")
    return percentile_of(request.get("ExtendedStatistic") or "") if option == "ignore" else None


def _check_periods(rule: MetricRule) -> None:
    if not 1 <= rule.datapoints_to_alarm <= rule.evaluation_periods:
        raise invalid(
            f"DatapointsToAlarm must be between 1 and EvaluationPeriods, got {rule.datapoints_to_alarm} "
            f"of {rule.evaluation_periods}."
        )
    longest = _DAY if rule.period < _HOUR else 7 * _DAY
    if rule.period * rule.evaluation_periods > longest:
        raise invalid(f"Metrics cannot be checked across more than {longest // _DAY} day(s) at this period.")
