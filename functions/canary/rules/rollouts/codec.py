"""The rules' values as JSON and back, without loss: the format of a record.

Supports frozen dataclasses, tuples, mappings with string keys, enums, decimals (as strings) and JSON's own types.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PLAIN = {str, int, float, bool, type(None)}


def encode(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    """The value as JSON-friendly dictionaries, lists and scalars."""
    if type(value) in _PLAIN:
        return value
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value.value if isinstance(value, enum.Enum) else str(value)


def decode(kind: type[T], data: Any) -> T:  # noqa: ANN401
    """A value of `kind` from what `encode` made of it.

    Raises:
        TypeError, KeyError, ValueError, ArithmeticError: the data is not such a value, so this code did not write it.

    """
    anything: Any = kind
    value: T = _decoder(anything)(data)
    return value


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    """The function that decodes a `kind`. Each task reads a record several times, so its types are inspected only once."""
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        inner = _decoder(next(k for k in get_args(kind) if k is not type(None)))
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        member = _decoder(get_args(kind)[0])
        return lambda data: tuple(member(item) for item in data)
    if origin is Mapping:
        item_of = _decoder(get_args(kind)[1])
        return lambda data: {key: item_of(item) for key, item in data.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        parts = {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}
        return lambda data: kind(**{name: parts[name](item) for name, item in data.items()})
    return kind if isinstance(kind, type) and issubclass(kind, enum.Enum | Decimal) else _as_it_is


def _as_it_is(data: Any) -> Any:  # noqa: ANN401
    return data
