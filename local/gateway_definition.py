"""An API's definition as a deployment freezes it: resources, methods and integrations at one moment.

A deployment keeps what the API was when it was made; later edits reach no stage without another deployment
(docs/aws.md#deployment-snapshot). This module decides the frozen shape and how the API's editable objects are
patched; it does not know which stage serves what, and it does not route.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from local.gateway_errors import BadRequestError

DEFAULT_TIMEOUT_MILLIS = 29_000


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How one answer of an integration becomes the method's answer."""

    status_code: str
    selection_pattern: str
    templates: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls; `uri` still holds its `${stageVariables.x}`, which each arm fills with its own."""

    kind: str
    uri: str
    http_method: str
    timeout_millis: int
    credentials: str | None
    passthrough_behavior: str
    request_templates: Mapping[str, str]
    request_parameters: Mapping[str, str]
    responses: Mapping[str, IntegrationResponse]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one resource; `http_method` may be ANY."""

    resource_id: str
    path: str
    http_method: str
    authorization_type: str
    api_key_required: bool
    integration: Integration | None


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything a stage needs to serve an API, frozen."""

    api_id: str
    api_name: str
    methods: tuple[Method, ...]

    def summary(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The `apiSummary` of a deployment: path, method, and how it is authorized."""
        paths: dict[str, dict[str, dict[str, Any]]] = {}
        for method in self.methods:
            paths.setdefault(method.path, {})[method.http_method] = {
                "authorizationType": method.authorization_type,
                "apiKeyRequired": method.api_key_required,
            }
        return paths


def freeze(api_id: str, api_name: str, resources: Iterable[Mapping[str, Any]]) -> Definition:
    """The definition that GetResources with embedded methods shows, as values that no later edit can change."""
    methods = tuple(
        _freeze_method(resource, http_method, method)
        for resource in resources
        for http_method, method in (resource.get("resourceMethods") or {}).items()
    )
    if not methods:
        raise BadRequestError("The REST API doesn't contain any methods")
    if not any(method.integration for method in methods):
        raise BadRequestError("No integration defined for method")
    return Definition(api_id, api_name, methods)


def _freeze_method(resource: Mapping[str, Any], http_method: str, method: Mapping[str, Any]) -> Method:
    integration = method.get("methodIntegration")
    return Method(
        resource_id=resource["id"],
        path=resource["path"],
        http_method=http_method,
        authorization_type=method.get("authorizationType") or "NONE",
        api_key_required=bool(method.get("apiKeyRequired")),
        integration=_freeze_integration(integration) if integration else None,
    )


def _freeze_integration(integration: Mapping[str, Any]) -> Integration:
    responses = integration.get("integrationResponses") or {}
    return Integration(
        kind=integration["type"],
        uri=integration.get("uri") or "",
        http_method=integration.get("httpMethod") or "",
        timeout_millis=int(integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MILLIS),
        credentials=integration.get("credentials"),
        passthrough_behavior=integration.get("passthroughBehavior") or "WHEN_NO_MATCH",
        request_templates=_frozen(integration.get("requestTemplates")),
        request_parameters=_frozen(integration.get("requestParameters")),
        responses=MappingProxyType({status: _freeze_response(each) for status, each in responses.items()}),
    )


def _freeze_response(response: Mapping[str, Any]) -> IntegrationResponse:
    return IntegrationResponse(
        status_code=str(response["statusCode"]),
        selection_pattern=response.get("selectionPattern") or "",
        templates=_frozen(response.get("responseTemplates")),
        parameters=_frozen(response.get("responseParameters")),
    )


def _frozen(mapping: Mapping[str, str | None] | None) -> Mapping[str, str]:
    return MappingProxyType({key: value or "" for key, value in (mapping or {}).items()})


def patch_fields(fields: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], *, maps: frozenset[str]) -> dict[str, Any]:
    """The fields of a method, integration or response after a patch list; all of it or, by an error, nothing.

    `fields` holds every field that may be replaced; those in `maps` take add, replace and remove by key
    (docs/aws.md#definition-patches).
    """
    patched = {name: dict(value or {}) if name in maps else value for name, value in fields.items()}
    for operation in operations:
        name, _, key = (operation.get("path") or "").removeprefix("/").partition("/")
        if name not in patched or bool(key) != (name in maps):
            raise BadRequestError(f"Invalid patch path {operation.get('path') or 'null'}")
        if name in maps:
            _patch_map(patched[name], unescape(key), operation)
        elif operation["op"] == "replace":
            patched[name] = operation.get("value")
        else:
            raise BadRequestError("Invalid patch operation specified. Must be one of: [replace]")
    return patched


def _patch_map(entries: dict[str, Any], key: str, operation: Mapping[str, Any]) -> None:
    if operation["op"] == "remove":
        entries.pop(key, None)
    else:
        entries[key] = operation.get("value")


def unescape(token: str) -> str:
    """A JSON pointer's token as the name it stands for."""
    return token.replace("~1", "/").replace("~0", "~")
