"""What an `x-amazon-apigateway-integration` calls: a function, something outside, or a mock.

Decides by the integration's type and address alone. The address may be text, or one of CloudFormation's functions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from laptop.definitions.operations import Called

INTEGRATION = "x-amazon-apigateway-integration"
_LOGICAL = re.compile(r"\$\{(\w+?)(?:\.Arn|Arn|\.Alias)?\}")
_LAMBDA = (":lambda:path", "/functions/", ":function:")


@dataclass(frozen=True, slots=True)
class Integration:
    """What a method calls, the function's name if it is one, and whether the request is passed on as it is."""

    called: Called
    function: str | None = None
    is_proxy: bool = True


def read_integration(given: Any) -> Integration:  # noqa: ANN401 - any JSON
    """The integration in an operation's extension, None if it has none."""
    if not isinstance(given, dict):
        return Integration(Called.NOTHING)
    kind = str(given.get("type", "")).lower()
    if kind == "mock":
        return Integration(Called.MOCK)
    address = json.dumps(given.get("uri", ""))
    if kind == "aws_proxy" or (kind == "aws" and any(mark in address for mark in _LAMBDA)):
        return Integration(Called.FUNCTION, function_of(given.get("uri")), is_proxy=kind == "aws_proxy")
    return Integration(Called.OUTSIDE)


def function_of(address: Any) -> str | None:  # noqa: ANN401 - any JSON
    """The name, or else the logical id, of the function in an integration's address."""
    text = address if isinstance(address, str) else json.dumps(address)
    tail = text.partition("/functions/")[2] or text
    if found := re.search(r"function:([A-Za-z0-9_-]+)", tail):
        return found[1]
    if found := _LOGICAL.search(tail):
        return found[1]
    found = re.search(r'"Fn::GetAtt": \["(\w+)', text)
    return found[1] if found else None
