"""Integrations and their responses: what a method calls, and how the answer becomes the method's.

Decides the defaults that AWS adds, and which URIs an integration may have (docs/aws.md#definition-integrations).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embedded_aws.apigateway.definition.draft import Draft, Json, found, given
from embedded_aws.apigateway.definition.frozen import DEFAULT_TIMEOUT_MILLIS, patch_fields
from embedded_aws.apigateway.definition.methods import NO_RESPONSE, check_status
from embedded_aws.apigateway.errors import AccessDeniedError, BadRequestError, ConflictError, NotFoundError, ValidationError
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS")
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_FIELDS = (
    "uri",
    "connectionType",
    "connectionId",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "cacheNamespace",
    "cacheKeyParameters",
    "contentHandling",
    "timeoutInMillis",
    "tlsConfig",
    "passthroughBehavior",
)
_MAPS = frozenset({"requestTemplates", "requestParameters"})
_PATCHED = (*(name for name in _FIELDS if name not in {"cacheKeyParameters", "tlsConfig"}), "httpMethod")
_RESPONSE_FIELDS = ("selectionPattern", "responseParameters", "responseTemplates", "contentHandling")
_RESPONSE_MAPS = frozenset({"responseTemplates", "responseParameters"})
DEFAULT = "default"
"""What AWS calls the response without a selection pattern."""
_ARN = re.compile(r"arn:[\w-]+:.*")
_SERVICE_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:(?P<service>[\w.-]+):(?P<call>(path|action)/.*)", re.DOTALL)
_PROXIED = re.compile(r"lambda:path/[\w-]+/functions/.+/invocations|firehose:action/\w+", re.DOTALL)
_PROXY_ONLY = "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."


def put_integration(draft: Draft, resource_id: str, verb: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """PutIntegration; it drops the responses of an earlier integration."""
    method = draft.method(resource_id, verb)
    integration = an_integration(body, resource_id)
    return draft.with_method(resource_id, {**method, "methodIntegration": integration}), integration


def an_integration(body: Mapping[str, Any], resource_id: str) -> Json:
    """An integration as GetIntegration shows it, with AWS's defaults."""
    kind = body.get("type") or ""
    if kind not in KINDS:
        raise _wrong(kind, "type", KINDS)
    if body.get("responseTransferMode") not in {None, "BUFFERED"}:
        raise NotBuiltError("integrations that stream their response are not built; leave responseTransferMode out")
    if kind != "MOCK":
        _check_call(kind, body)
    integration = {"type": kind, **given(body, *_FIELDS)}
    if kind != "MOCK":
        integration["httpMethod"] = body["httpMethod"]
    if kind in {"HTTP", "HTTP_PROXY"}:
        integration.setdefault("connectionType", "INTERNET")
    integration.setdefault("passthroughBehavior", PASSTHROUGH[0])
    if integration["passthroughBehavior"] not in PASSTHROUGH:
        raise _wrong(integration["passthroughBehavior"], "passthroughBehavior", PASSTHROUGH)
    integration["timeoutInMillis"] = int(integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MILLIS)
    integration.setdefault("cacheNamespace", resource_id)
    return {**integration, "cacheKeyParameters": list(body.get("cacheKeyParameters") or [])}


def _wrong(value: str, field: str, allowed: Sequence[str]) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at 'putIntegrationInput.{field}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]"
    )


def _check_call(kind: str, body: Mapping[str, Any]) -> None:
    if not body.get("httpMethod"):
        raise BadRequestError("Enumeration value for HttpMethod must be non-empty")
    uri = body.get("uri") or ""
    if kind in {"HTTP", "HTTP_PROXY"}:
        _check_url(uri)
    else:
        _check_service(kind, uri, body.get("credentials"))


def _check_url(uri: str) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadRequestError("Invalid HTTP endpoint specified for URI")


def _check_service(kind: str, uri: str, credentials: str | None) -> None:
    if not _ARN.fullmatch(uri):
        raise BadRequestError("Invalid ARN specified in the request")
    parts = _SERVICE_URI.fullmatch(uri)
    if parts is None:
        raise BadRequestError("AWS ARN for integration must contain path or action")
    if kind == "AWS_PROXY" and not _PROXIED.fullmatch(f"{parts['service']}:{parts['call']}"):
        raise BadRequestError(_PROXY_ONLY)
    if kind == "AWS" and parts["service"].rpartition(".")[2] == "s3" and not credentials:
        raise BadRequestError("Role ARN must be specified for AWS integrations")


def check_credentials(body: Mapping[str, Any], account: str) -> None:
    """Refuse a role from another account; ``arn:aws:iam::*:user/*`` stands for the caller's own credentials."""
    credentials = body.get("credentials")
    if credentials and not re.match(rf"arn:[\w-]+:iam::({account}|\*):", credentials):
        raise AccessDeniedError("Cross-account pass role is not allowed.")


def integration_of(draft: Draft, resource_id: str, verb: str) -> Json:
    """The integration of a method."""
    integration: Json | None = draft.method(resource_id, verb).get("methodIntegration")
    if integration is None:
        raise NotFoundError("Invalid Integration identifier specified")
    return integration


def update_integration(
    draft: Draft, resource_id: str, verb: str, operations: Sequence[Mapping[str, Any]]
) -> tuple[Draft, Json]:
    """UpdateIntegration."""
    integration = integration_of(draft, resource_id, verb)
    keys, rest = _cache_keys(integration, operations)
    patched = patch_fields({name: integration.get(name) for name in _PATCHED}, rest, maps=_MAPS)
    if patched["timeoutInMillis"] is not None:
        patched["timeoutInMillis"] = int(patched["timeoutInMillis"])
    kept = {name: value for name, value in integration.items() if name not in patched}
    changed = {
        **kept,
        **{name: value for name, value in patched.items() if value not in (None, {})},
        "cacheKeyParameters": keys,
    }
    return _with_integration(draft, resource_id, verb, changed), changed


def _cache_keys(integration: Json, operations: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Mapping[str, Any]]]:
    """The cache keys after a patch, which adds and removes them by name, and the operations on other fields."""
    keys, rest = list(integration["cacheKeyParameters"]), []
    for operation in operations:
        head, _, key = (operation.get("path") or "").removeprefix("/").partition("/")
        if head != "cacheKeyParameters":
            rest.append(operation)
            continue
        keys = [each for each in keys if each != key] + ([key] if operation["op"] == "add" else [])
    return keys, rest


def delete_integration(draft: Draft, resource_id: str, verb: str) -> Draft:
    """DeleteIntegration."""
    integration_of(draft, resource_id, verb)
    method = {key: each for key, each in draft.method(resource_id, verb).items() if key != "methodIntegration"}
    return draft.with_method(resource_id, method)


def _with_integration(draft: Draft, resource_id: str, verb: str, integration: Json) -> Draft:
    return draft.with_method(resource_id, {**draft.method(resource_id, verb), "methodIntegration": integration})


# Integration responses.


def put_response(draft: Draft, resource_id: str, verb: str, status: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """PutIntegrationResponse; it replaces the response with the same status."""
    integration_of(draft, resource_id, verb)
    response = {"statusCode": check_status(status), **given(body, *_RESPONSE_FIELDS)}
    if "responseTemplates" in response:
        response["responseTemplates"] = {kind: text or None for kind, text in response["responseTemplates"].items()}
    return _with_response(draft, resource_id, verb, response), response


def _with_response(draft: Draft, resource_id: str, verb: str, response: Json) -> Draft:
    """The draft with this response; no other one may have its selection pattern."""
    integration, status = integration_of(draft, resource_id, verb), response["statusCode"]
    responses = integration.get("integrationResponses", {})
    pattern = response.get("selectionPattern") or ""
    if any((each.get("selectionPattern") or "") == pattern for key, each in responses.items() if key != status):
        raise ConflictError(f"Integration response with selection pattern {pattern or DEFAULT} already exists")
    changed = {**integration, "integrationResponses": {**responses, status: response}}
    return _with_integration(draft, resource_id, verb, changed)


def response_of(draft: Draft, resource_id: str, verb: str, status: str) -> Json:
    """One integration response."""
    return found(integration_of(draft, resource_id, verb).get("integrationResponses", {}), status, NO_RESPONSE)


def update_response(
    draft: Draft, resource_id: str, verb: str, status: str, operations: Sequence[Mapping[str, Any]]
) -> tuple[Draft, Json]:
    """UpdateIntegrationResponse."""
    before = response_of(draft, resource_id, verb, status)
    patched = patch_fields({name: before.get(name) for name in _RESPONSE_FIELDS}, operations, maps=_RESPONSE_MAPS)
    response = {"statusCode": status, **{name: value for name, value in patched.items() if value not in (None, {})}}
    return _with_response(draft, resource_id, verb, response), response


def delete_response(draft: Draft, resource_id: str, verb: str, status: str) -> Draft:
    """DeleteIntegrationResponse."""
    response_of(draft, resource_id, verb, status)
    integration = dict(integration_of(draft, resource_id, verb))
    responses = {key: each for key, each in integration.pop("integrationResponses").items() if key != status}
    if responses:
        integration["integrationResponses"] = responses
    return _with_integration(draft, resource_id, verb, integration)
