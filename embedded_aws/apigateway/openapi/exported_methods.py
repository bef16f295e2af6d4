"""Methods as the operations of an exported document.

Decides how a method's fields are written in each dialect, and which default values of an integration are left out
(docs/aws.md#openapi-export).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.apigateway.definition.frozen import DEFAULT_TIMEOUT_MILLIS
from embedded_aws.apigateway.definition.integrations import PASSTHROUGH
from embedded_aws.apigateway.openapi.exported_schemas import pointer
from embedded_aws.apigateway.openapi.operations import DEFAULT, INTEGRATION, VALIDATOR
from embedded_aws.apigateway.openapi.shape import ANY_METHOD

if TYPE_CHECKING:
    from embedded_aws.apigateway.definition.draft import Draft
    from embedded_aws.apigateway.openapi.document import Json

_PLACES = {"querystring": "query", "header": "header", "path": "path"}


class Methods:
    """The methods of one draft, to be written in one dialect."""

    def __init__(self, draft: Draft, *, is_swagger: bool, has_integrations: bool, has_timeouts: bool) -> None:
        self._draft = draft
        self._is_swagger = is_swagger
        self._has_integrations = has_integrations
        self._has_timeouts = has_timeouts

    def paths(self, *, has_validators: bool) -> dict[str, Json]:
        """Every path that has a method."""
        paths = {}
        for resource in sorted(self._draft.resources.values(), key=lambda each: str(each["path"])):
            operations = {}
            for verb, method in resource.get("resourceMethods", {}).items():
                operation = self._operation(method, resource["id"])
                if has_validators and "requestValidatorId" in method:
                    operation[VALIDATOR] = self._draft.validators[method["requestValidatorId"]]["name"]
                operations[ANY_METHOD if verb == "ANY" else verb.lower()] = operation
            if operations:
                paths[resource["path"]] = operations
        return paths

    def _operation(self, method: Json, resource_id: str) -> Json:
        operation: Json = {"operationId": method["operationName"]} if "operationName" in method else {}
        operation |= self._contents(method)
        parameters = self._parameters(method)
        if parameters:
            operation["parameters"] = parameters
        if not self._is_swagger and "requestModels" in method:
            operation["requestBody"] = {"content": self._content(method["requestModels"]), "required": True}
        responses = method.get("methodResponses", {})
        operation["responses"] = {status: self._response(status, each) for status, each in responses.items()}
        security = self._security(method)
        if security:
            operation["security"] = security
        if self._has_integrations and "methodIntegration" in method:
            operation[INTEGRATION] = integration(method["methodIntegration"], resource_id, has_timeout=self._has_timeouts)
        return operation

    def _contents(self, method: Json) -> Json:
        """What a Swagger operation consumes and produces: the content types of its models and templates."""
        if not self._is_swagger:
            return {}
        integration = method.get("methodIntegration", {})
        consumed = [*method.get("requestModels", {}), *integration.get("requestTemplates", {})]
        produced = [kind for each in method.get("methodResponses", {}).values() for kind in each.get("responseModels", {})]
        for response in integration.get("integrationResponses", {}).values():
            produced += response.get("responseTemplates", {})
        found = {"consumes": list(dict.fromkeys(consumed)), "produces": list(dict.fromkeys(produced))}
        return {name: kinds for name, kinds in found.items() if kinds}

    def _parameters(self, method: Json) -> list[Json]:
        parameters = []
        for name, is_required in method.get("requestParameters", {}).items():
            place, _, bare = name.removeprefix("method.request.").partition(".")
            parameter = {"name": bare, "in": _PLACES[place]}
            if self._is_swagger:
                parameter |= {"required": is_required, "type": "string"}
            else:
                parameter |= ({"required": True} if is_required else {}) | {"schema": {"type": "string"}}
            parameters.append(parameter)
        for model in dict.fromkeys(method.get("requestModels", {}).values()) if self._is_swagger else ():
            schema = pointer(model, is_swagger=True)
            parameters.append({"in": "body", "name": model, "required": True, "schema": schema})
        return parameters

    def _content(self, models: dict[str, str]) -> Json:
        return {kind: {"schema": pointer(name, is_swagger=False)} for kind, name in models.items()}

    def _response(self, status: str, response: Json) -> Json:
        prefix = "method.response.header."
        text: Json = {"type": "string"}
        names = [name.removeprefix(prefix) for name in response.get("responseParameters", {})]
        headers = {name: text if self._is_swagger else {"schema": text} for name in names}
        models = response.get("responseModels", {})
        shown: Json = {"description": f"{status} response"} | ({"headers": headers} if headers else {})
        if not self._is_swagger:
            return shown | {"content": self._content(models)}
        return shown | ({"schema": pointer(next(iter(models.values())), is_swagger=True)} if models else {})

    def _security(self, method: Json) -> list[Json]:
        security: list[Json] = []
        if method["authorizationType"] == "AWS_IAM":
            security.append({"sigv4": []})
        elif "authorizerId" in method:
            name = self._draft.authorizers[method["authorizerId"]]["name"]
            security.append({name: list(method.get("authorizationScopes", []))})
        return [*security, {"api_key": []}] if method["apiKeyRequired"] else security


def integration(made: Json, resource_id: str, *, has_timeout: bool) -> Json:
    """An integration as its extension shows it, with its URI as stored."""
    hidden = {"cacheNamespace", "cacheKeyParameters", "integrationResponses", "timeoutInMillis", "type", "passthroughBehavior"}
    shown = {"type": made["type"].lower(), **{name: value for name, value in made.items() if name not in hidden}}
    if made["type"] in {"HTTP", "HTTP_PROXY"} and made.get("connectionType") == "INTERNET":
        del shown["connectionType"]
    if made["cacheKeyParameters"] or made["cacheNamespace"] != resource_id:
        shown |= {"cacheNamespace": made["cacheNamespace"]}
    if made["cacheKeyParameters"]:
        shown |= {"cacheKeyParameters": made["cacheKeyParameters"]}
    if has_timeout and made["timeoutInMillis"] != DEFAULT_TIMEOUT_MILLIS:
        shown |= {"timeoutInMillis": made["timeoutInMillis"]}
    shown["passthroughBehavior"] = made.get("passthroughBehavior", PASSTHROUGH[0]).lower()
    responses = made.get("integrationResponses")
    if responses:
        shown["responses"] = {each.get("selectionPattern") or DEFAULT: _response(each) for each in responses.values()}
    return shown


def _response(made: Json) -> Json:
    return {name: value for name, value in made.items() if name != "selectionPattern"}
