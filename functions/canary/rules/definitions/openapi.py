"""An API's definition from the OpenAPI 3 document that GetExport returns for a stage, with AWS's extensions.

This module reads the document; `canary.aws.definitions` requests it. No export says where the API is reached
(docs/aws.md#export-document). All stages share that, so it is taken from the API itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from canary.rules.definitions.canonical import policy_text, schema_text
from canary.rules.definitions.definition import (
    ANY,
    VERBS,
    Authorizer,
    Definition,
    Method,
    MethodResponse,
    Model,
    Texts,
    UnreadableDefinitionError,
    arrange_methods,
    find_bare_paths,
)
from canary.rules.definitions.inline_models import name_by_content
from canary.rules.definitions.resources import (
    Answer,
    authorizer_from,
    endpoint_of,
    gateway_response,
    integration_from,
    validator,
)

Document = Mapping[str, Any]

PREFIX = "x-amazon-apigateway-"
KEYS = {**{verb.lower(): verb for verb in sorted(VERBS)}, f"{PREFIX}any-method": ANY}
"""The keys of a path's methods, and their HTTP methods."""

AUTHORIZATIONS = {"TOKEN": "CUSTOM", "REQUEST": "CUSTOM"}
"""A method's authorization type by its authorizer's kind; for other kinds, the kind is the type."""

PLACES = {"query": "querystring", "header": "header"}
JSON = "application/json"


def from_export(document: Document, api: Answer, paths: Texts | None = None) -> Definition:
    """The definition of the API that a stage serves.

    ``api``: GetRestApi's answer. ``paths``: the known resources' paths by id.

    Raises:
        UnreadableDefinitionError: it is not such a document, or it names a security scheme that it does not describe.

    """
    if not str(document.get("openapi", "")).startswith("3."):
        raise UnreadableDefinitionError("the export is not an OpenAPI 3 document")
    components = document.get("components") or {}
    schemes: Document = components.get("securitySchemes") or {}
    served: Document = document.get("paths") or {}
    authorizers = {name: _authorizer(name, one) for name, one in schemes.items() if f"{PREFIX}authorizer" in one}
    methods = arrange_methods(_methods(document, authorizers), paths or {})
    compression = document.get(f"{PREFIX}minimum-compression-size")
    definition = Definition(
        methods=methods,
        authorizers=authorizers,
        gateway_responses={
            kind: gateway_response(kind, one) for kind, one in (document.get(f"{PREFIX}gateway-responses") or {}).items()
        },
        models={name: Model(JSON, schema_text(schema)) for name, schema in (components.get("schemas") or {}).items()},
        validators={name: validator(one) for name, one in (document.get(f"{PREFIX}request-validators") or {}).items()},
        policy=policy_text(document.get(f"{PREFIX}policy") or "", str(api["id"])),
        binary_types=tuple(sorted(document.get(f"{PREFIX}binary-media-types") or ())),
        compresses_from=None if compression is None else int(compression),
        api_key_source=str(document.get(f"{PREFIX}api-key-source") or "HEADER").upper(),
        bare_paths=find_bare_paths(served, methods),
        endpoint=endpoint_of(api),
    )
    return name_by_content(definition)


def _methods(document: Document, authorizers: Mapping[str, Authorizer]) -> Iterator[Method]:
    schemes: Document = (document.get("components") or {}).get("securitySchemes") or {}
    checker = document.get(f"{PREFIX}request-validator") or ""
    for path, item in (document.get("paths") or {}).items():
        for key, verb in KEYS.items():
            if key in item:
                yield _method(path, verb, {f"{PREFIX}request-validator": checker, **item[key]}, schemes, authorizers)


def _method(path: str, verb: str, operation: Document, schemes: Document, authorizers: Mapping[str, Authorizer]) -> Method:
    security = [(name, scopes) for one in operation.get("security") or () for name, scopes in one.items()]
    kinds = {name: _scheme_kind(name, schemes, f"{verb} {path}") for name, _ in security}
    authorizer = next((name for name, kind in kinds.items() if kind == "authorizer"), "")
    integration = operation.get(f"{PREFIX}integration")
    return Method(
        path=path,
        http_method=verb,
        authorization=_authorization(operation, kinds, authorizers.get(authorizer)),
        authorizer=authorizer,
        scopes=tuple(sorted(scope for name, scopes in security if name == authorizer for scope in scopes)),
        is_api_key_required="key" in kinds.values(),
        validator=operation[f"{PREFIX}request-validator"],
        operation=operation.get("operationId") or "",
        parameters=dict(_parameters(operation.get("parameters") or ())),
        models=_models((operation.get("requestBody") or {}).get("content")),
        responses={status: _response(one) for status, one in (operation.get("responses") or {}).items() if status.isdecimal()},
        integration=integration_from(integration, integration.get("responses") or {}) if integration else None,
    )


def _scheme_kind(name: str, schemes: Document, where: str) -> str:
    """What a security scheme requires: an authorizer's approval, AWS's own signature, or an API key."""
    scheme = schemes.get(name) or {}
    if f"{PREFIX}authorizer" in scheme:
        return "authorizer"
    if str(scheme.get(f"{PREFIX}authtype", "")).lower() == "awssigv4":
        return "signature"
    if str(scheme.get("name", "")).lower() == "x-api-key":
        return "key"
    raise UnreadableDefinitionError(f"the export secures {where} with {name} but does not describe it")


def _authorization(operation: Document, kinds: Texts, authorizer: Authorizer | None) -> str:
    if authorizer:
        return AUTHORIZATIONS.get(authorizer.kind, authorizer.kind)
    written = str((operation.get(f"{PREFIX}auth") or {}).get("type") or "NONE").upper()
    return "AWS_IAM" if "signature" in kinds.values() else written


def _authorizer(name: str, scheme: Document) -> Authorizer:
    """An authorizer from its security scheme, which says where the token is; the extension in it says everything else."""
    written = scheme[f"{PREFIX}authorizer"]
    place = f"method.request.{PLACES.get(scheme.get('in', ''), 'header')}.{scheme.get('name', '')}"
    is_request = str(written["type"]).upper() == "REQUEST"
    return authorizer_from(name, written, written.get("identitySource") or ("" if is_request else place))


def _parameters(parameters: Sequence[Document]) -> Iterator[tuple[str, bool]]:
    for one in parameters:
        if place := PLACES.get(one["in"]):
            yield f"method.request.{place}.{one['name']}", bool(one.get("required"))


def _response(response: Document) -> MethodResponse:
    headers = sorted(f"method.response.header.{name}" for name in response.get("headers") or ())
    return MethodResponse(tuple(headers), _models(response.get("content")))


def _models(content: Document | None) -> dict[str, str]:
    """The model of each content type; a reference ends in its name."""
    named = {kind: (one.get("schema") or {}).get("$ref") for kind, one in (content or {}).items()}
    return {kind: str(reference).rpartition("/")[2] for kind, reference in named.items() if reference}
