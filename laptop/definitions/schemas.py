"""Schemas of OpenAPI 3.0, 3.1 and Swagger 2.0 as plain schemas of draft 4: no references, no alternatives, of limited size.

Decides what of a schema a stand-in's answer, or a client's request, is made from. An example comes before everything else. A
schema that refers to itself ends where it does so, and what would make an answer very large is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from laptop.definitions.references import pointer_of, resolve

if TYPE_CHECKING:
    from laptop.definitions.documents import Json

DEEPEST = 5
MOST_PARTS = 120
"""Parts of one schema. An object of more keeps its required properties only."""
MOST_ITEMS = 5
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_LENGTHS = ("minLength", "maxLength")


@dataclass(frozen=True, slots=True)
class _At:
    """Where in a schema a part is: its name for errors, the references above it, and how many objects and lists are above."""

    where: str
    above: tuple[str, ...] = ()
    depth: int = 0

    def below(self, name: str) -> _At:
        return replace(self, where=f"{self.where}.{name}", depth=self.depth + 1)


class Schemas:
    """The schemas of one document, for answers or for requests."""

    def __init__(self, root: Json, *, is_answer: bool) -> None:
        self._root = root
        self._hidden = "writeOnly" if is_answer else "readOnly"
        self._left = 0

    def plain(self, schema: Any, where: str) -> Json:  # noqa: ANN401 - any JSON
        """The plain schema.

        Raises:
            DefinitionError: a reference in it leads nowhere; ``where`` names the schema.

        """
        self._left = MOST_PARTS
        return self._plain(schema, _At(where))

    def _plain(self, given: Any, at: _At) -> Json:  # noqa: ANN401 - any JSON
        self._left -= 1
        pointer = pointer_of(given)
        schema = resolve(self._root, given, at.where)
        if not isinstance(schema, dict):
            return {}
        if "example" in schema or (isinstance(schema.get("examples"), dict | list) and schema["examples"]):
            return {"example": schema["example"] if "example" in schema else _first(schema["examples"])}
        if "const" in schema or _listed(schema, "enum"):
            return {"enum": [schema["const"]] if "const" in schema else [*schema["enum"]]}
        if pointer and pointer in at.above:
            return {"type": _type(schema)}
        return self._of(schema, replace(at, above=(*at.above, pointer)) if pointer else at)

    def _of(self, schema: Json, at: _At) -> Json:
        parts = [*_listed(schema, "allOf")]
        for key in ("oneOf", "anyOf"):
            parts += [each for each in _listed(schema, key) if not _is_null(each)][:1]
        if at.depth > DEEPEST:
            return {"type": _type(schema)}
        own = self._own(schema, at)
        if not parts:
            return own
        made = [self._plain(each, at) for each in parts]
        whole = [*made, own] if own.keys() & {"properties", "items"} else made
        return whole[0] if len(whole) == 1 else {"allOf": whole}

    def _own(self, schema: Json, at: _At) -> Json:
        kind = _type(schema)
        if kind == "object":
            return {"type": "object", **self._properties(schema, at)}
        if kind == "array":
            least = schema.get("minItems", 0)
            bounds = {"minItems": least} if isinstance(least, int) and 0 < least <= MOST_ITEMS else {}
            return {"type": "array", "items": self._plain(schema.get("items") or {}, at.below("items")), **bounds}
        plain: Json = {"type": kind}
        if schema.get("default") is not None:
            plain["default"] = schema["default"]
        if kind == "string":
            plain |= {key: schema[key] for key in _LENGTHS if _is_number(schema.get(key))}
            plain |= {"format": schema["format"]} if isinstance(schema.get("format"), str) else {}
            plain |= {"pattern": schema["pattern"]} if _is_pattern(schema.get("pattern")) else {}
        if kind in {"integer", "number"}:
            plain |= _bounds(schema)
        return plain

    def _properties(self, schema: Json, at: _At) -> Json:
        known = schema.get("properties")
        required = {name for name in _listed(schema, "required") if isinstance(name, str)}
        made = {}
        for name, each in known.items() if isinstance(known, dict) else ():
            is_hidden = isinstance(each, dict) and each.get(self._hidden) is True
            if not is_hidden and (name in required or self._left > 0):
                made[name] = self._plain(each, at.below(name))
        kept = sorted(required & made.keys())
        return {**({"properties": made} if made else {}), **({"required": kept} if kept else {})}


def _type(schema: Json) -> str:
    """The one type of a schema; 3.1 may list several, of which null says only that the value may be missing."""
    named = schema.get("type")
    if isinstance(named, list):
        named = next((each for each in named if each != "null"), None)
    if isinstance(named, str) and named in {"object", "array", "string", "integer", "number", "boolean"}:
        return named
    if named == "file":  # Swagger 2.0
        return "string"
    if "items" in schema:
        return "array"
    if schema.keys() & {"pattern", "minLength", "maxLength", "format"}:
        return "string"
    return "object"


def _is_null(schema: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(schema, dict) and schema.get("type") == "null"


def _listed(schema: Json, key: str) -> list[Any]:
    found = schema.get(key)
    return found if isinstance(found, list) else []


def _first(examples: Any) -> Any:  # noqa: ANN401 - any JSON
    """The first of several examples: a list in a schema, a mapping beside one."""
    if not isinstance(examples, dict):
        return examples[0]
    one = next(iter(examples.values()))
    return one["value"] if isinstance(one, dict) and "value" in one else one


def _bounds(schema: Json) -> Json:
    """A number's bounds as draft 4 writes them: 3.1 has the exclusive bound as a number of its own."""
    found: Json = {key: schema[key] for key in _BOUNDS if _is_number(schema.get(key))}
    if _is_number(schema.get("multipleOf")) and schema["multipleOf"] > 0:
        found["multipleOf"] = schema["multipleOf"]
    for key, exclusive in _BOUNDS.items():
        bound = schema.get(exclusive)
        if bound is True and key in found:
            found[exclusive] = True
        elif _is_number(bound):
            found |= {key: bound, exclusive: True}
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pattern(pattern: object) -> bool:
    """Whether it is a regular expression that Python reads too."""
    try:
        re.compile(pattern if isinstance(pattern, str) else "(")
    except re.error:
        return False
    return True
