"""An API's definition as a deployment freezes it: all methods with everything they need, at one moment.

A deployment keeps the API as it was when the deployment was created; later edits reach a stage only through another deployment
(docs/aws.md#deployment-snapshot). Decides the frozen shape, and how the API's editable objects are patched. It does not know
which stage serves what, and does not route.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from embedded_aws.apigateway.definition.draft import Draft, Json
from embedded_aws.apigateway.errors import BadRequestError

DEFAULT_TIMEOUT_MILLIS = 29_000
DEFAULT_TTL_SECONDS = 300
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How one response of an integration becomes the method's response."""

    status_code: str
    selection_pattern: str
    templates: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls; `uri` still contains its `${stageVariables.x}`, which each arm replaces with its own values."""

    kind: str
    uri: str
    http_method: str
    timeout_millis: int
    credentials: str | None
    passthrough_behavior: str
    request_templates: Mapping[str, str]
    request_parameters: Mapping[str, str]
    responses: Mapping[str, IntegrationResponse]
    connection_type: str = "INTERNET"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """What decides whether a method may be called; `uri` still contains its `${stageVariables.x}`."""

    id: str
    name: str
    kind: str
    uri: str
    credentials: str | None
    identity_sources: tuple[str, ...]
    validation: str | None
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """An API's customisation of one gateway response type; without a status code, the type's own applies."""

    status_code: int | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Checks:
    """What a request validator checks; schemas are by content type."""

    required_parameters: tuple[str, ...] = ()
    body_schemas: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one resource; `http_method` may be ANY."""

    resource_id: str
    path: str
    http_method: str
    authorization_type: str
    api_key_required: bool
    integration: Integration | None
    authorizer: Authorizer | None = None
    checks: Checks | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that a stage needs to serve an API, frozen; `draft` is what it was made from."""

    api_id: str
    api_name: str
    methods: tuple[Method, ...]
    gateway_responses: Mapping[str, GatewayResponse] = field(default_factory=lambda: NOTHING)
    policy: str | None = None
    api_key_source: str = "HEADER"
    draft: Draft | None = None

    def summary(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The `apiSummary` of a deployment: path, method, and how the method is authorized."""
        paths: dict[str, dict[str, dict[str, Any]]] = {}
        for method in self.methods:
            paths.setdefault(method.path, {})[method.http_method] = {
                "authorizationType": method.authorization_type,
                "apiKeyRequired": method.api_key_required,
            }
        return paths


def freeze(draft: Draft) -> Definition:
    """Freeze a draft as it is at this moment.

    Raises:
        BadRequestError: no stage could serve it.
    """
    methods = tuple(_freeze_method(draft, resource, method) for resource, method in draft.methods())
    if not methods:
        raise BadRequestError("The REST API doesn't contain any methods")
    if not all(method.integration for method in methods):
        raise BadRequestError("No integration defined for method")
    return Definition(
        draft.api_id,
        draft.settings["name"],
        methods,
        gateway_responses=MappingProxyType({kind: _freeze_answer(each) for kind, each in draft.gateway_responses.items()}),
        policy=draft.settings.get("policy"),
        api_key_source=draft.settings["apiKeySource"],
        draft=draft,
    )


def _freeze_method(draft: Draft, resource: Json, method: Json) -> Method:
    integration, authorizer_id = method.get("methodIntegration"), method.get("authorizerId")
    return Method(
        resource_id=resource["id"],
        path=resource["path"],
        http_method=method["httpMethod"],
        authorization_type=method["authorizationType"],
        api_key_required=method["apiKeyRequired"],
        integration=_freeze_integration(integration) if integration else None,
        authorizer=_freeze_authorizer(draft.authorizers[authorizer_id]) if authorizer_id else None,
        checks=_freeze_checks(draft, method),
    )


def _freeze_integration(integration: Json) -> Integration:
    responses = integration.get("integrationResponses", {})
    return Integration(
        kind=integration["type"],
        uri=integration.get("uri", ""),
        http_method=integration.get("httpMethod", ""),
        timeout_millis=integration["timeoutInMillis"],
        credentials=integration.get("credentials"),
        passthrough_behavior=integration["passthroughBehavior"],
        request_templates=_frozen(integration.get("requestTemplates")),
        request_parameters=_frozen(integration.get("requestParameters")),
        responses=MappingProxyType({status: _freeze_response(each) for status, each in responses.items()}),
        connection_type=integration.get("connectionType", "INTERNET"),
    )


def _freeze_response(response: Json) -> IntegrationResponse:
    return IntegrationResponse(
        status_code=response["statusCode"],
        selection_pattern=response.get("selectionPattern") or "",
        templates=_frozen(response.get("responseTemplates")),
        parameters=_frozen(response.get("responseParameters")),
    )


def _freeze_authorizer(authorizer: Json) -> Authorizer:
    sources = authorizer.get("identitySource", "").split(",")
    return Authorizer(
        id=authorizer["id"],
        name=authorizer["name"],
        kind=authorizer["type"],
        uri=authorizer.get("authorizerUri", ""),
        credentials=authorizer.get("authorizerCredentials"),
        identity_sources=tuple(source.strip() for source in sources if source.strip()),
        validation=authorizer.get("identityValidationExpression"),
        ttl_seconds=authorizer.get("authorizerResultTtlInSeconds", DEFAULT_TTL_SECONDS),
    )


def _freeze_answer(response: Json) -> GatewayResponse:
    status = response.get("statusCode")
    return GatewayResponse(
        status_code=int(status) if status else None,
        parameters=_frozen(response.get("responseParameters")),
        templates=_frozen(response.get("responseTemplates")),
    )


def _freeze_checks(draft: Draft, method: Json) -> Checks | None:
    """What the method's validator must check; None if nothing can fail."""
    validator = draft.validators.get(method.get("requestValidatorId", ""))
    if validator is None:
        return None
    required = [name for name, is_required in method.get("requestParameters", {}).items() if is_required]
    models = method.get("requestModels", {}) if validator["validateRequestBody"] else {}
    schemas = {kind: _with_models(draft, draft.models[name]["schema"]) for kind, name in models.items()}
    checks = Checks(tuple(required) if validator["validateRequestParameters"] else (), MappingProxyType(schemas))
    return checks if checks.required_parameters or checks.body_schemas else None


def _with_models(draft: Draft, schema: str) -> str:
    """A schema together with the models that it may refer to, keyed by the URLs that it uses for them."""
    parsed = json.loads(schema)
    prefix = f"https://apigateway.amazonaws.com/restapis/{draft.api_id}/models/"
    known = {f"{prefix}{name}": json.loads(model["schema"]) for name, model in draft.models.items()}
    return json.dumps({"schema": parsed, "models": known})


def _frozen(mapping: Mapping[str, str | None] | None) -> Mapping[str, str]:
    return MappingProxyType({key: value or "" for key, value in (mapping or {}).items()})


def patch_fields(fields: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], *, maps: frozenset[str]) -> dict[str, Any]:
    """The fields of a method, integration or response after a patch list; it applies as a whole or raises.

    `fields` holds every field that may be replaced. The fields in `maps` take add, replace and remove by key
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
    """A token of a JSON pointer, unescaped."""
    return token.replace("~1", "/").replace("~0", "~")
