"""JSON schemas of Python types, as `canary_cli.output` writes their values.

An object may have more keys than its schema names: a newer version of the command adds some, and programs ignore what they do
not know.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from canary_cli.output import INSTANTS

Json = dict[str, Any]
PLAIN: dict[object, str] = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


class Optional:
    """Marks a key that an object may lack."""

    def __init__(self, shape: object) -> None:
        self.shape = shape


class Shapes:
    """Makes schemas, and collects those of the named classes for ``$defs``."""

    def __init__(self) -> None:
        self.defs: dict[str, Json] = {}
        self._owners: dict[str, type] = {}

    def schema(self, shape: object, name: str = "") -> Json:
        """The schema of a type, of a fixed word, or of an object that a dict of types describes. ``name``: the key it is under.

        Raises:
            TypeError: no answer has such a type.

        """
        if isinstance(shape, dict):
            return self._object(shape)
        if isinstance(shape, str):
            return {"const": shape}
        if shape is None or isinstance(shape, type):
            return self._class(shape or NoneType, name)
        return self._composed(shape, name)

    def _class(self, shape: type, name: str) -> Json:
        if shape in {int, float} and name.endswith(INSTANTS):
            return {"type": "string", "format": "date-time"}
        if shape in PLAIN:
            return {"type": PLAIN[shape]}
        if issubclass(shape, enum.Enum):
            return {"enum": [member.value for member in shape]}
        if is_dataclass(shape):
            return self._named(shape)
        raise _unknown(shape)

    def _composed(self, shape: object, name: str) -> Json:
        origin, inner = get_origin(shape), get_args(shape)
        if isinstance(shape, UnionType):
            return {"anyOf": [self.schema(one, name) for one in inner]}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.schema(inner[1])}
        if origin is tuple and inner[-1] is Ellipsis:
            return {"type": "array", "items": self.schema(inner[0], name)}
        raise _unknown(shape)

    def _named(self, shape: type) -> Json:
        name = shape.__name__
        if self._owners.setdefault(name, shape) is not shape:
            raise TypeError(f"an answer has two classes named {name}; rename one")
        if name not in self.defs:
            self.defs[name] = {}  # a class may contain itself
            self.defs[name] = self._object(get_type_hints(shape))
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, keys: Mapping[str, object]) -> Json:
        found = {name: one.shape if isinstance(one, Optional) else one for name, one in keys.items()}
        return {
            "type": "object",
            "properties": {name: self.schema(one, name) for name, one in found.items()},
            "required": [name for name, one in keys.items() if not isinstance(one, Optional)],
        }


def _unknown(shape: object) -> TypeError:
    return TypeError(f"no JSON is known for {shape}; add it to canary_cli.schemas.shapes")
