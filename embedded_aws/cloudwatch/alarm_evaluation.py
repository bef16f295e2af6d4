"""Fetches a metric alarm's points as CloudWatch does, and evaluates them.

Decides which time window an evaluation covers: it ends at the last whole minute and slides by a minute, whatever the period
(docs/aws.md#alarm-evaluation).
"""

from embedded_aws.cloudwatch.alarm_configuration import MetricRule
from embedded_aws.cloudwatch.alarm_rules import EXTRA_PERIODS, Evaluation, Point, evaluate
from embedded_aws.cloudwatch.metric_queries import compute
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.cloudwatch.samples import MINUTE

_HOUR = 3_600
_MEDIAN = 50
_WHOLE = 100


def evaluate_rule(store: MetricStore, rule: MetricRule, now: float) -> Evaluation:
    """Evaluate the rule on its newest visible points."""
    end = _end_of_window(rule, now)
    start = end - (rule.evaluation_periods + EXTRA_PERIODS) * rule.period
    series = compute(store, rule.queries, start=start, end=end)[rule.watched]
    recent = [_point(rule, at, series.get(at)) for at in range(start, end, rule.period)]
    found = evaluate(recent, periods=rule.evaluation_periods, datapoints=rule.datapoints_to_alarm, missing=rule.missing)
    return Evaluation(None, found.points, found.filled) if _has_too_few_samples(store, rule, end) else found


def is_due(rule: MetricRule, now: float) -> bool:
    """Whether to evaluate now: every minute, or once an hour if the rule looks back over more than a day."""
    return not rule.is_multi_day or int(now) % _HOUR < MINUTE


def sample_counts(store: MetricStore, rule: MetricRule, evaluation: Evaluation) -> dict[int, float]:
    """The sample counts behind the points; empty if the alarm watches an expression."""
    stat = rule.watched_stat
    if stat is None or not evaluation.points:
        return {}
    oldest, newest = evaluation.points[-1].at, evaluation.points[0].at
    return stat.with_statistic("SampleCount").read(store, oldest, newest + rule.period)


def _end_of_window(rule: MetricRule, now: float) -> int:
    step = _HOUR if rule.is_multi_day else MINUTE
    return int(now) // step * step


def _point(rule: MetricRule, at: int, value: float | None) -> Point | None:
    return None if value is None else Point(at, value, rule.comparison.breaches(value, rule.threshold))


def _has_too_few_samples(store: MetricStore, rule: MetricRule, end: int) -> bool:
    """Whether a percentile has too few samples to be meaningful (docs/aws.md#low-samples)."""
    stat = rule.watched_stat
    if rule.low_samples is None or stat is None:
        return False
    start = end - rule.evaluation_periods * rule.period
    samples = sum(stat.with_statistic("SampleCount").read(store, start, end).values())
    percent = _WHOLE - rule.low_samples if rule.low_samples >= _MEDIAN else rule.low_samples
    return samples * percent < 10 * _WHOLE
