"""API Gateway's REST APIs in templates: resources, methods, deployments, and the account's logging role.

`gateway_stage` handles stages, and `gateway_api` an API with its authorizers and models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments
from embedded_aws.cloudformation.gateway_api import KINDS as API_KINDS
from embedded_aws.cloudformation.gateway_keys import KINDS as KEY_KINDS
from embedded_aws.cloudformation.gateway_stage import KINDS as STAGE_KINDS
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_METHOD_BESIDE = frozenset({"Integration", "MethodResponses"})
_DEPLOYMENT_BESIDE = frozenset({"StageDescription", "DeploymentCanarySettings"})


def _create_resource(task: Task) -> Made:
    client = task.connect("apigateway")
    made = client.create_resource(**arguments(client, "CreateResource", task.properties))["id"]
    return Made(made, {"ResourceId": made})


def _delete_resource(task: Task) -> None:
    task.connect("apigateway").delete_resource(restApiId=task.properties["RestApiId"], resourceId=task.physical_id)


def _method_names(properties: Mapping[str, Any]) -> dict[str, str]:
    return {
        "restApiId": properties["RestApiId"],
        "resourceId": properties["ResourceId"],
        "httpMethod": properties["HttpMethod"],
    }


def _put_method(task: Task) -> Made:
    client, given, names = task.connect("apigateway"), task.properties, _method_names(task.properties)
    client.put_method(**arguments(client, "PutMethod", {"AuthorizationType": "NONE", **given}, without=_METHOD_BESIDE))
    for response in given.get("MethodResponses", []):
        client.put_method_response(**names, **arguments(client, "PutMethodResponse", response))
    if "Integration" in given:
        _put_integration(client, names, given["Integration"])
    return Made(task.physical_id or task.generated_name())


def _put_integration(client: Any, names: Mapping[str, str], given: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3's
    """Put the integration; the template and the call use different names for its HTTP method."""
    renamed = {name: value for name, value in given.items() if name != "IntegrationHttpMethod"}
    verb = {"integrationHttpMethod": given["IntegrationHttpMethod"]} if "IntegrationHttpMethod" in given else {}
    asked = arguments(client, "PutIntegration", renamed, without={"IntegrationResponses"})
    client.put_integration(**names, **verb, **asked)
    for response in given.get("IntegrationResponses", []):
        client.put_integration_response(**names, **arguments(client, "PutIntegrationResponse", response))


def _update_method(task: Task) -> Made:
    _delete_method(task)
    return _put_method(task)


def _delete_method(task: Task) -> None:
    task.connect("apigateway").delete_method(**_method_names(task.properties))


def _create_deployment(task: Task) -> Made:
    """Deploy the API as it is now; if a stage name is given, create that stage too."""
    client, given = task.connect("apigateway"), task.properties
    asked = arguments(client, "CreateDeployment", given, without=_DEPLOYMENT_BESIDE)
    stage = dict(given.get("StageDescription", {}))
    if "Description" in stage:
        stage["StageDescription"] = stage.pop("Description")
    asked |= arguments(client, "CreateDeployment", stage)
    if "DeploymentCanarySettings" in given:
        asked |= arguments(client, "CreateDeployment", {"CanarySettings": given["DeploymentCanarySettings"]})
    made = client.create_deployment(**asked)["id"]
    return Made(made, {"DeploymentId": made})


def _update_deployment(task: Task) -> Made:
    patch = {"op": "replace", "path": "/description", "value": task.properties.get("Description", "")}
    task.connect("apigateway").update_deployment(
        restApiId=task.properties["RestApiId"], deploymentId=task.physical_id, patchOperations=[patch]
    )
    return Made(task.physical_id, task.attributes)


def _delete_deployment(task: Task) -> None:
    """Delete the deployment, and its stage if it created one."""
    client, api = task.connect("apigateway"), task.properties["RestApiId"]
    if "StageName" in task.properties:
        client.delete_stage(restApiId=api, stageName=task.properties["StageName"])
    client.delete_deployment(restApiId=api, deploymentId=task.physical_id)


def _set_account(task: Task) -> Made:
    role = task.properties.get("CloudWatchRoleArn", "")
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    task.connect("apigateway").update_account(patchOperations=[patch])
    return Made(task.physical_id or task.generated_name())


def _leave_account(_: Task) -> None:
    """Do nothing: the account's setting outlives the stack that set it."""


KINDS: Mapping[str, ResourceType] = {
    **API_KINDS,
    **KEY_KINDS,
    **STAGE_KINDS,
    "AWS::ApiGateway::Account": ResourceType(_set_account, _leave_account, _set_account),
    "AWS::ApiGateway::Deployment": ResourceType(
        _create_deployment,
        _delete_deployment,
        _update_deployment,
        frozenset({"DeploymentCanarySettings", "RestApiId", "StageDescription", "StageName"}),
    ),
    "AWS::ApiGateway::Method": ResourceType(
        _put_method, _delete_method, _update_method, frozenset({"HttpMethod", "ResourceId", "RestApiId"})
    ),
    "AWS::ApiGateway::Resource": ResourceType(_create_resource, _delete_resource),
}
