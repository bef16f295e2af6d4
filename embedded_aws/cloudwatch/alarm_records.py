"""An alarm as CloudWatch stores it: its configuration, its state, and how the API and EventBridge show it.

Decides the shapes only. `embedded_aws/cloudwatch/alarms.py` and the rules it calls decide when a state changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from embedded_aws.cloudwatch.alarm_configuration import MetricRule
from embedded_aws.cloudwatch.alarm_reasons import FIRST
from embedded_aws.cloudwatch.alarm_rules import State
from embedded_aws.cloudwatch.composite_rules import CompositeRule
from embedded_aws.time.timestamps import datetime_of, in_data

METRIC = "MetricAlarm"
COMPOSITE = "CompositeAlarm"

_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_METRIC_FIELDS = (
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
)
_COMPOSITE_FIELDS = (
    "AlarmDescription",
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A state, its reason, and when it began."""

    state: State
    reason: str
    data: str | None
    at: float

    def in_event(self) -> dict[str, Any]:
        """The state as an event's detail shows it."""
        data = {"reasonData": self.data} if self.data else {}
        return {"value": self.state.value, "reason": self.reason, **data, "timestamp": in_data(self.at)}

    def in_history(self) -> dict[str, Any]:
        """The state as a history item shows it."""
        data = {"stateReasonData": json.loads(self.data)} if self.data else {}
        return {"stateValue": self.state.value, "stateReason": self.reason, **data}


@dataclass(slots=True)
class Alarm:
    """An alarm of either kind. ``updated_at`` also moves with the evaluation state; the condition's time does not."""

    name: str
    arn: str
    request: Mapping[str, Any]
    rule: MetricRule | CompositeRule
    configured_at: float
    condition: Condition
    transitioned_at: float
    updated_at: float
    actions_enabled: bool = True
    evaluation_state: str | None = None
    is_broken: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The alarm type as requests name it."""
        return METRIC if isinstance(self.rule, MetricRule) else COMPOSITE

    def describe(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms shows it, without the fields that were never given."""
        fields = _METRIC_FIELDS if self.kind == METRIC else _COMPOSITE_FIELDS
        given = {name: self.request[name] for name in fields if self.request.get(name) not in (None, "", [])}
        if isinstance(self.rule, MetricRule):
            given["Threshold"] = self.rule.threshold
        dimensions = {"Dimensions": list(self.request.get("Dimensions") or ())} if self.kind == METRIC else {}
        return {
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "ActionsEnabled": self.actions_enabled,
            **{name: list(self.request.get(name) or ()) for name in _ACTIONS},
            "AlarmConfigurationUpdatedTimestamp": datetime_of(self.configured_at),
            **given,
            **dimensions,
            **self._describe_state(),
        }

    def _describe_state(self) -> dict[str, Any]:
        data = {"StateReasonData": self.condition.data} if self.condition.data else {}
        broken = {"EvaluationState": self.evaluation_state} if self.evaluation_state else {}
        return {
            "StateValue": self.condition.state.value,
            "StateReason": self.condition.reason,
            **data,
            **broken,
            "StateUpdatedTimestamp": datetime_of(self.updated_at),
            "StateTransitionedTimestamp": datetime_of(self.transitioned_at),
        }

    def configuration_in_event(self) -> dict[str, Any]:
        """What the alarm watches, as an event's detail shows it."""
        description = {"description": self.request["AlarmDescription"]} if self.request.get("AlarmDescription") else {}
        if isinstance(self.rule, CompositeRule):
            return {**description, "alarmRule": self.rule.text}
        return {**description, "metrics": [_query_in_event(query) for query in self._queries()]}

    def _queries(self) -> list[Mapping[str, Any]]:
        if self.request.get("Metrics"):
            return list(self.request["Metrics"])
        metric = {name: self.request.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
        stat = self.request.get("Statistic") or self.request.get("ExtendedStatistic")
        query = {"Metric": metric, "Period": self.request["Period"], "Stat": stat}
        return [{"Id": str(uuid5(NAMESPACE_URL, self.arn)), "MetricStat": query}]


@dataclass(frozen=True, slots=True)
class StateChange:
    """An alarm went from one state to another."""

    alarm: Alarm
    before: Condition
    after: Condition

    def event(self) -> dict[str, Any]:
        """The EventBridge event, without the fields that EventBridge adds itself (id, account, region, version)."""
        return {
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm State Change",
            "time": self.after.at,
            "resources": [self.alarm.arn],
            "detail": {
                "alarmName": self.alarm.name,
                "state": self.after.in_event(),
                "previousState": self.before.in_event(),
                "configuration": self.alarm.configuration_in_event(),
            },
        }


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One entry of an alarm's history."""

    alarm_name: str
    kind: str
    type: str
    summary: str
    data: str
    at: float

    def describe(self) -> dict[str, Any]:
        """The entry as DescribeAlarmHistory shows it."""
        return {
            "AlarmName": self.alarm_name,
            "AlarmType": self.kind,
            "Timestamp": datetime_of(self.at),
            "HistoryItemType": self.type,
            "HistorySummary": self.summary,
            "HistoryData": self.data,
        }


def first_condition(now: float) -> Condition:
    """The condition of a newly created alarm."""
    return Condition(State.INSUFFICIENT_DATA, FIRST, None, now)


def state_update(change: StateChange) -> HistoryItem:
    """The history item of a state change."""
    old, new = change.before, change.after
    data = json.dumps({"version": "1.0", "oldState": old.in_history(), "newState": new.in_history()})
    summary = f"Alarm updated from {old.state} to {new.state}"
    return HistoryItem(change.alarm.name, change.alarm.kind, "StateUpdate", summary, data, new.at)


def configuration_update(alarm: Alarm, what: str, now: float) -> HistoryItem:
    """The history item of a creation, an update or a deletion."""
    data = json.dumps({"version": "1.0", "type": what.capitalize()})
    return HistoryItem(alarm.name, alarm.kind, "ConfigurationUpdate", f'Alarm "{alarm.name}" {what}d', data, now)


def _query_in_event(query: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData") is not False}
    shown |= {name.lower(): query[name] for name in ("Expression", "Label") if query.get(name)}
    stat = query.get("MetricStat")
    if stat:
        metric = stat["Metric"]
        dimensions = {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions") or ()}
        named = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
        shown["metricStat"] = {"metric": named, "period": stat["Period"], "stat": stat["Stat"]}
    return shown
