"""Lambda resources in templates: functions, versions, aliases, permissions and asynchronous invocation settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.cloudformation.arguments import arguments, tag_map
from embedded_aws.cloudformation.resource import Made, ResourceError, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = frozenset({"Code", "Architectures"})
_BESIDE = frozenset({"Code", "ReservedConcurrentExecutions", "Tags", "RuntimeManagementConfig", "RecursiveLoop"})


def _create_function(task: Task) -> Made:
    client, name = task.connect("lambda"), task.name("FunctionName")
    given = {**task.properties, "FunctionName": name}
    made = client.create_function(
        Code=_code(task), Tags=tag_map(given), **arguments(client, "CreateFunction", given, without=_BESIDE)
    )
    _set_concurrency(task, name)
    return Made(name, {"Arn": made["FunctionArn"]})


def _update_function(task: Task) -> Made:
    """Update code and configuration, each only if its part of the template changed."""
    client, name = task.connect("lambda"), task.physical_id
    if task.has_changed(*_CODE):
        architectures = task.properties.get("Architectures", ["x86_64"])
        client.update_function_code(FunctionName=name, Architectures=architectures, **_code(task))
    if any(task.has_changed(each) for each in {*task.properties, *task.before} - _CODE - _BESIDE):
        given = {**_CONFIGURATION_AT_REST, **task.properties, "FunctionName": name}
        without = {*_BESIDE, *_CODE, "PackageType"}
        client.update_function_configuration(**arguments(client, "UpdateFunctionConfiguration", given, without=without))
    if task.has_changed("ReservedConcurrentExecutions"):
        _set_concurrency(task, name)
    if task.has_changed("Tags"):
        _set_tags(task)
    return Made(name, task.attributes)


_CONFIGURATION_AT_REST: Mapping[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
}
"""The values to which properties return when they leave the template."""


def _set_concurrency(task: Task, name: str) -> None:
    client, reserved = task.connect("lambda"), task.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    elif task.before.get("ReservedConcurrentExecutions") is not None:
        client.delete_function_concurrency(FunctionName=name)


def _set_tags(task: Task) -> None:
    client, arn, tags = task.connect("lambda"), task.attributes["Arn"], tag_map(task.properties)
    gone = [key for key in tag_map(task.before) if key not in tags]
    if gone:
        client.untag_resource(Resource=arn, TagKeys=gone)
    client.tag_resource(Resource=arn, Tags=tags)


def _code(task: Task) -> dict[str, Any]:
    """The code: an object in S3, or lines inside the template."""
    code = task.properties["Code"]
    if "ZipFile" not in code:
        return {name: code[name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if name in code}
    return {"ZipFile": zip_of({"index.py": code["ZipFile"]})}


def _publish_layer(task: Task) -> Made:
    client, given = task.connect("lambda"), dict(task.properties)
    name = given.setdefault("LayerName", task.generated_name())
    content = {key: given["Content"][key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion") if key in given["Content"]}
    asked = arguments(client, "PublishLayerVersion", given, without={"Content"})
    made = client.publish_layer_version(Content=content, **asked)
    return Made(made["LayerVersionArn"], {"LayerVersionArn": made["LayerVersionArn"], "LayerName": name})


def _delete_layer(task: Task) -> None:
    """Delete the layer version; functions that use it keep it (docs/aws.md#layers)."""
    layer, _, version = task.physical_id.rpartition(":")
    task.connect("lambda").delete_layer_version(LayerName=layer.rpartition(":")[2], VersionNumber=int(version))


def _publish_version(task: Task) -> Made:
    """Publish a version; CloudFormation fails where Lambda would return the version that already exists."""
    client, given = task.connect("lambda"), task.properties
    name = given["FunctionName"]
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    known = {version["Version"] for page in pages for version in page["Versions"]}
    made = client.publish_version(
        **arguments(client, "PublishVersion", given, without={"ProvisionedConcurrencyConfig", "RuntimePolicy"})
    )
    if made["Version"] in known:
        raise ResourceError(
            f"A version for this Lambda function exists ( {made['Version']} ). Modify the function to create a new version."
        )
    return Made(made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "Version": made["Version"]})


def _delete_version(task: Task) -> None:
    name, _, version = task.physical_id.rpartition(":")
    task.connect("lambda").delete_function(FunctionName=name, Qualifier=version)


def _alias_arguments(task: Task, operation: str) -> dict[str, Any]:
    client, given = task.connect("lambda"), dict(task.properties)
    routing = given.pop("RoutingConfig", {})
    weights = {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in routing.get("AdditionalVersionWeights", [])}
    asked = arguments(client, operation, given, without={"ProvisionedConcurrencyConfig"})
    if weights or task.before.get("RoutingConfig"):
        asked["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    return asked


def _create_alias(task: Task) -> Made:
    arn = task.connect("lambda").create_alias(**_alias_arguments(task, "CreateAlias"))["AliasArn"]
    return Made(arn, {"AliasArn": arn})


def _update_alias(task: Task) -> Made:
    """Reset the alias to the template, including its version; any change undoes what others did to the alias since."""
    task.connect("lambda").update_alias(**_alias_arguments(task, "UpdateAlias"))
    return Made(task.physical_id, task.attributes)


def _delete_alias(task: Task) -> None:
    name, _, alias = task.physical_id.rpartition(":")
    task.connect("lambda").delete_alias(FunctionName=name, Name=alias)


def _add_permission(task: Task) -> Made:
    client, statement = task.connect("lambda"), task.generated_name(100)
    client.add_permission(StatementId=statement, **arguments(client, "AddPermission", task.properties))
    return Made(statement, {"Id": statement})


def _remove_permission(task: Task) -> None:
    function = task.properties["FunctionName"]
    task.connect("lambda").remove_permission(FunctionName=function, StatementId=task.physical_id)


def _put_invoke_config(task: Task) -> Made:
    client, given = task.connect("lambda"), task.properties
    client.put_function_event_invoke_config(**arguments(client, "PutFunctionEventInvokeConfig", given))
    return Made(task.physical_id or task.generated_name())


def _delete_invoke_config(task: Task) -> None:
    names = {name: task.properties[name] for name in ("FunctionName", "Qualifier")}
    task.connect("lambda").delete_function_event_invoke_config(**names)


KINDS: Mapping[str, ResourceType] = {
    "AWS::Lambda::Alias": ResourceType(_create_alias, _delete_alias, _update_alias, frozenset({"FunctionName", "Name"})),
    "AWS::Lambda::EventInvokeConfig": ResourceType(
        _put_invoke_config, _delete_invoke_config, _put_invoke_config, frozenset({"FunctionName", "Qualifier"})
    ),
    "AWS::Lambda::Function": ResourceType(
        _create_function,
        lambda task: task.connect("lambda").delete_function(FunctionName=task.physical_id),
        _update_function,
        frozenset({"FunctionName", "PackageType"}),
    ),
    "AWS::Lambda::LayerVersion": ResourceType(_publish_layer, _delete_layer),
    "AWS::Lambda::Permission": ResourceType(_add_permission, _remove_permission),
    "AWS::Lambda::Version": ResourceType(_publish_version, _delete_version),
}
