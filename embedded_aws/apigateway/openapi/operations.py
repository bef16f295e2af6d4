"""Operations as methods: parameters, bodies, responses, and the integration in the extension.

Decides the fields of a method and its responses (docs/aws.md#openapi-import). It creates no resources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.integrations import an_integration
from embedded_aws.apigateway.definition.models import JSON
from embedded_aws.apigateway.openapi.document import check_known
from embedded_aws.apigateway.openapi.security import AUTH
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.apigateway.openapi.document import Document, Json
    from embedded_aws.apigateway.openapi.schemas import Schemas

INTEGRATION = "x-amazon-apigateway-integration"
VALIDATOR = "x-amazon-apigateway-request-validator"
DEFAULT = "default"
_PLACES = {"query": "querystring", "header": "header", "path": "path"}
_KNOWN = frozenset(
    {
        "callbacks",
        "consumes",
        "deprecated",
        "description",
        "externalDocs",
        "operationId",
        "parameters",
        "produces",
        "requestBody",
        "responses",
        "schemes",
        "security",
        "servers",
        "summary",
        "tags",
        AUTH,
        INTEGRATION,
        VALIDATOR,
    }
)
_INTEGRATION_FIELDS = (
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "responseTransferMode",
    "timeoutInMillis",
    "tlsConfig",
    "type",
    "uri",
)
_IGNORED = ("payloadFormatVersion", "responses")
_RESPONSE_FIELDS = ("statusCode", "responseParameters", "responseTemplates", "contentHandling")


class Operations:
    """Turns the operations of one document into methods."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas

    def method(self, path: str, verb: str, operation: Json, parameters: list[Json]) -> Json:
        """A method's fields, except authorization, validator and integration."""
        where = f"{verb} {path}"
        check_known(operation, _KNOWN, where)
        asked = self._request_parameters(path, parameters, where)
        models = self._request_models(operation, parameters)
        responses = self._responses(operation, where)
        fields = {"operationName": operation.get("operationId"), "requestParameters": asked, "requestModels": models}
        found = {name: value for name, value in fields.items() if value}
        return found | ({"methodResponses": responses} if responses else {})

    def _request_parameters(self, path: str, parameters: list[Json], where: str) -> dict[str, bool]:
        """The parameters of a request and whether each is required; path parameters always are."""
        asked = {}
        for parameter in parameters:
            place, name = parameter.get("in"), parameter.get("name")
            if place == "body":
                continue
            if place not in _PLACES:
                raise NotBuiltError(f"the parameter {name} in {place} of {where} is not imported; leave it out")
            asked[f"method.request.{_PLACES[place]}.{name}"] = bool(parameter.get("required")) or place == "path"
        for name in re.findall(r"\{([^}+]+)\+?\}", path):
            asked[f"method.request.path.{name}"] = True
        return asked

    def _request_models(self, operation: Json, parameters: list[Json]) -> dict[str, str]:
        if self._document.is_swagger:
            bodies = [each["schema"] for each in parameters if each.get("in") == "body" and "schema" in each]
            kinds = operation.get("consumes") or self._document.root.get("consumes") or [JSON]
            return {kind: self._schemas.model_of(schema) for schema in bodies for kind in kinds}
        body = self._document.resolve(operation.get("requestBody") or {})
        return self._models_of(body)

    def _models_of(self, part: Json) -> dict[str, str]:
        """The models of an OpenAPI 3 body or response, by content type."""
        contents = part.get("content") or {}
        return {kind: self._schemas.model_of(each["schema"]) for kind, each in contents.items() if each.get("schema")}

    def _responses(self, operation: Json, where: str) -> dict[str, Json]:
        responses = {}
        for status, given in (operation.get("responses") or {}).items():
            if status == DEFAULT:
                raise NotBuiltError(f"no record says how the default response of {where} is imported; name a status")
            responses[status] = self._response(status, self._document.resolve(given or {}), operation)
        return responses

    def _response(self, status: str, given: Json, operation: Json) -> Json:
        headers = {f"method.response.header.{name}": False for name in given.get("headers") or {}}
        if self._document.is_swagger and "schema" in given:
            kinds = operation.get("produces") or self._document.root.get("produces") or [JSON]
            models = {kind: self._schemas.model_of(given["schema"]) for kind in kinds}
        else:
            models = {} if self._document.is_swagger else self._models_of(given)
        fields = {"responseModels": models, "responseParameters": headers}
        return {"statusCode": status, **{name: value for name, value in fields.items() if value}}


def integration(given: Mapping[str, Any], resource_id: str, where: str) -> Json:
    """The integration in an extension, as GetIntegration shows it."""
    if "$ref" in given:
        raise NotBuiltError(f"{INTEGRATION} of {where} is a reference, which only HTTP APIs support; write it in place")
    check_known(given, (*_INTEGRATION_FIELDS, *_IGNORED), f"{INTEGRATION} of {where}")
    body = {name: given[name] for name in _INTEGRATION_FIELDS if given.get(name) is not None}
    for name in ("type", "passthroughBehavior", "httpMethod", "connectionType"):
        if name in body:
            body[name] = str(body[name]).upper()
    made = an_integration(body, resource_id)
    responses = {}
    for pattern, response in (given.get("responses") or {}).items():
        made_response = _integration_response(pattern, response or {}, where)
        responses[made_response["statusCode"]] = made_response
    return made | ({"integrationResponses": responses} if responses else {})


def _integration_response(pattern: str, given: Mapping[str, Any], where: str) -> Json:
    check_known(given, _RESPONSE_FIELDS, f"the response {pattern} of {where}")
    made = {name: given[name] for name in _RESPONSE_FIELDS if given.get(name) is not None}
    made["statusCode"] = str(made.get("statusCode") or "200")
    if "responseTemplates" in made:
        made["responseTemplates"] = {kind: text or None for kind, text in made["responseTemplates"].items()}
    return made if pattern == DEFAULT else {**made, "selectionPattern": pattern}
