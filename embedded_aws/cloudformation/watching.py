"""CloudWatch and CloudWatch Logs in templates: alarms, dashboards, log groups, metric filters, saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, document, tag_map
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping


def _put_alarm(task: Task) -> Made:
    client, name = task.connect("cloudwatch"), task.name("AlarmName", 255)
    client.put_metric_alarm(**arguments(client, "PutMetricAlarm", {**task.properties, "AlarmName": name}))
    return Made(name, {"Arn": task.arn("cloudwatch", f"alarm:{name}")})


def _put_composite_alarm(task: Task) -> Made:
    client, name = task.connect("cloudwatch"), task.name("AlarmName", 255)
    client.put_composite_alarm(**arguments(client, "PutCompositeAlarm", {**task.properties, "AlarmName": name}))
    return Made(name, {"Arn": task.arn("cloudwatch", f"alarm:{name}")})


def _delete_alarm(task: Task) -> None:
    task.connect("cloudwatch").delete_alarms(AlarmNames=[task.physical_id])


def _put_dashboard(task: Task) -> Made:
    name = task.name("DashboardName", 255)
    task.connect("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=document(task.properties["DashboardBody"]))
    return Made(name)


def _delete_dashboard(task: Task) -> None:
    task.connect("cloudwatch").delete_dashboards(DashboardNames=[task.physical_id])


def _create_log_group(task: Task) -> Made:
    client, given, name = task.connect("logs"), task.properties, task.name("LogGroupName", 512)
    optional = {"tags": tag_map(given), "logGroupClass": given.get("LogGroupClass")}
    client.create_log_group(logGroupName=name, **{key: value for key, value in optional.items() if value})
    _set_retention(task, name)
    return Made(name, {"Arn": task.arn("logs", f"log-group:{name}:*")})


def _update_log_group(task: Task) -> Made:
    _set_retention(task, task.physical_id)
    return Made(task.physical_id, task.attributes)


def _set_retention(task: Task, name: str) -> None:
    client, days = task.connect("logs"), task.properties.get("RetentionInDays")
    if days is not None:
        client.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    elif task.before.get("RetentionInDays") is not None:
        client.delete_retention_policy(logGroupName=name)


def _put_metric_filter(task: Task) -> Made:
    client, name = task.connect("logs"), task.name("FilterName", 512)
    given = {**task.properties, "FilterName": name}
    given["MetricTransformations"] = [_transformation(each) for each in given["MetricTransformations"]]
    client.put_metric_filter(**arguments(client, "PutMetricFilter", given))
    return Made(name)


def _transformation(given: Mapping[str, Any]) -> dict[str, Any]:
    """A metric transformation as the call takes it, with its dimensions by name."""
    dimensions = {each["Key"]: each["Value"] for each in given.get("Dimensions", [])}
    return {**given, **({"Dimensions": dimensions} if dimensions else {})}


def _delete_metric_filter(task: Task) -> None:
    group = task.properties["LogGroupName"]
    task.connect("logs").delete_metric_filter(logGroupName=group, filterName=task.physical_id)


def _put_query(task: Task, **which: str) -> Made:
    """Save the query; its physical id is CloudWatch's own (docs/aws.md#insights-saved)."""
    client = task.connect("logs")
    kept = str(
        client.put_query_definition(**arguments(client, "PutQueryDefinition", task.properties), **which)["queryDefinitionId"]
    )
    return Made(kept, {"QueryDefinitionId": kept})


KINDS: Mapping[str, ResourceType] = {
    "AWS::CloudWatch::Alarm": ResourceType(_put_alarm, _delete_alarm, _put_alarm, frozenset({"AlarmName"})),
    "AWS::CloudWatch::CompositeAlarm": ResourceType(
        _put_composite_alarm, _delete_alarm, _put_composite_alarm, frozenset({"AlarmName"})
    ),
    "AWS::CloudWatch::Dashboard": ResourceType(_put_dashboard, _delete_dashboard, _put_dashboard, frozenset({"DashboardName"})),
    "AWS::Logs::LogGroup": ResourceType(
        _create_log_group,
        lambda task: task.connect("logs").delete_log_group(logGroupName=task.physical_id),
        _update_log_group,
        frozenset({"LogGroupName", "LogGroupClass"}),
    ),
    "AWS::Logs::MetricFilter": ResourceType(
        _put_metric_filter, _delete_metric_filter, _put_metric_filter, frozenset({"FilterName", "LogGroupName"})
    ),
    "AWS::Logs::QueryDefinition": ResourceType(
        _put_query,
        lambda task: task.connect("logs").delete_query_definition(queryDefinitionId=task.physical_id),
        lambda task: _put_query(task, queryDefinitionId=task.physical_id),
    ),
}
