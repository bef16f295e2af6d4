"""Methods and their responses (docs/aws.md#definition-methods)."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, found, given
from embedded_aws.apigateway.definition.frozen import patch_fields
from embedded_aws.apigateway.definition.patching import is_true
from embedded_aws.apigateway.errors import BadRequestError, ConflictError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERBS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
AUTHORIZED = ("CUSTOM", "COGNITO_USER_POOLS")
NO_RESPONSE = "Invalid Response status code specified"
_FIELDS = (
    "authorizationType",
    "authorizerId",
    "authorizationScopes",
    "apiKeyRequired",
    "operationName",
    "requestValidatorId",
    "requestParameters",
    "requestModels",
)
_MAPS = frozenset({"requestParameters", "requestModels"})
_RESPONSE_MAPS = frozenset({"responseParameters", "responseModels"})


def put_method(draft: Draft, resource_id: str, verb: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """PutMethod."""
    if verb not in VERBS:
        raise BadRequestError(f"Invalid HttpMethod specified. Valid options are {','.join(VERBS)}")
    if verb in draft.resource(resource_id).get("resourceMethods", {}):
        raise ConflictError("Method already exists for this resource")
    method = _authorized(a_method(verb, body))
    check_method(draft, method)
    return draft.with_method(resource_id, method), method


def a_method(verb: str, body: Mapping[str, Any]) -> Json:
    """A method as GetMethod shows it."""
    method = {"httpMethod": verb, **given(body, *_FIELDS)}
    return {**method, "authorizationType": body.get("authorizationType") or "NONE", "apiKeyRequired": _key(body)}


def _key(body: Mapping[str, Any]) -> bool:
    return bool(body.get("apiKeyRequired"))


def _authorized(method: Json) -> Json:
    """The method; an authorizer is dropped if the authorization type does not use one."""
    if method["authorizationType"] in AUTHORIZED:
        return method
    return {name: value for name, value in method.items() if name != "authorizerId"}


def check_method(draft: Draft, method: Json) -> None:
    """Refuse a method that refers to something that does not exist."""
    if method["authorizationType"] in AUTHORIZED and method.get("authorizerId") not in draft.authorizers:
        raise BadRequestError(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a "
            "valid authorizer."
        )
    if "requestValidatorId" in method and method["requestValidatorId"] not in draft.validators:
        raise BadRequestError("Invalid Request Validator identifier specified")
    for name in method.get("requestModels", {}).values():
        if name not in draft.models:
            raise BadRequestError(f"Invalid model identifier specified: {name}")
    names = Counter(each.rpartition(".")[2] for each in method.get("requestParameters", {}))
    if any(count > 1 for count in names.values()):
        raise BadRequestError("Parameter names must be unique across querystring, header and path")


def update_method(draft: Draft, resource_id: str, verb: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateMethod."""
    method = draft.method(resource_id, verb)
    others: Json = {name: method[name] for name in ("httpMethod", "methodIntegration", "methodResponses") if name in method}
    fields = {name: method.get(name) for name in _FIELDS if name != "authorizationScopes"}
    scopes, rest = _scopes(method, operations)
    changed = {**patch_fields(fields, rest, maps=_MAPS), "authorizationScopes": scopes}
    changed["apiKeyRequired"] = is_true(changed["apiKeyRequired"])
    changed["requestParameters"] = {name: is_true(value) for name, value in changed["requestParameters"].items()}
    made = _authorized({**others, **{name: value for name, value in changed.items() if value not in (None, {}, [], "")}})
    check_method(draft, made)
    return draft.with_method(resource_id, made), made


def _scopes(method: Json, operations: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Mapping[str, Any]]]:
    """The scopes after a patch, which adds and removes them one by one, and the operations on other fields."""
    scopes = list(method.get("authorizationScopes", []))
    rest = []
    for operation in operations:
        if operation.get("path") != "/authorizationScopes":
            rest.append(operation)
        elif operation["op"] == "add":
            scopes.append(operation.get("value") or "")
        elif operation["op"] == "remove":
            scopes = [each for each in scopes if each != operation.get("value")]
        else:
            raise BadRequestError("Invalid patch operation specified. Must be one of: [add, remove]")
    return scopes, rest


def delete_method(draft: Draft, resource_id: str, verb: str) -> Draft:
    """DeleteMethod."""
    draft.method(resource_id, verb)
    resource = dict(draft.resource(resource_id))
    methods = {key: each for key, each in resource.pop("resourceMethods").items() if key != verb}
    return draft.with_resource({**resource, "resourceMethods": methods} if methods else resource)


# Method responses.


def put_response(draft: Draft, resource_id: str, verb: str, status: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """PutMethodResponse."""
    method = draft.method(resource_id, verb)
    response = {"statusCode": check_status(status), **given(body, "responseModels", "responseParameters")}
    return _with_responses(draft, resource_id, method, {**method.get("methodResponses", {}), status: response}), response


def response_of(draft: Draft, resource_id: str, verb: str, status: str) -> Json:
    """One method response."""
    return found(draft.method(resource_id, verb).get("methodResponses", {}), status, NO_RESPONSE)


def update_response(
    draft: Draft, resource_id: str, verb: str, status: str, operations: Sequence[Mapping[str, Any]]
) -> tuple[Draft, Json]:
    """UpdateMethodResponse."""
    before = response_of(draft, resource_id, verb, status)
    patched = patch_fields({name: before.get(name) for name in _RESPONSE_MAPS}, operations, maps=_RESPONSE_MAPS)
    patched["responseParameters"] = {name: is_true(value) for name, value in patched["responseParameters"].items()}
    response = {"statusCode": status, **{name: value for name, value in patched.items() if value}}
    method = draft.method(resource_id, verb)
    return _with_responses(draft, resource_id, method, {**method["methodResponses"], status: response}), response


def delete_response(draft: Draft, resource_id: str, verb: str, status: str) -> Draft:
    """DeleteMethodResponse."""
    response_of(draft, resource_id, verb, status)
    method = draft.method(resource_id, verb)
    rest = {key: each for key, each in method["methodResponses"].items() if key != status}
    return _with_responses(draft, resource_id, method, rest)


def _with_responses(draft: Draft, resource_id: str, method: Json, responses: Mapping[str, Json]) -> Draft:
    bare = {key: value for key, value in method.items() if key != "methodResponses"}
    return draft.with_method(resource_id, {**bare, "methodResponses": dict(responses)} if responses else bare)


def check_status(status: str) -> str:
    """Refuse a status code that the service's model does not allow."""
    if not re.fullmatch(r"[1-5]\d\d", status):
        raise ValidationError(
            f"1 validation error detected: Value '{status}' at 'statusCode' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [1-5]\d\d"
        )
    return status
