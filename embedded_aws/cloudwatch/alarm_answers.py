"""The CloudWatch operations that show alarms: DescribeAlarms and its relatives.

Decides which alarms an answer contains. Without AlarmTypes it contains metric alarms only, and names that do not exist are
silently left out (docs/aws.md#describe-alarms).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from embedded_aws.cloudwatch.alarm_configuration import MetricRule
from embedded_aws.cloudwatch.alarm_records import COMPOSITE, METRIC, Alarm
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metric_queries import identify_metric
from embedded_aws.cloudwatch.metric_store import Metric
from embedded_aws.time.timestamps import epoch_of
from embedded_aws.wire.refusal import NotBuiltError, RefusalError, invalid

_Item = TypeVar("_Item")

_MOST_NAMES = 100
_A_PAGE = 100
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def describe_alarms(alarms: Alarms, request: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the requested alarms, grouped by kind."""
    _check(request)
    kinds: Sequence[str] = request.get("AlarmTypes") or (METRIC,)
    shown = [alarm for alarm in alarms if alarm.kind in kinds and _is_asked_for(alarm, request)]
    page, more = _page(shown, request)
    return {
        "MetricAlarms": [alarm.describe() for alarm in page if alarm.kind == METRIC],
        "CompositeAlarms": [alarm.describe() for alarm in page if alarm.kind == COMPOSITE],
        "LogAlarms": [],
        **more,
    }


def describe_alarms_for_metric(alarms: Alarms, request: Mapping[str, Any]) -> dict[str, Any]:
    """The alarms that watch exactly this metric, with any statistic unless the request names one."""
    metric = identify_metric(request)
    wanted = [name for name in ("Statistic", "ExtendedStatistic", "Period", "Unit") if request.get(name)]
    shown = [
        alarm.describe()
        for alarm in alarms
        if _watches(alarm, metric) and all(alarm.request.get(name) == request[name] for name in wanted)
    ]
    return {"MetricAlarms": shown}


def describe_alarm_history(alarms: Alarms, request: Mapping[str, Any]) -> dict[str, Any]:
    """The history of alarms, newest first unless the request asks for the other order."""
    kinds: Sequence[str] = request.get("AlarmTypes") or (METRIC,)
    since = epoch_of(request["StartDate"]) if request.get("StartDate") else float("-inf")
    until = epoch_of(request["EndDate"]) if request.get("EndDate") else float("inf")
    items = [
        item
        for item in alarms.history()
        if request.get("AlarmName") in (None, item.alarm_name)
        and request.get("HistoryItemType") in (None, item.type)
        and item.kind in kinds
        and since <= item.at <= until
    ]
    if request.get("ScanBy") != "TimestampAscending":
        items.reverse()
    page, more = _page(items, request)
    return {"AlarmHistoryItems": [item.describe() for item in page], **more}


def _check(request: Mapping[str, Any]) -> None:
    names = request.get("AlarmNames") or ()
    if len(names) > _MOST_NAMES:
        raise invalid(
            f"1 validation error detected: Value '[{', '.join(names)}]' at 'alarmNames' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MOST_NAMES}"
        )
    if names and request.get("AlarmNamePrefix"):
        raise invalid("AlarmNamePrefix and AlarmNames cannot be used together.")
    for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if request.get(name):
            raise NotBuiltError(f"{name} is not built")


def _is_asked_for(alarm: Alarm, request: Mapping[str, Any]) -> bool:
    prefix = request.get("ActionPrefix")
    actions = [action for name in _ACTIONS for action in alarm.request.get(name) or ()]
    return (
        alarm.name in (request.get("AlarmNames") or (alarm.name,))
        and alarm.name.startswith(request.get("AlarmNamePrefix") or "")
        and request.get("StateValue") in (None, alarm.condition.state)
        and (not prefix or any(action.startswith(prefix) for action in actions))
    )


def _watches(alarm: Alarm, metric: Metric) -> bool:
    """Whether the alarm watches exactly this metric; alarms on expressions are not found by metric."""
    stat = alarm.rule.watched_stat if isinstance(alarm.rule, MetricRule) else None
    return stat is not None and stat.metric == metric


def _page(items: Sequence[_Item], request: Mapping[str, Any]) -> tuple[Sequence[_Item], dict[str, str]]:
    token = request.get("NextToken") or "0"
    if not token.isdecimal():
        raise RefusalError("InvalidNextToken", "The next token specified is invalid.")
    first = int(token)
    last = first + int(request.get("MaxRecords") or _A_PAGE)
    return items[first:last], {"NextToken": str(last)} if len(items) > last else {}
