"""EventBridge patterns: which ones PutRule accepts, and the messages with which it refuses the others.

Decides about the pattern alone (docs/aws.md#event-patterns). moto decides which events match it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

LIMIT = 2_048
"""Most characters of a pattern, unless the account has a higher quota."""
LONGEST = 4_096
"""Most characters that the service's model accepts at all."""

_TEXT = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_INSIDE_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_COMPARISONS = ("=", "<", "<=", ">", ">=")
_RANGE = 4
"""The length of a numeric range: two comparisons and their values."""


class EventPatternError(ValueError):
    """EventBridge refuses this pattern; the text is its reason."""


def check_pattern(text: str) -> None:
    """Refuse an invalid event pattern.

    Raises:
        EventPatternError: with EventBridge's reason.
    """
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise EventPatternError(f"Invalid JSON: {error}") from error
    if not isinstance(pattern, Mapping):
        raise EventPatternError("Filter is not an object")
    _check_object(pattern)


def _check_object(pattern: Mapping[str, Any]) -> None:
    for name, value in pattern.items():
        if isinstance(value, Mapping):
            _check_object(value)
        elif not isinstance(value, list):
            raise EventPatternError(f'"{name}" must be an object or an array')
        elif not value:
            raise EventPatternError("Empty arrays are not allowed")
        elif name == "$or" and all(isinstance(one, Mapping) for one in value):
            for one in value:
                _check_object(one)
        else:
            _check_values(value)


def _check_values(values: list[Any]) -> None:
    for value in values:
        if isinstance(value, list):
            raise EventPatternError("Match value must be String, number, true, false, or null")
        if isinstance(value, Mapping):
            _check_match(value)


def _check_match(match: Mapping[str, Any]) -> None:
    """One content filter, such as ``{"prefix": "a"}``."""
    if len(match) != 1:
        raise EventPatternError("Only one key allowed in match expression")
    (kind, value), *_ = match.items()
    if kind in _TEXT:
        _check_text(kind, value)
    elif kind == "exists":
        if not isinstance(value, bool):
            raise EventPatternError("exists match pattern must be either true or false.")
    elif kind == "numeric":
        _check_numeric(value)
    elif kind == "anything-but":
        _check_anything_but(value)
    elif kind == "cidr":
        _check_network(value)
    else:
        raise EventPatternError(f"Unrecognized match type {kind}")


def _check_text(kind: str, value: object) -> None:
    if isinstance(value, Mapping) and kind in ("prefix", "suffix") and list(value) == ["equals-ignore-case"]:
        value = value["equals-ignore-case"]
    if not isinstance(value, str):
        raise EventPatternError(f"{kind} match pattern must be a string")
    if kind == "wildcard" and "**" in value:
        raise EventPatternError(f"Consecutive wildcard characters at pos {value.index('**') + 1}")


def _check_numeric(value: object) -> None:
    if not isinstance(value, list):
        raise EventPatternError("Value of numeric must be an array.")
    if len(value) > _RANGE:
        raise EventPatternError("Too many elements in numeric expression")
    for sign, number in zip(value[::2], [*value[1::2], None], strict=False):
        if sign not in _COMPARISONS:
            raise EventPatternError(f"Unrecognized numeric range operator: {sign}")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise EventPatternError(f"Value of {sign} must be numeric")
    if len(value) == _RANGE and (value[0] not in (">", ">=") or value[2] not in ("<", "<=")):
        raise EventPatternError(f"Bad numeric range operator: {value[2] if value[0] in ('>', '>=') else value[0]}")


def _check_anything_but(value: object) -> None:
    if isinstance(value, Mapping):
        _check_inside_anything_but(value)
    elif isinstance(value, list):
        if not value:
            raise EventPatternError("Empty arrays are not allowed")
        if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in value):
            raise EventPatternError("Inside anything but list, start|null|boolean is not supported.")
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        raise EventPatternError("Value of anything-but must be an array or single string/number value.")


def _check_inside_anything_but(match: Mapping[str, Any]) -> None:
    kind = next(iter(match), "")
    if len(match) != 1 or kind not in _INSIDE_ANYTHING_BUT:
        raise EventPatternError(f"Unsupported anything-but pattern: {kind}")
    value = match[kind]
    texts = value if isinstance(value, list) else [value]
    named = "prefix/suffix" if kind in ("prefix", "suffix") else kind
    if isinstance(value, Mapping):
        raise EventPatternError("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(one, str) for one in texts):
        if kind == "equals-ignore-case":
            raise EventPatternError("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
        raise EventPatternError(f"{named} match pattern must be a string")
    if named == "prefix/suffix" and "" in texts:
        raise EventPatternError("Null prefix/suffix not allowed")


def _check_network(value: object) -> None:
    if not isinstance(value, str):
        raise EventPatternError("prefix match pattern must be a string")
    address, found, bits = value.partition("/")
    if not found or "/" in bits:
        raise EventPatternError("Malformed CIDR, one '/' required")
    if not bits.isdecimal():
        raise EventPatternError("Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise EventPatternError(f"Nonstandard IP address: {address}") from error
