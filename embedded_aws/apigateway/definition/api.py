"""The API's own settings: name, version, policy, binary media types, compression and API key source.

Decides what CreateRestApi creates, what UpdateRestApi may change and what GetRestApi shows (docs/aws.md#rest-api-shape).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, given
from embedded_aws.apigateway.definition.frozen import unescape
from embedded_aws.apigateway.definition.models import default_models
from embedded_aws.apigateway.definition.patching import is_true
from embedded_aws.apigateway.errors import BadRequestError, ValidationError
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_COMPRESSED = 10_485_760  # bytes
KEY_SOURCES = ("HEADER", "AUTHORIZER")
ENDPOINT_TYPES = ("PRIVATE", "EDGE", "REGIONAL")
_PLAIN = ("name", "description", "version", "securityPolicy", "endpointAccessMode")


def new_draft(api_id: str, body: Mapping[str, Any], *, now: int, root_id: str, model_ids: Sequence[str]) -> Draft:
    """The API that a CreateRestApi body asks for: a root without methods, and AWS's two default models."""
    return Draft(
        api_id=api_id,
        created=now,
        settings=_settings(body),
        resources={root_id: {"id": root_id, "path": "/"}},
        authorizers={},
        validators={},
        models=default_models(model_ids),
        gateway_responses={},
    )


def check_new(body: Mapping[str, Any]) -> None:
    """Refuse an invalid CreateRestApi body before anything is created."""
    _settings(body)


def _settings(body: Mapping[str, Any]) -> Json:
    if body.get("description") == "":
        raise BadRequestError("Description cannot be an empty string")
    if body.get("cloneFrom"):
        raise NotBuiltError("cloning an API with cloneFrom is not built; export it and import the document")
    source = body.get("apiKeySource") or "HEADER"
    if source not in KEY_SOURCES:
        raise _not_in(source, "createRestApiInput.apiKeySource", ("AUTHORIZER", "HEADER"))
    settings = given(body, *_PLAIN, "tags")
    settings |= {
        "apiKeySource": source,
        "endpointConfiguration": endpoint_configuration(body.get("endpointConfiguration") or {}),
        "disableExecuteApiEndpoint": bool(body.get("disableExecuteApiEndpoint")),
    }
    if body.get("binaryMediaTypes"):
        settings["binaryMediaTypes"] = list(dict.fromkeys(body["binaryMediaTypes"]))
    if body.get("minimumCompressionSize") is not None:
        settings["minimumCompressionSize"] = compression_size(body["minimumCompressionSize"])
    if body.get("policy"):
        settings["policy"] = policy_text(body["policy"])
    return settings


def endpoint_configuration(asked: Mapping[str, Any]) -> Json:
    """The API's endpoint configuration; EDGE unless the request names another type."""
    types = asked.get("types") or ["EDGE"]
    wrong = next((each for each in types if each not in ENDPOINT_TYPES), None)
    if wrong is not None:
        raise _not_in(wrong, "createRestApiInput.endpointConfiguration.types", ENDPOINT_TYPES)
    address = asked.get("ipAddressType") or ("dualstack" if types == ["PRIVATE"] else "ipv4")
    return {"types": list(types), "ipAddressType": address, **given(asked, "vpcEndpointIds")}


def _not_in(value: str, field: str, allowed: Sequence[str]) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]"
    )


def compression_size(value: object) -> int:
    """The minimum size in bytes from which a payload is compressed."""
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) > MOST_COMPRESSED:
        raise BadRequestError(f"Invalid minimum compression size, must be between 0 and {MOST_COMPRESSED}")
    return int(text)


def policy_text(policy: str | Mapping[str, Any]) -> str:
    """A resource policy as it is stored: JSON without blanks."""
    try:
        document = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        document = None
    if not isinstance(document, dict) or not _are_statements(document.get("Statement")):
        raise BadRequestError("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")
    return json.dumps(document, separators=(",", ":"))


def _are_statements(found: object) -> bool:
    statements = [found] if isinstance(found, dict) else found
    return isinstance(statements, list) and all(isinstance(each, dict) and _names_resources(each) for each in statements)


def _names_resources(statement: Mapping[str, Any]) -> bool:
    """Whether its resources, if it has any, are one text or several."""
    named = [statement[name] for name in ("Resource", "NotResource") if name in statement]
    listed = [each if isinstance(each, list) else [each] for each in named]
    return all(isinstance(one, str) for each in listed for one in each)


def expand_policy(draft: Draft, arn: str) -> Draft:
    """The draft with the short resources of its policy expanded; ``arn`` is the API's own."""
    if "policy" not in draft.settings:
        return draft
    document = json.loads(draft.settings["policy"])
    found = document["Statement"]
    statements = [_expanded(each, arn) for each in ([found] if isinstance(found, dict) else found)]
    text = policy_text({**document, "Statement": statements if isinstance(found, list) else statements[0]})
    return replace(draft, settings={**draft.settings, "policy": text})


def _expanded(statement: Mapping[str, Any], arn: str) -> Json:
    """A statement with ``execute-api:/*`` expanded to the full ARN."""

    def expand(resource: str) -> str:
        return f"{arn}/{resource.removeprefix('execute-api:/')}" if resource.startswith("execute-api:/") else resource

    written = {}
    for name in ("Resource", "NotResource"):
        if name in statement:
            resources = statement[name]
            written[name] = expand(resources) if isinstance(resources, str) else [expand(each) for each in resources]
    return {**statement, **written}


def patched_settings(settings: Json, operations: Sequence[Mapping[str, Any]]) -> Json:
    """The settings after UpdateRestApi's patch list."""
    for operation in operations:
        name, _, key = (operation.get("path") or "").removeprefix("/").partition("/")
        if name == "binaryMediaTypes" and key:
            settings = _with_media_types(settings, unescape(key), operation)
        elif name == "endpointConfiguration" and key:
            settings = _with_endpoint(settings, key, operation)
        elif name not in _REPLACED or key:
            raise BadRequestError(f"Invalid patch path {operation.get('path') or 'null'}")
        else:
            settings = _REPLACED[name](settings, name, operation)
    return settings


def _with_media_types(settings: Json, kind: str, operation: Mapping[str, Any]) -> Json:
    kinds = [each for each in settings.get("binaryMediaTypes", []) if each != kind]
    if operation["op"] == "add":
        kinds.append(kind)
    elif operation["op"] == "replace":
        kinds.append(operation.get("value") or "")
    return _with(settings, "binaryMediaTypes", kinds or None)


def _with_endpoint(settings: Json, key: str, operation: Mapping[str, Any]) -> Json:
    """Patch one field of the endpoint; its type is replaced by position or by name."""
    configuration, value = settings["endpointConfiguration"], operation.get("value")
    if key.startswith("types/") and operation["op"] == "replace":
        return {**settings, "endpointConfiguration": endpoint_configuration({**configuration, "types": [value]})}
    if key == "ipAddressType" and operation["op"] == "replace":
        return {**settings, "endpointConfiguration": {**configuration, "ipAddressType": value}}
    raise NotBuiltError(f"{operation['op']} {operation.get('path')} of an API is not built")


def _replace_text(settings: Json, name: str, operation: Mapping[str, Any]) -> Json:
    if operation["op"] == "remove" and name == "description":
        return _with(settings, name, None)
    _check_replaces(operation)
    return _with(settings, name, operation.get("value"))


def _replace_flag(settings: Json, name: str, operation: Mapping[str, Any]) -> Json:
    _check_replaces(operation)
    return {**settings, name: is_true(operation.get("value"))}


def _replace_source(settings: Json, name: str, operation: Mapping[str, Any]) -> Json:
    _check_replaces(operation)
    value = operation.get("value") or ""
    if value not in KEY_SOURCES:
        raise _not_in(value, "createRestApiInput.apiKeySource", ("AUTHORIZER", "HEADER"))
    return {**settings, name: value}


def _replace_compression(settings: Json, name: str, operation: Mapping[str, Any]) -> Json:
    """Set the minimum compression size; no value disables compression."""
    _check_replaces(operation)
    value = operation.get("value")
    return _with(settings, name, None if value in (None, "") else compression_size(value))


def _replace_policy(settings: Json, name: str, operation: Mapping[str, Any]) -> Json:
    _check_replaces(operation)
    value = operation.get("value")
    return _with(settings, name, policy_text(value) if value else None)


def _check_replaces(operation: Mapping[str, Any]) -> None:
    if operation["op"] != "replace":
        raise BadRequestError("Invalid patch operation specified. Must be one of: [replace]")


def _with(settings: Json, name: str, value: object) -> Json:
    """The settings with one setting replaced, or removed if the value is None."""
    rest = {key: each for key, each in settings.items() if key != name}
    return rest if value is None else {**rest, name: value}


_REPLACED = {
    **dict.fromkeys(_PLAIN, _replace_text),
    "apiKeySource": _replace_source,
    "disableExecuteApiEndpoint": _replace_flag,
    "minimumCompressionSize": _replace_compression,
    "policy": _replace_policy,
}


def describe_api(draft: Draft, *, with_tags: bool) -> Json:
    """The API as GetRestApi shows it; a new API is shown without tags if it has none."""
    settings = {name: value for name, value in draft.settings.items() if name not in {"policy", "tags"}}
    shown = {"id": draft.api_id, "createdDate": draft.created, "rootResourceId": draft.root_id, **settings}
    if "policy" in draft.settings:
        shown["policy"] = _escaped(draft.settings["policy"])
    tags = draft.settings.get("tags") or {}
    return {**shown, "tags": tags} if with_tags or tags else shown


def _escaped(policy: str) -> str:
    """A policy as AWS shows it: JSON text with its quotes and slashes escaped once more (docs/aws.md#rest-api-shape)."""
    return policy.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/")
