"""GetExport: a frozen draft as an OpenAPI document.

Decides which parts of the definition each set of extensions shows (docs/aws.md#openapi-export). An export with all of API
Gateway's extensions gives the original definition when it is imported again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.openapi.exported_methods import Methods
from embedded_aws.apigateway.openapi.exported_schemas import exported_schemas
from embedded_aws.apigateway.openapi.importing import (
    ACCESS_MODE,
    BINARY_TYPES,
    COMPRESSION,
    ENDPOINT,
    KEY_SOURCE,
    POLICY,
    RESPONSES,
    SECURITY_POLICY,
    VALIDATORS,
)
from embedded_aws.apigateway.openapi.security import AUTHORIZER, AUTHTYPE, IAM, UNUSED
from embedded_aws.time.timestamps import iso_seconds
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.apigateway.definition.draft import Draft
    from embedded_aws.apigateway.openapi.document import Json

SWAGGER, OAS30 = "swagger", "oas30"
EVERYTHING = "apigateway"
_EXTENSIONS = (EVERYTHING, "integrations", "authorizers")
_HEADER = "method.request.header."
_QUERY = "method.request.querystring."


@dataclass(frozen=True, slots=True)
class Export:
    """Which document is requested.

    ``has_unused_parts``: whether it contains authorizers and validators that no method uses. ``has_timeouts``: whether it
    contains the integrations' timeouts, which an export may leave out.
    """

    kind: str
    extensions: frozenset[str]
    stage: str
    region: str
    has_unused_parts: bool
    has_timeouts: bool = True

    @property
    def has_everything(self) -> bool:
        """Whether all of API Gateway's own extensions are shown."""
        return EVERYTHING in self.extensions

    @property
    def has_integrations(self) -> bool:
        """Whether each method's integration is shown."""
        return self.has_everything or "integrations" in self.extensions

    @property
    def has_authorizers(self) -> bool:
        """Whether authorizers are shown as such."""
        return self.has_everything or "authorizers" in self.extensions


def parse_extensions(text: str | None) -> frozenset[str]:
    """The ``extensions`` parameter of a request."""
    wanted = frozenset(part.strip() for part in (text or "").split(",") if part.strip())
    unknown = wanted - set(_EXTENSIONS)
    if unknown:
        raise NotBuiltError(f"the export extension {', '.join(sorted(unknown))} is not built; ask for {EVERYTHING}")
    return wanted


def export(draft: Draft, asked: Export) -> Json:
    """The document."""
    methods = Methods(
        draft,
        is_swagger=asked.kind == SWAGGER,
        has_integrations=asked.has_integrations,
        has_timeouts=asked.has_timeouts,
    )
    document = _head(draft, asked) | {"paths": methods.paths(has_validators=asked.has_everything)}
    schemas = exported_schemas(draft, is_swagger=asked.kind == SWAGGER)
    schemes = _security_schemes(draft, asked)
    if asked.kind == SWAGGER:
        parts = {"securityDefinitions": schemes, "definitions": schemas}
        document |= {name: part for name, part in parts.items() if part}
    else:
        parts = {"schemas": schemas, "securitySchemes": schemes}
        document["components"] = {name: part for name, part in parts.items() if part}
    return document | (_own_parts(draft, asked) if asked.has_everything else {})


def version_of(draft: Draft) -> str:
    """The version in an export: the API's own, or the time of its creation."""
    return str(draft.settings.get("version") or iso_seconds(draft.created))


def _head(draft: Draft, asked: Export) -> Json:
    host = f"{draft.api_id}.execute-api.{asked.region}.amazonaws.com"
    described = {"description": draft.settings["description"]} if "description" in draft.settings else {}
    info = {"title": draft.settings["name"], **described, "version": version_of(draft)}
    if asked.kind == SWAGGER:
        return {"swagger": "2.0", "info": info, "host": host, "basePath": f"/{asked.stage}", "schemes": ["https"]}
    server = {"url": f"https://{host}/{{basePath}}", "variables": {"basePath": {"default": asked.stage}}}
    return {"openapi": "3.0.1", "info": info, "servers": [server]}


def _security_schemes(draft: Draft, asked: Export) -> dict[str, Json]:
    methods = [method for _, method in draft.methods()]
    used = {method.get("authorizerId") for method in methods}
    schemes = {
        each["name"]: _authorizer_scheme(each, has_authorizers=asked.has_authorizers)
        for each in draft.authorizers.values()
        if each["id"] in used or asked.has_unused_parts
    }
    if any(method["authorizationType"] == "AWS_IAM" for method in methods):
        schemes["sigv4"] = {"type": "apiKey", "name": "Authorization", "in": "header", AUTHTYPE: IAM}
    if any(method["apiKeyRequired"] for method in methods):
        schemes["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    return schemes


def _authorizer_scheme(authorizer: Json, *, has_authorizers: bool) -> Json:
    name, place = _identity(authorizer)
    scheme = {"type": "apiKey", "name": name, "in": place, AUTHTYPE: authorizer["authType"]}
    if not has_authorizers:
        return scheme
    hidden = {"id", "name", "authType", "type", *(() if authorizer["type"] == "REQUEST" else ("identitySource",))}
    shown = {field: value for field, value in authorizer.items() if field not in hidden}
    return scheme | {AUTHORIZER: {"type": authorizer["type"].lower(), **shown}}


def _identity(authorizer: Json) -> tuple[str, str]:
    """The name and place that a scheme gives for an authorizer's identity source; unused if there are several sources."""
    source = authorizer.get("identitySource", "")
    for prefix, place in ((_HEADER, "header"), (_QUERY, "query")):
        if source.startswith(prefix) and "," not in source:
            return source.removeprefix(prefix), place
    return UNUSED, "header"


def _own_parts(draft: Draft, asked: Export) -> Json:
    """The parts of an API other than its methods, each under its extension."""
    settings, endpoint = draft.settings, draft.settings["endpointConfiguration"]
    parts: Json = {
        BINARY_TYPES: settings.get("binaryMediaTypes"),
        COMPRESSION: settings.get("minimumCompressionSize"),
        KEY_SOURCE: None if settings["apiKeySource"] == "HEADER" else settings["apiKeySource"],
        POLICY: json.loads(settings["policy"]) if "policy" in settings else None,
        RESPONSES: draft.gateway_responses or None,
        SECURITY_POLICY: settings.get("securityPolicy"),
        ACCESS_MODE: settings.get("endpointAccessMode"),
        VALIDATORS: _validators(draft, _used_validators(draft, asked)),
        ENDPOINT: _endpoint(settings, endpoint),
    }
    return {name: part for name, part in parts.items() if part not in (None, {})}


def _endpoint(settings: Mapping[str, Any], endpoint: Mapping[str, Any]) -> Json:
    """The endpoint's settings that differ from the default."""
    disabled = {"disableExecuteApiEndpoint": True} if settings["disableExecuteApiEndpoint"] else {}
    return disabled | ({"vpcEndpointIds": endpoint["vpcEndpointIds"]} if endpoint.get("vpcEndpointIds") else {})


def _used_validators(draft: Draft, asked: Export) -> Iterable[str]:
    if asked.has_unused_parts:
        return draft.validators
    used = {method.get("requestValidatorId") for _, method in draft.methods()}
    return [each for each in draft.validators if each in used]


def _validators(draft: Draft, ids: Iterable[str]) -> Json:
    chosen = (draft.validators[each] for each in ids)
    flags = ("validateRequestParameters", "validateRequestBody")
    return {each["name"]: {flag: each[flag] for flag in flags} for each in chosen}
