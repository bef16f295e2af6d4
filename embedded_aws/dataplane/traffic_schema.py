"""The JSON schema of a traffic file. Each field's description says what to write, and errors quote it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PER_MINUTE = 600.0
MOST_PER_MINUTE = 60_000
MOST_HISTORY_HOURS = 24
_TEXTS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_RATE = {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_PER_MINUTE}
_ROUTE = {
    "type": "object",
    "required": ["route"],
    "additionalProperties": False,
    "description": "write a mapping with route, and share, path, query, headers and body where they are needed",
    "properties": {
        "route": {
            "type": "string",
            "pattern": "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\\S*$",
            "description": "write a method, a space and a path, such as GET /orders/{id}",
        },
        "share": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 1,
            "description": "write a number above 0: 3 is called three times as often as 1",
        },
        "path": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "minItems": 1,
                "items": {"type": ["string", "number"]},
                "description": "list the values, such as [17, 18]; each request takes one",
            },
            "description": "name parameters of the route, each with a list of values; another parameter gets a number",
        },
        "query": {**_TEXTS, "description": "name query parameters, each with one value"},
        "headers": {**_TEXTS, "description": "name headers, each with one value"},
        "body": {"description": "write the body: a text as it is sent, anything else is sent as JSON"},
    },
}
_INVOCATION = {
    "type": "object",
    "required": ["function"],
    "additionalProperties": False,
    "description": "write a mapping with function, and alias, requests_per_minute and event where they are needed",
    "properties": {
        "function": {"type": "string", "minLength": 1, "description": "write the function's name"},
        "alias": {"type": "string", "minLength": 1, "default": "live", "description": "write the alias that callers name"},
        "requests_per_minute": {
            **_RATE,
            "default": DEFAULT_PER_MINUTE,
            "description": f"write invocations per minute, above 0 and up to {MOST_PER_MINUTE}",
        },
        "event": {"default": {}, "description": "write the event that each invocation gets"},
    },
}
SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["routes"]}, {"required": ["invocations"]}, {"required": ["requests_per_minute"]}],
        "description": "write a mapping with routes, invocations or requests_per_minute",
        "properties": {
            "api": {
                "type": "string",
                "minLength": 1,
                "description": "write the API's name or id, or drop it for all APIs",
            },
            "stage": {
                "type": "string",
                "minLength": 1,
                "description": "write the stage's name, or drop it for all stages",
            },
            "requests_per_minute": {
                **_RATE,
                "default": DEFAULT_PER_MINUTE,
                "description": f"write requests per minute, above 0 and up to {MOST_PER_MINUTE}",
            },
            "history_hours": {
                "type": "number",
                "minimum": 0,
                "maximum": MOST_HISTORY_HOURS,
                "default": 0,
                "description": f"write hours from 0 to {MOST_HISTORY_HOURS}: so long is the past that a new stage gets at once",
            },
            "headers": {**_TEXTS, "description": "name headers that every request carries, such as x-api-key"},
            "routes": {
                "type": "array",
                "minItems": 1,
                "items": _ROUTE,
                "description": "list the routes; without it, they are taken from the definition",
            },
            "invocations": {
                "type": "array",
                "minItems": 1,
                "items": _INVOCATION,
                "description": "list functions that are invoked through an alias, for targets without a stage",
            },
        },
    }
)
