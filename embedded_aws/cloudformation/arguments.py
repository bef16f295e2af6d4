"""Turns a resource's properties into the arguments of an API call, using botocore's model of the call.

Decides only what is the same for every service: names that differ in case, numbers and booleans that a template writes as
text, and documents given as objects. A property that the call does not have is refused, so that none is silently dropped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def arguments(client: Any, operation: str, properties: Mapping[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:  # noqa: ANN401 - boto3's
    """The properties, except those named in ``without``, as arguments of the client's operation."""
    left_out = frozenset(without)
    kept = {name: value for name, value in properties.items() if name not in left_out}
    shape = client.meta.service_model.operation_model(operation).input_shape
    fitted: dict[str, Any] = _fit(kept, shape, operation)
    return fitted


def document(value: Any) -> str:  # noqa: ANN401 - JSON-like
    """A JSON document that a template may write as an object or as text."""
    return value if isinstance(value, str) else json.dumps(value)


def tag_map(properties: Mapping[str, Any]) -> dict[str, str]:
    """A resource's tags by key, as some services take them."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def tag_list(properties: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """A resource's tags as an argument, if it has any."""
    tags = properties.get("Tags")
    return {"Tags": [dict(tag) for tag in tags]} if tags else {}


def _fit(value: Any, shape: Any, path: str) -> Any:  # noqa: ANN401 - botocore's shapes, JSON-like values
    match shape.type_name:
        case "structure":
            return _fit_structure(value, shape, path)
        case "list":
            return [_fit(each, shape.member, path) for each in value]
        case "map":
            return {key: _fit(each, shape.value, path) for key, each in value.items()}
        case _:
            return _SCALARS.get(shape.type_name, _as_it_is)(value)


def _fit_structure(value: Mapping[str, Any], shape: Any, path: str) -> dict[str, Any]:  # noqa: ANN401 - as above
    members = {name.lower(): name for name in shape.members}
    unknown = sorted(name for name in value if name.lower() not in members)
    if unknown:
        raise NotBuiltError(f"{path} does not take {', '.join(unknown)}; handle it next to the call, or leave it out")
    named = {members[name.lower()]: each for name, each in value.items()}
    return {name: _fit(each, shape.members[name], f"{path}.{name}") for name, each in named.items()}


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, bool):
        return "true" if value else "false"
    return document(value) if isinstance(value, dict | list) else str(value)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - as above
    return value


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": lambda value: value if isinstance(value, bool) else str(value).lower() == "true",
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
    "string": _text,
}
