"""Gateway responses: an API's versions of the answers that API Gateway makes itself (docs/aws.md#gateway-response-defaults).

Customising DEFAULT_4XX or DEFAULT_5XX also customises every type of that class that has no customisation of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, given, without
from embedded_aws.apigateway.definition.frozen import unescape
from embedded_aws.apigateway.definition.methods import check_status
from embedded_aws.apigateway.errors import BadRequestError, NotFoundError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATUSES: Mapping[str, str | None] = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}
# In the order of the service's own refusal.
_ENUM = (
    "REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, "
    "INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
    "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, "
    "UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN"
)
_FIELDS = ("statusCode", "responseParameters", "responseTemplates")
_MAPS = {"responseParameters": "Invalid parameter name specified", "responseTemplates": "Content-Type specified was not found"}


def put_gateway_response(draft: Draft, kind: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """PutGatewayResponse."""
    draft = replace(draft, gateway_responses={**draft.gateway_responses, kind: customised(kind, body)})
    return draft, show(draft, kind)


def customised(kind: str, body: Mapping[str, Any]) -> Json:
    """The customisation of a type that a body asks for."""
    _check(kind)
    made = given(body, *_FIELDS)
    if "statusCode" in made:
        made["statusCode"] = check_status(str(made["statusCode"]))
    for name in _MAPS:
        if any(value in (None, "") for value in made.get(name, {}).values()):
            raise BadRequestError(f"Invalid null or empty value in {name}")
    return made


def default_of(kind: str) -> str:
    """The default type that applies to a type without a customisation."""
    return "DEFAULT_5XX" if (STATUSES[kind] or kind[-3]).startswith("5") else "DEFAULT_4XX"


def show(draft: Draft, kind: str) -> Json:
    """One gateway response as GetGatewayResponse shows it, customised or not."""
    _check(kind)
    own = draft.gateway_responses.get(kind)
    made = own if own is not None else draft.gateway_responses.get(default_of(kind), {})
    status = made.get("statusCode", STATUSES[kind])
    return {
        "responseType": kind,
        **({"statusCode": status} if status else {}),
        "responseParameters": made.get("responseParameters", {}),
        "responseTemplates": made.get("responseTemplates", TEMPLATES),
        "defaultResponse": own is None,
    }


def show_all(draft: Draft) -> list[Json]:
    """All gateway response types."""
    return [show(draft, kind) for kind in STATUSES]


def update_gateway_response(draft: Draft, kind: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateGatewayResponse; it also customises a type that was not customised before."""
    _check(kind)
    made = dict(draft.gateway_responses.get(kind, {}))
    for operation in operations:
        name, _, key = (operation.get("path") or "").removeprefix("/").partition("/")
        if name in _MAPS and key:
            made[name] = _patched(made.get(name, {}), name, unescape(key), operation)
        elif name == "statusCode" and not key and operation["op"] == "replace":
            made[name] = check_status(operation.get("value") or "")
        else:
            raise BadRequestError(f"Invalid patch path {operation.get('path') or 'null'}")
    draft = replace(draft, gateway_responses={**draft.gateway_responses, kind: made})
    return draft, show(draft, kind)


def _patched(entries: Mapping[str, str], name: str, key: str, operation: Mapping[str, Any]) -> dict[str, str]:
    if operation["op"] != "add" and key not in entries:
        raise NotFoundError(_MAPS[name])
    if operation["op"] == "remove":
        return {each: value for each, value in entries.items() if each != key}
    if not operation.get("value"):
        raise BadRequestError(f"Invalid null or empty value in {name}")
    return {**entries, key: operation["value"]}


def delete_gateway_response(draft: Draft, kind: str) -> Draft:
    """DeleteGatewayResponse: the type returns to API Gateway's default."""
    _check(kind)
    if kind not in draft.gateway_responses:
        raise NotFoundError("Gateway response type not defined on api")
    return replace(draft, gateway_responses=without(draft.gateway_responses, kind))


def _check(kind: str) -> None:
    if kind not in STATUSES:
        raise ValidationError(
            f"1 validation error detected: Value '{kind}' at 'responseType' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{_ENUM}]"
        )
