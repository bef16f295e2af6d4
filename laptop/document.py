"""The API's document for the import into API Gateway: each method with its integration, and nothing else of the definition.

The integrations call the alias that the stage's variable names, so that the two arms call two versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.functions import integration_uri
from laptop.definitions.integrations import INTEGRATION
from laptop.definitions.openapi import ANY_METHOD
from laptop.definitions.operations import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedded_aws.wire.connection import Place
    from laptop.definitions.operations import Operation
    from laptop.functions import Function

VARIABLE = "lambdaAlias"


def document_of(title: str, functions: Iterable[Function], outside: Iterable[Operation], place: Place) -> dict[str, Any]:
    """An OpenAPI 3.0 document; ``outside`` are the methods that no function answers."""
    paths: dict[str, dict[str, Any]] = {}
    for function in functions:
        for one in function.operations:
            paths.setdefault(one.resource, {})[_key(one)] = _operation("200", _proxy(place, function.name))
    for one in outside:
        status = str(one.answer.status)
        paths.setdefault(one.resource, {})[_key(one)] = _operation(status, _mock(status))
    return {"openapi": "3.0.1", "info": {"title": title, "version": "1"}, "paths": paths}


def _key(operation: Operation) -> str:
    return ANY_METHOD if operation.method == ANY else operation.method.lower()


def _operation(status: str, integration: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {status: {"description": "success"}}, INTEGRATION: integration}


def _proxy(place: Place, function: str) -> dict[str, Any]:
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": integration_uri(place, function, VARIABLE)}


def _mock(status: str) -> dict[str, Any]:
    return {
        "type": "mock",
        "requestTemplates": {"application/json": f'{{"statusCode": {status}}}'},
        "responses": {"default": {"statusCode": status}},
    }
