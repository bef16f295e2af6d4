"""Why an alarm is in its state: CloudWatch's reason text and reason data.

The texts follow recorded and published examples, because people and tools read them (docs/aws.md#alarm-reasons).
"""

import json
from collections.abc import Mapping
from typing import Any

from embedded_aws.cloudwatch.alarm_configuration import MetricRule
from embedded_aws.cloudwatch.alarm_rules import Comparison, Evaluation, Missing, Point, State
from embedded_aws.time.timestamps import datetime_of, in_data, in_reason

FIRST = "Unchecked: Initial alarm creation"

_WORDS = {
    Comparison.GREATER: "greater than",
    Comparison.GREATER_OR_EQUAL: "greater than or equal to",
    Comparison.LESS: "less than",
    Comparison.LESS_OR_EQUAL: "less than or equal to",
}
_TREATED = {Missing.BREACHING: "Breaching", Missing.NOT_BREACHING: "NonBreaching"}


def metric_reason(rule: MetricRule, evaluation: Evaluation, *, old: State, new: State) -> str:
    """The reason text for a metric alarm that changes from the old state to the new one."""
    if new is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_some(rule.evaluation_periods, 'datapoint')} unknown."
    if not evaluation.points:
        return (
            f"Threshold Crossed: no datapoints were received for {_plural(rule.evaluation_periods, 'period')} "
            f"and {_filled(rule, evaluation)}."
        )
    return f"Threshold Crossed: {_points(rule, evaluation, old=old, new=new)}"


def metric_reason_data(rule: MetricRule, evaluation: Evaluation, counts: Mapping[int, float], now: float) -> str:
    """The figures behind the text, as JSON; ``counts`` are the sample counts if a single metric is watched."""
    oldest_first = evaluation.points[::-1]
    stat = rule.watched_stat
    data: dict[str, Any] = {"version": "1.0", "queryDate": in_data(now)}
    if oldest_first:
        data["startDate"] = in_data(oldest_first[0].at)
    if stat and stat.unit:
        data["unit"] = stat.unit
    if stat:
        data["statistic"] = stat.statistic_name
    data["period"] = rule.period
    data["recentDatapoints"] = [point.value for point in oldest_first]
    data["threshold"] = rule.threshold
    data["evaluatedDatapoints"] = [_evaluated(point, counts) for point in evaluation.points]
    return json.dumps(data, separators=(",", ":"))


def composite_reason(child_arn: str, child_state: State, at: float) -> str:
    """The reason text for a composite alarm that changed because a child did."""
    return f"{child_arn} transitioned to {child_state} at {_long_date(at)}"


def first_composite_reason(arn: str, state: State) -> str:
    """The reason text for a composite alarm's first evaluation."""
    return f"{arn} was created and its alarm rule evaluates to {state}"


def composite_reason_data(children: Mapping[str, tuple[State, float]]) -> str:
    """The children that caused the change, as JSON: state and time by ARN."""
    triggering = [
        {"arn": arn, "state": {"value": state.value, "timestamp": in_data(at)}} for arn, (state, at) in children.items()
    ]
    return json.dumps({"triggeringAlarms": triggering}, separators=(",", ":"))


def _points(rule: MetricRule, evaluation: Evaluation, *, old: State, new: State) -> str:
    fires = new is State.ALARM
    telling = [point for point in evaluation.points if point.is_breaching is fires] or list(evaluation.points)
    values = ", ".join(f"{point.value} ({in_reason(point.at)})" for point in telling)
    relation = f"{'' if fires else 'not '}{_WORDS[rule.comparison]} the threshold ({rule.threshold})"
    if old is State.INSUFFICIENT_DATA or evaluation.filled:
        verb = "was" if len(telling) == 1 else "were"
        gaps = f" and {_filled(rule, evaluation)}" if evaluation.filled and rule.missing in _TREATED else ""
        return f"{_plural(len(telling), 'datapoint')} [{values}] {verb} {relation}{gaps}."
    needed = rule.datapoints_to_alarm if fires else rule.evaluation_periods - rule.datapoints_to_alarm + 1
    verb = "was" if len(telling) == 1 else "were"
    return (
        f"{len(telling)} out of the last {rule.evaluation_periods} datapoints [{values}] {verb} {relation} "
        f"(minimum {_plural(needed, 'datapoint')} for {old} -> {new} transition)."
    )


def _filled(rule: MetricRule, evaluation: Evaluation) -> str:
    treated = _TREATED.get(rule.missing, rule.missing.value)
    return f"{_some(evaluation.filled, 'missing datapoint')} treated as [{treated}]"


def _evaluated(point: Point, counts: Mapping[int, float]) -> dict[str, Any]:
    sampled = {"sampleCount": counts[point.at]} if point.at in counts else {}
    return {"timestamp": in_data(point.at), **sampled, "value": point.value}


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(number: int, noun: str) -> str:
    return f"{_plural(number, noun)} {'was' if number == 1 else 'were'}"


def _long_date(at: float) -> str:
    return f"{datetime_of(at):%A %d %B, %Y %H:%M:%S} UTC"
