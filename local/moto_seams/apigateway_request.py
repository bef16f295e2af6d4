"""One API Gateway request as moto's response class holds it, read into what the calls need, and the answers to it.

Beside apigateway.py the only module that knows moto's objects of an API's definition, and the only one that changes
them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from local.gateway_definition import patch_fields
from local.gateway_errors import NotFoundError

Moto: TypeAlias = Any  # an object of moto's, which is untyped
Answer = tuple[int, dict[str, Any], str]
DEFAULT_LIMIT, MAX_LIMIT = 25, 500

# A field of a definition as a patch names it, and moto's attribute for it.
METHOD_FIELDS = {
    "authorizationType": "authorization_type",
    "authorizerId": "authorizer_id",
    "apiKeyRequired": "api_key_required",
    "operationName": "operation_name",
    "requestValidatorId": "request_validator_id",
    "requestParameters": "request_parameters",
    "requestModels": "request_models",
}
INTEGRATION_FIELDS = {
    "uri": "uri",
    "httpMethod": "http_method",
    "credentials": "credentials",
    "connectionType": "connection_type",
    "contentHandling": "content_handling",
    "passthroughBehavior": "passthrough_behaviour",
    "cacheNamespace": "cache_namespace",
    "timeoutInMillis": "timeout_in_millis",
    "requestTemplates": "request_templates",
    "requestParameters": "request_parameters",
}
INTEGRATION_RESPONSE_FIELDS = {
    "selectionPattern": "selection_pattern",
    "contentHandling": "content_handling",
    "responseTemplates": "response_templates",
    "responseParameters": "response_parameters",
}
_MAPS = frozenset({"requestTemplates", "requestParameters", "requestModels", "responseTemplates", "responseParameters"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request on an API: its path after /restapis/{id}/, its query and its JSON body."""

    rest_api: Moto
    path: tuple[str, ...]
    query: Mapping[str, list[str]]
    body: Mapping[str, Any]

    @property
    def operations(self) -> list[Mapping[str, Any]]:
        """The patch list."""
        return self.body.get("patchOperations") or []

    @property
    def method(self) -> Moto:
        """The method that /resources/{id}/methods/{verb} names."""
        resource = self.rest_api.resources.get(self.path[1])
        if resource is None:
            raise NotFoundError("Invalid Resource identifier specified")
        return resource.get_method(self.path[3])

    @property
    def integration(self) -> Moto:
        """The integration of that method."""
        integration = self.method.method_integration
        if integration is None:
            raise NotFoundError("Invalid Integration identifier specified")
        return integration

    def embeds(self, what: str) -> bool:
        """Whether the client asked for more in the answer."""
        return what in ",".join(self.query.get("embed", [])).lower().split(",")

    def page(self, items: list[dict[str, Any]]) -> Answer:
        """One page of a collection, by the request's limit and position (docs/aws.md#paging)."""
        start = int(self.query.get("position", ["0"])[0])
        limit = int(self.query.get("limit", ["0"])[0]) or DEFAULT_LIMIT
        end = start + min(limit, MAX_LIMIT)
        rest = {"position": str(end)} if end < len(items) else {}
        return answer(200, {"item": items[start:end], **rest})

    def patch(self, target: Moto, fields: Mapping[str, str]) -> Answer:
        """Patch an object of the definition; nothing of it changes if one operation is refused."""
        before = {name: getattr(target, attribute) for name, attribute in fields.items()}
        for name, value in patch_fields(before, self.operations, maps=_MAPS & fields.keys()).items():
            setattr(target, fields[name], _typed(name, value))
        return answer(200, target.to_json())


def parse_call(response: Moto) -> Call:
    """The request that moto's response object is about; refuses an API that does not exist."""
    _, _, api_id, *path = (unquote(part) for part in response.path.rstrip("/").split("/"))
    return Call(
        rest_api=response.backend.get_rest_api(api_id),
        path=tuple(path),
        query=parse_qs(response.parsed_url.query),
        body=json.loads(response.body or "{}"),
    )


def answer(status: int, body: Mapping[str, Any]) -> Answer:
    """An answer in moto's shape: it takes the status from the headers."""
    return status, {"status": status, "Content-Type": "application/json"}, json.dumps(body)


def refuse(status: int, code: str, message: str, *, retry_after: int | None = None) -> Answer:
    """A refusal in the shape of the service's protocol."""
    headers = {"Content-Type": "application/json", "X-Amzn-ErrorType": code}
    waiting = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return status, headers | waiting, json.dumps({"__type": code, "message": message})


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 (any field of a definition)
    """A patch's string as the type that the field has in JSON."""
    if name == "timeoutInMillis" and value is not None:
        return int(value)
    if name == "apiKeyRequired":
        return str(value).lower() == "true"
    return value
