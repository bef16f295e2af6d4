"""The rules' values as JSON and back, exactly: how a record is kept.

Knows frozen dataclasses, tuples, mappings with string keys, enums, decimals (as strings) and JSON's own types.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    """The value as JSON-friendly dictionaries, lists and scalars."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def decode(kind: type[T], data: Any) -> T:  # noqa: ANN401
    """A value of `kind` from what `encode` made of it.

    Raises:
        TypeError, KeyError, ValueError, ArithmeticError: the data is no such value; a record is written by this code only.

    """
    value: T = _decode(kind, data)
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    return get_type_hints(kind)


def _decode(kind: Any, data: Any) -> Any:  # noqa: ANN401
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return None if data is None else _decode(next(k for k in get_args(kind) if k is not type(None)), data)
    if origin is tuple:
        return tuple(_decode(get_args(kind)[0], item) for item in data)
    if origin is Mapping:
        return {key: _decode(get_args(kind)[1], item) for key, item in data.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: _decode(_hints(kind)[name], item) for name, item in data.items()})
    if isinstance(kind, type) and issubclass(kind, enum.Enum | Decimal):
        return kind(data)
    return data
