"""CloudWatch's operations by their names on the wire.

Decides only which part answers which operation; every HTTP protocol uses this table.
"""

from collections.abc import Callable, Mapping
from typing import Any

from embedded_aws.cloudwatch.alarm_answers import describe_alarm_history, describe_alarms, describe_alarms_for_metric
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metrics_api import CloudWatch
from embedded_aws.wire.refusal import RefusalError

Request = Mapping[str, Any]
Operation = Callable[[Request], Mapping[str, Any] | None]


def cloudwatch_operations(cloudwatch: CloudWatch, alarms: Alarms) -> dict[str, Operation]:
    """The function that answers each supported operation; requests and answers are as boto3 writes them."""
    return {
        "GetMetricData": cloudwatch.get_metric_data,
        "GetMetricStatistics": cloudwatch.get_metric_statistics,
        "ListMetrics": cloudwatch.list_metrics,
        "PutMetricData": cloudwatch.put_metric_data,
        "DescribeAlarms": lambda request: describe_alarms(alarms, request),
        "DescribeAlarmsForMetric": lambda request: describe_alarms_for_metric(alarms, request),
        "DescribeAlarmHistory": lambda request: describe_alarm_history(alarms, request),
        "PutMetricAlarm": alarms.put_metric_alarm,
        "PutCompositeAlarm": alarms.put_composite_alarm,
        "DeleteAlarms": lambda request: alarms.delete_alarms(request["AlarmNames"]),
        "SetAlarmState": lambda request: alarms.set_alarm_state(
            request["AlarmName"], request["StateValue"], request["StateReason"], request.get("StateReasonData")
        ),
        "EnableAlarmActions": lambda request: alarms.enable_actions(request["AlarmNames"], enabled=True),
        "DisableAlarmActions": lambda request: alarms.enable_actions(request["AlarmNames"], enabled=False),
        "ListTagsForResource": lambda request: _list_tags(alarms, request),
        "TagResource": lambda request: _tag(alarms, request),
        "UntagResource": lambda request: _untag(alarms, request),
    }


def _list_tags(alarms: Alarms, request: Request) -> dict[str, Any]:
    alarm = alarms.find(request["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in (alarm.tags if alarm else {}).items()]}


def _tag(alarms: Alarms, request: Request) -> None:
    _tags_of(alarms, request).update({tag["Key"]: tag["Value"] for tag in request["Tags"]})


def _untag(alarms: Alarms, request: Request) -> None:
    tags = _tags_of(alarms, request)
    for key in request["TagKeys"]:
        tags.pop(key, None)


def _tags_of(alarms: Alarms, request: Request) -> dict[str, str]:
    alarm = alarms.find(request["ResourceARN"])
    if alarm is None:
        raise RefusalError("ResourceNotFoundException")
    return alarm.tags
