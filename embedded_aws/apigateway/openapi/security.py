"""Security schemes: authorizers, IAM and API keys, and which of them an operation requires.

Decides what a requirement means for a method (docs/aws.md#openapi-security). A scheme's authorizer is created whether or not
an operation uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.authorizers import an_authorizer
from embedded_aws.apigateway.openapi.document import check_known
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.apigateway.openapi.document import Document, Json

AUTHORIZER, AUTHTYPE = "x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype"
AUTH = "x-amazon-apigateway-auth"
IAM, API_KEY_HEADER, UNUSED = "awsSigv4", "x-api-key", "Unused"
NONE = "NONE"
"""The scheme that SAM names, and does not describe, where an operation requires nothing."""

_AUTHORIZER_FIELDS = (
    "type",
    "providerARNs",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
)
_PLACES = {"header": "header", "query": "querystring"}


class Security:
    """The authorizers of one import by the names of their schemes, and what operations require of them."""

    def __init__(self, document: Document, new_id: Callable[[str], str]) -> None:
        self._schemes = document.security_schemes
        self._everywhere = document.root.get("security")
        self.authorizers: dict[str, Json] = {}
        for name, scheme in self._schemes.items():
            if AUTHORIZER in scheme:
                made = an_authorizer(new_id(name), _authorizer(name, scheme))
                self.authorizers[name] = made

    def of(self, operation: Json, where: str) -> Json:
        """How a method is authorized, as fields of PutMethod."""
        if AUTH in operation:
            return {"authorizationType": str(operation[AUTH].get("type")).upper()}
        fields: Json = {}
        for requirement in operation.get("security", self._everywhere) or []:
            for name, scopes in requirement.items():
                fields |= self._required(name, list(scopes or []), where)
        return fields

    def _required(self, name: str, scopes: list[str], where: str) -> Json:
        scheme = self._schemes.get(name)
        if scheme is None and name == NONE:
            return {}
        if scheme is None:
            raise NotBuiltError(f"{where} requires the security scheme {name}, which the document does not contain; add it")
        if name in self.authorizers:
            is_pool = self.authorizers[name]["type"] == "COGNITO_USER_POOLS"
            kind = "COGNITO_USER_POOLS" if is_pool else "CUSTOM"
            asked = {"authorizationScopes": scopes} if is_pool and scopes else {}
            return {"authorizationType": kind, "authorizerId": self.authorizers[name]["id"], **asked}
        if scheme.get(AUTHTYPE) == IAM:
            return {"authorizationType": "AWS_IAM"}
        if scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == API_KEY_HEADER:
            return {"apiKeyRequired": True}
        raise NotBuiltError(
            f"no record says how the security scheme {name}, which {where} requires, is imported; REST APIs support "
            f"authorizers, {IAM} and {API_KEY_HEADER}"
        )


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Json:
    """A CreateAuthorizer body for a scheme."""
    if scheme.get("type") != "apiKey":
        raise NotBuiltError(f"the security scheme {name} of type {scheme.get('type')} is not imported; REST APIs take apiKey")
    given = scheme[AUTHORIZER]
    check_known(given, _AUTHORIZER_FIELDS, f"{AUTHORIZER} of {name}")
    kind = str(given.get("type") or "").upper()
    body = {field: given[field] for field in _AUTHORIZER_FIELDS if given.get(field) not in (None, "")}
    source = f"method.request.{_PLACES.get(str(scheme.get('in')), 'header')}.{scheme.get('name')}"
    if kind != "REQUEST" or ("identitySource" not in body and scheme.get("name") != UNUSED):
        body["identitySource"] = source
    if "authorizerResultTtlInSeconds" in body:
        body["authorizerResultTtlInSeconds"] = int(body["authorizerResultTtlInSeconds"])
    authtype = {"authType": scheme[AUTHTYPE]} if scheme.get(AUTHTYPE) else {}
    return {**body, **authtype, "name": name, "type": kind}
