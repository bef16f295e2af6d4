"""Whether a stage's export says exactly the same as the API's resources.

The controller reads base's definition from the export and the API's present definition from the resources, and compares them.
What no method uses does not count, because an export may leave it out (docs/aws.md#export-unused-parts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from canary.aws.definitions import DefinitionReader
from canary.rules.definitions.fingerprint import serve_alike
from verify.questions.patch_question import PatchQuestion
from verify.scratch.answer import Answer
from verify.scratch.documents import INTEGRATION, JSON_TYPE, merge, mock
from verify.scratch.patches import DEPLOYMENT, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from verify.account.aws import Aws
    from verify.scratch.documents import Json
    from verify.scratch.scratch import Scratch

EXACTLY, WITH_DIFFERENCES = "exactly", "with-differences"
PATH = "/typed/{id}"
VALIDATOR = "typed"
MOST = 10
"""The maximum number of differences in the evidence."""
TEXT = {"schema": {"type": "string"}}
ITEM = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
REFERENCE = {"$ref": "#/components/schemas/Item"}


class ExportMatchesResources(PatchQuestion):
    """Read a method with everything that a method may have, in both ways."""

    slug = "export-matches-resources"
    how = "give the API a method with parameters, models, a validator and an integration, deploy it, and read both"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        merge(scratch, PATH, _method(), **_parts())
        deployment = scratch.create_deployment("read in both ways")
        reader = DefinitionReader(_Client(scratch.aws), scratch.rest_api_id)
        with scratch.stage() as stage:
            stage.patch(replace(DEPLOYMENT, deployment))
            present, served = reader.read_present(), reader.read_stage(stage.name)
        found = [] if serve_alike(present, served) else list(differences(present, served))
        named = tuple(f"{where}: {one!r} in the resources, {other!r} in the export" for where, one, other in found[:MOST])
        more = (f"{len(found) - MOST} more",) if len(found) > MOST else ()
        read = f"{len(present.methods)} methods, {len(present.models)} models, {len(present.validators)} validators"
        return Answer(WITH_DIFFERENCES if found else EXACTLY, (read, *named, *more))


def differences(one: object, other: object, where: str = "") -> Iterator[tuple[str, object, object]]:
    """The places where two values differ, by field and key, with both values."""
    parts, others = _parts_of(one), _parts_of(other)
    if parts is None or others is None or type(one) is not type(other):
        if one != other:
            yield where, one, other
        return
    for name in dict.fromkeys((*parts, *others)):
        yield from differences(parts.get(name), others.get(name), f"{where}.{name}" if where else name)


def _parts_of(value: object) -> dict[str, object] | None:
    """The parts of a value by name; None if it has no parts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items()}
    if isinstance(value, tuple):
        return {str(number): part for number, part in enumerate(value)}
    return None


def _method() -> Json:
    """Every part of it is one that an export writes differently from the resources."""
    integration = {
        **mock('{"id": "$input.params(\'id\')"}'),
        "timeoutInMillis": 5000,
        "passthroughBehavior": "never",
        "requestParameters": {"integration.request.header.X-Id": "method.request.path.id"},
    }
    return {
        "operationId": "ReadTyped",
        "parameters": [
            {"name": "id", "in": "path", "required": True, **TEXT},
            {"name": "page", "in": "query", **TEXT},
            {"name": "X-Trace", "in": "header", "required": True, **TEXT},
        ],
        "responses": {
            "200": {
                "description": "fine",
                "headers": {"X-Id": TEXT},
                "content": {JSON_TYPE: {"schema": REFERENCE}},
            }
        },
        "x-amazon-apigateway-request-validator": VALIDATOR,
        INTEGRATION: integration,
    }


def _parts() -> dict[str, Json]:
    flags = {"validateRequestBody": True, "validateRequestParameters": True}
    return {
        "components": {"schemas": {"Item": ITEM}},
        "x-amazon-apigateway-request-validators": {VALIDATOR: flags},
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {"responseTemplates": {JSON_TYPE: '{"said": $context.error.messageString}'}}
        },
    }


class _Client:
    """An API Gateway client for the controller's reader that waits while calls are throttled."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        return partial(self._aws.call, "apigateway", operation)

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(self._aws, operation)


class _Paginator:
    """The pages of one listing, combined."""

    def __init__(self, aws: Aws, operation: str) -> None:
        self._aws = aws
        self._operation = operation

    def paginate(self, *, PaginationConfig: object, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401, N803 - boto3's
        del PaginationConfig
        return [{"items": list(self._aws.pages("apigateway", self._operation, "items", limit=500, **asked))}]
