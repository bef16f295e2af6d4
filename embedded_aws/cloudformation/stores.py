"""DynamoDB tables and SSM parameters in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, tag_list
from embedded_aws.cloudformation.resource import Made, ResourceError, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECOVERY, _EXPIRY = "PointInTimeRecoverySpecification", "TimeToLiveSpecification"
_TABLE_BESIDE = frozenset({_RECOVERY, _EXPIRY, "SSESpecification"})
_TABLE_CHANGES = frozenset({_RECOVERY, _EXPIRY, "BillingMode", "DeletionProtectionEnabled", "Tags"})


def _create_table(task: Task) -> Made:
    client, given = task.connect("dynamodb"), task.properties
    name = task.name("TableName", 255)
    asked = arguments(client, "CreateTable", {**given, "TableName": name}, without=_TABLE_BESIDE)
    encryption = given.get("SSESpecification")
    if encryption:
        asked["SSESpecification"] = {"Enabled": encryption["SSEEnabled"], **_without(encryption, "SSEEnabled")}
    made = client.create_table(**asked)["TableDescription"]
    _set_beside(task, name)
    return Made(name, {"Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn")})


def _update_table(task: Task) -> Made:
    changed = {name for name in {*task.properties, *task.before} if task.has_changed(name)}
    if changed - _TABLE_CHANGES:
        raise ResourceError(f"changing a table's {', '.join(sorted(changed - _TABLE_CHANGES))} is not built")
    client, given, name = task.connect("dynamodb"), task.properties, task.physical_id
    if changed & {"BillingMode", "DeletionProtectionEnabled"}:
        client.update_table(
            TableName=name,
            BillingMode=given.get("BillingMode", "PROVISIONED"),
            DeletionProtectionEnabled=given.get("DeletionProtectionEnabled", False),
        )
    _set_beside(task, name)
    if "Tags" in changed:
        client.tag_resource(ResourceArn=task.attributes["Arn"], **{"Tags": [], **tag_list(given)})
    return Made(name, task.attributes)


def _set_beside(task: Task, name: str) -> None:
    """Set the properties that have API calls of their own."""
    client, given = task.connect("dynamodb"), task.properties
    if task.has_changed(_RECOVERY):
        recovery = {"PointInTimeRecoveryEnabled": False, **given.get(_RECOVERY, {})}
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    if task.has_changed(_EXPIRY):
        expiry = given.get(_EXPIRY) or {**task.before[_EXPIRY], "Enabled": False}
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _create_parameter(task: Task) -> Made:
    return _put_parameter(task, overwrite=False)


def _put_parameter(task: Task, *, overwrite: bool = True) -> Made:
    """Put the parameter; on creation an existing parameter of that name fails the stack, whoever created it."""
    client, name = task.connect("ssm"), task.name("Name", 255)
    given = {**task.properties, "Name": name}
    client.put_parameter(Overwrite=overwrite, **arguments(client, "PutParameter", given, without={"Tags"}))
    tags = [{"Key": key, "Value": value} for key, value in given.get("Tags", {}).items()]
    if tags:
        client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
    return Made(name, {"Type": given["Type"], "Value": given["Value"]})


KINDS: Mapping[str, ResourceType] = {
    "AWS::DynamoDB::Table": ResourceType(
        _create_table,
        lambda task: task.connect("dynamodb").delete_table(TableName=task.physical_id),
        _update_table,
        frozenset({"TableName", "KeySchema"}),
    ),
    "AWS::SSM::Parameter": ResourceType(
        _create_parameter,
        lambda task: task.connect("ssm").delete_parameter(Name=task.physical_id),
        _put_parameter,
        frozenset({"Name", "Type"}),
    ),
}
