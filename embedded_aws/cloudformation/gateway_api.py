"""REST APIs in templates: their own settings, and a definition that comes as one document.

A document replaces the API's definition, or is merged into it if the template says so. A name in the template takes precedence
over the document's title (docs/aws.md#cloudformation-body).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, document, tag_map
from embedded_aws.cloudformation.gateway_document import document_of, title_of
from embedded_aws.cloudformation.resource import Made, ResourceError, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.cloudformation.resource import Properties

_BESIDE = frozenset({"ApiKeySourceType", "Body", "BodyS3Location", "FailOnWarnings", "Mode", "Parameters", "Tags"})
_PLAIN = {
    "ApiKeySourceType": "/apiKeySource",
    "Description": "/description",
    "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
    "MinimumCompressionSize": "/minimumCompressionSize",
    "Name": "/name",
    "Policy": "/policy",
}
_DEFAULTS = {"ApiKeySourceType": "HEADER", "DisableExecuteApiEndpoint": False}
_DOCUMENT = ("Body", "BodyS3Location", "FailOnWarnings", "Mode", "Parameters")


def _create_api(task: Task) -> Made:
    client, given, body = task.connect("apigateway"), task.properties, document_of(task)
    asked = arguments(client, "CreateRestApi", {**given, "Name": _name(task, body)}, without=_BESIDE)
    if "ApiKeySourceType" in given:
        asked["apiKeySource"] = given["ApiKeySourceType"]
    made = client.create_rest_api(**asked, tags=tag_map(given))
    attributes = {"RestApiId": made["id"], "RootResourceId": made["rootResourceId"]}
    try:
        _put_document(task, made["id"], body)
    except client.exceptions.ClientError as error:
        raise ResourceError(str(error), left_behind=Made(made["id"], attributes)) from error
    return Made(made["id"], attributes)


def _name(task: Task, body: str | None) -> str:
    return str(task.properties.get("Name") or (title_of(body) if body else None) or task.name("Name", 255))


def _put_document(task: Task, api_id: str, body: str | None) -> None:
    """Put the template's document, if it has one; the template's other properties keep precedence."""
    client, given = task.connect("apigateway"), task.properties
    if body is None:
        return
    client.put_rest_api(
        restApiId=api_id,
        mode=given.get("Mode", "overwrite"),
        failOnWarnings=str(given.get("FailOnWarnings", "false")).lower() == "true",
        parameters=dict(given.get("Parameters", {})),
        body=body.encode(),
    )
    patches = [*_plain_patches(given, [name for name in _PLAIN if name in given]), *_media_types([], given)]
    if patches:
        client.update_rest_api(restApiId=api_id, patchOperations=patches)


def _update_api(task: Task) -> Made:
    if task.has_changed(*_DOCUMENT):
        _put_document(task, task.physical_id, document_of(task))
    before = task.before.get("BinaryMediaTypes", [])
    patches = [*_plain_patches(task.properties, [name for name in _PLAIN if task.has_changed(name)])]
    if task.has_changed("BinaryMediaTypes"):
        patches += _media_types(before, task.properties)
    if task.has_changed("EndpointConfiguration"):
        kind = (task.properties.get("EndpointConfiguration", {}).get("Types") or ["EDGE"])[0]
        patches.append(_replace(f"/endpointConfiguration/types/{kind}", kind))
    if patches:
        task.connect("apigateway").update_rest_api(restApiId=task.physical_id, patchOperations=patches)
    return Made(task.physical_id, task.attributes)


def _plain_patches(given: Properties, names: list[str]) -> Iterator[dict[str, str]]:
    yield from (_replace(_PLAIN[name], _text(given.get(name, _DEFAULTS.get(name, "")))) for name in names)


def _text(value: Any) -> str:  # noqa: ANN401 (JSON-like)
    if isinstance(value, bool):
        return str(value).lower()
    return document(value) if isinstance(value, dict) else str(value)


def _media_types(before: list[str], given: Properties) -> Iterator[dict[str, str]]:
    wanted = given.get("BinaryMediaTypes", [])
    for op, kinds in (("remove", [each for each in before if each not in wanted]), ("add", wanted)):
        for kind in kinds:
            if op == "remove" or kind not in before:
                yield {"op": op, "path": f"/binaryMediaTypes/{kind.replace('~', '~0').replace('/', '~1')}"}


def _replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def _delete_api(task: Task) -> None:
    task.connect("apigateway").delete_rest_api(restApiId=task.physical_id)


# Parts of an API other than resources and methods.


def _create_part(operation: str, id_name: str = "id") -> Any:  # noqa: ANN401 (a function of a task)
    """A function that creates a part by its call; Ref gives the part's id, or its name if it has no id."""

    def create(task: Task) -> Made:
        client, given = task.connect("apigateway"), task.properties
        renamed = {"Schema": document(given["Schema"])} if "Schema" in given else {}
        defaults = {"Name": task.generated_name()} if operation == "CreateModel" else {}
        asked = arguments(client, operation, {**defaults, **given, **renamed})
        made = getattr(client, _method_of(operation))(**asked)
        attribute = {"AuthorizerId": made["id"]} if operation == "CreateAuthorizer" else {}
        return Made(made[id_name], attribute)

    return create


def _method_of(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).removeprefix("_")


def _delete_part(operation: str, argument: str) -> Any:  # noqa: ANN401 (a function of a task)
    def delete(task: Task) -> None:
        client = task.connect("apigateway")
        getattr(client, operation)(restApiId=task.properties["RestApiId"], **{argument: task.physical_id})

    return delete


def _update_part(operation: str, argument: str, paths: Mapping[str, str]) -> Any:  # noqa: ANN401 (a function of a task)
    """A function that updates a part by its call, with a patch for each changed property."""

    def update(task: Task) -> Made:
        patches = [
            _replace(path, _text(task.properties.get(name, ""))) for name, path in paths.items() if task.has_changed(name)
        ]
        if patches:
            call = getattr(task.connect("apigateway"), operation)
            call(restApiId=task.properties["RestApiId"], **{argument: task.physical_id}, patchOperations=patches)
        return Made(task.physical_id, task.attributes)

    return update


def _put_gateway_response(task: Task) -> Made:
    client = task.connect("apigateway")
    client.put_gateway_response(**arguments(client, "PutGatewayResponse", task.properties))
    return Made(task.physical_id or task.generated_name())


def _delete_gateway_response(task: Task) -> None:
    given = task.properties
    task.connect("apigateway").delete_gateway_response(restApiId=given["RestApiId"], responseType=given["ResponseType"])


_AUTHORIZER = {
    "AuthType": "/authType",
    "AuthorizerCredentials": "/authorizerCredentials",
    "AuthorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds",
    "AuthorizerUri": "/authorizerUri",
    "IdentitySource": "/identitySource",
    "IdentityValidationExpression": "/identityValidationExpression",
    "Name": "/name",
    "Type": "/type",
}
_VALIDATOR = {name: f"/{name[0].lower()}{name[1:]}" for name in ("ValidateRequestBody", "ValidateRequestParameters")}
_IN_PLACE = frozenset({"RestApiId"})

KINDS: Mapping[str, ResourceType] = {
    "AWS::ApiGateway::RestApi": ResourceType(_create_api, _delete_api, _update_api),
    "AWS::ApiGateway::Authorizer": ResourceType(
        _create_part("CreateAuthorizer"),
        _delete_part("delete_authorizer", "authorizerId"),
        _update_part("update_authorizer", "authorizerId", _AUTHORIZER),
        _IN_PLACE | {"ProviderARNs"},
    ),
    "AWS::ApiGateway::GatewayResponse": ResourceType(
        _put_gateway_response, _delete_gateway_response, _put_gateway_response, _IN_PLACE | {"ResponseType"}
    ),
    "AWS::ApiGateway::Model": ResourceType(
        _create_part("CreateModel", "name"),
        _delete_part("delete_model", "modelName"),
        _update_part("update_model", "modelName", {"Description": "/description", "Schema": "/schema"}),
        _IN_PLACE | {"ContentType", "Name"},
    ),
    "AWS::ApiGateway::RequestValidator": ResourceType(
        _create_part("CreateRequestValidator"),
        _delete_part("delete_request_validator", "requestValidatorId"),
        _update_part("update_request_validator", "requestValidatorId", _VALIDATOR),
        _IN_PLACE | {"Name"},
    ),
}
