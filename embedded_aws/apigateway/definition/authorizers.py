"""Authorizers: what decides whether a method may be called (docs/aws.md#authorizer-parts)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.draft import Draft, Json, found, given, without
from embedded_aws.apigateway.definition.frozen import patch_fields
from embedded_aws.apigateway.errors import BadRequestError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
DEFAULT_TTL_SECONDS = 300
LONGEST_TTL_SECONDS = 3600
NOT_FOUND = "Invalid Authorizer identifier specified"
_FIELDS = (
    "name",
    "type",
    "providerARNs",
    "authType",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
)
_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/.+", re.DOTALL)


def create_authorizer(draft: Draft, authorizer_id: str, body: Mapping[str, Any]) -> tuple[Draft, Json]:
    """CreateAuthorizer."""
    authorizer = an_authorizer(authorizer_id, body)
    if any(each["name"] == authorizer["name"] for each in draft.authorizers.values()):
        raise BadRequestError(
            f"Authorizer name must be unique. Authorizer {authorizer['name']} already exists in this RestApi."
        )
    return replace(draft, authorizers={**draft.authorizers, authorizer_id: authorizer}), authorizer


def an_authorizer(authorizer_id: str, body: Mapping[str, Any]) -> Json:
    """An authorizer as GetAuthorizer shows it; a TTL that was not given is not shown, and is 300 seconds."""
    kind = body.get("type") or ""
    if kind not in KINDS:
        raise ValidationError(
            f"1 validation error detected: Value '{kind}' at 'createAuthorizerInput.type' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(KINDS)}]"
        )
    authorizer = {"id": authorizer_id, **given(body, *_FIELDS)}
    authorizer.setdefault("authType", "cognito_user_pools" if kind == "COGNITO_USER_POOLS" else "custom")
    _check(authorizer)
    return authorizer


def _check(authorizer: Json) -> None:
    if not authorizer.get("name"):
        raise BadRequestError("Authorizer name must be non-empty")
    uri = authorizer.get("authorizerUri", "")
    if authorizer["type"] != "COGNITO_USER_POOLS" and not _URI.fullmatch(uri):
        raise BadRequestError(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )
    ttl = authorizer.get("authorizerResultTtlInSeconds", 0)
    if not 0 <= int(ttl) <= LONGEST_TTL_SECONDS:
        raise BadRequestError("Authorizer result TTL must be between 0 and 3600 seconds")


def authorizer_of(draft: Draft, authorizer_id: str) -> Json:
    """One authorizer."""
    return found(draft.authorizers, authorizer_id, NOT_FOUND)


def update_authorizer(draft: Draft, authorizer_id: str, operations: Sequence[Mapping[str, Any]]) -> tuple[Draft, Json]:
    """UpdateAuthorizer; user pools are added and removed one by one."""
    before = authorizer_of(draft, authorizer_id)
    pools, rest = _pools(before, operations)
    fields = {name: before.get(name) for name in _FIELDS if name != "providerARNs"}
    patched = {**patch_fields(fields, rest, maps=frozenset()), "providerARNs": pools}
    if patched["authorizerResultTtlInSeconds"] is not None:
        patched["authorizerResultTtlInSeconds"] = int(patched["authorizerResultTtlInSeconds"])
    authorizer = {"id": authorizer_id, **{name: value for name, value in patched.items() if value not in (None, [], "")}}
    _check(authorizer)
    return replace(draft, authorizers={**draft.authorizers, authorizer_id: authorizer}), authorizer


def _pools(before: Json, operations: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Mapping[str, Any]]]:
    pools, rest = list(before.get("providerARNs", [])), []
    for operation in operations:
        if operation.get("path") != "/providerARNs":
            rest.append(operation)
            continue
        arn = operation.get("value") or ""
        pools = [each for each in pools if each != arn] + ([arn] if operation["op"] == "add" else [])
    return pools, rest


def delete_authorizer(draft: Draft, authorizer_id: str) -> Draft:
    """DeleteAuthorizer."""
    authorizer_of(draft, authorizer_id)
    return replace(draft, authorizers=without(draft.authorizers, authorizer_id))
