"""API keys and usage plans in templates. A changed key or plan is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.cloudformation.arguments import arguments, tag_map
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping


def _create_key(task: Task) -> Made:
    client, given = task.connect("apigateway"), task.properties
    asked = arguments(client, "CreateApiKey", {**given, "Name": task.name("Name", 128)}, without={"Tags", "StageKeys"})
    keys = {
        "stageKeys": [{"restApiId": each["RestApiId"], "stageName": each["StageName"]} for each in given.get("StageKeys", [])]
    }
    made = client.create_api_key(**asked, **keys, tags=tag_map(given))
    return Made(made["id"], {"APIKeyId": made["id"]})


def _create_plan(task: Task) -> Made:
    client, given = task.connect("apigateway"), task.properties
    named = {**given, "Name": given.get("UsagePlanName") or task.name("UsagePlanName", 128)}
    asked = arguments(client, "CreateUsagePlan", named, without={"Tags", "UsagePlanName"})
    made = client.create_usage_plan(**asked, tags=tag_map(given))
    return Made(made["id"], {"Id": made["id"]})


def _delete_plan(task: Task) -> None:
    """Delete the plan; its stages must have left it."""
    client = task.connect("apigateway")
    stages = [f"{each['ApiId']}:{each['Stage']}" for each in task.properties.get("ApiStages", [])]
    patches = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in stages]
    if patches:
        client.update_usage_plan(usagePlanId=task.physical_id, patchOperations=patches)
    client.delete_usage_plan(usagePlanId=task.physical_id)


def _add_key(task: Task) -> Made:
    client, given = task.connect("apigateway"), task.properties
    asked = {"usagePlanId": given["UsagePlanId"], "keyId": given["KeyId"], "keyType": given["KeyType"]}
    client.create_usage_plan_key(**asked)
    return Made(f"{given['KeyId']}:{given['UsagePlanId']}", {"Id": f"{given['KeyId']}:{given['UsagePlanId']}"})


def _remove_key(task: Task) -> None:
    key, _, plan = task.physical_id.partition(":")
    task.connect("apigateway").delete_usage_plan_key(usagePlanId=plan, keyId=key)


KINDS: Mapping[str, ResourceType] = {
    "AWS::ApiGateway::ApiKey": ResourceType(
        _create_key, lambda task: task.connect("apigateway").delete_api_key(apiKey=task.physical_id)
    ),
    "AWS::ApiGateway::UsagePlan": ResourceType(_create_plan, _delete_plan),
    "AWS::ApiGateway::UsagePlanKey": ResourceType(_add_key, _remove_key),
}
