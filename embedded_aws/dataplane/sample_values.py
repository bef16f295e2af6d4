"""Values that fit a JSON schema: the bodies of sample requests, and whatever else has only a schema to go by.

Decides one value per schema, always the same. What a schema demands beyond its types is tried from a few candidates, and the
result is checked: a schema that none of them fits raises, instead of giving a value that a validator would refuse.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # it has no stubs of its own
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # as above
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST = 4
"""Optional properties and items below this level are left out, so that a schema may refer to itself."""
TOO_DEEP = 40
_FORMATS = {
    "date": "2026-01-05",
    "date-time": "2026-01-05T12:00:00Z",
    "email": "sample@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/sample",
    "uuid": "6f1c0b52-0f4f-4c2e-9f5a-3d8f7c2b1a90",
}
_PATTERNED = ("sample", "Sample", "SAMPLE", "1", "12", "123", "1234", "12345", "123456", "A1", "AB", "ABC", "EUR", "EN", "en")
_JOINED = ("12-34", "1.0", "1.0.0", "+123456789012", "12345678901", "1234567890", "ABC-123", "abc_123", "#ffffff", "/sample")
_Json = Any


class SampleError(Exception):
    """No value was found that fits the schema; the text says which part of it."""


def sample(schema: Mapping[str, Any], models: Mapping[str, Any] | None = None, *, is_checked: bool = True) -> Any:  # noqa: ANN401 - any JSON
    """A value that fits ``schema`` (draft 4); ``models`` are the schemas that it may refer to, by address.

    Unless ``is_checked``, the value may not fit, as when two parts of the schema contradict each other.

    Raises:
        SampleError: a reference leads nowhere, or the schema demands itself without an end; or none of the values tried fits.
    """
    registry = Registry().with_resources((address, DRAFT4.create_resource(each)) for address, each in (models or {}).items())
    resolver = registry.resolver_with_root(DRAFT4.create_resource(schema))
    try:
        made = _Sampler().value(schema, resolver, "", 0)
    except Unresolvable as error:
        raise SampleError(f"{error.ref} refers to no schema that is known") from error
    if not is_checked:
        return made
    refused = best_match(Draft4Validator(schema, registry=registry).iter_errors(made))
    if refused is not None:
        raise SampleError(f"{refused.json_path}: no sample value fits its schema ({refused.message})")
    return made


class _Sampler:
    def value(self, schema: _Json, resolver: _Json, place: str, depth: int) -> _Json:
        """A value for the part of the schema at ``place``."""
        if not isinstance(schema, dict):
            return {}
        if depth > TOO_DEEP:
            raise SampleError(f"{place or 'the schema'}: it demands itself without an end")
        if "$ref" in schema:
            found = resolver.lookup(schema["$ref"])
            return self.value(found.contents, found.resolver, place, depth + 1)
        given = (schema[key] for key in ("example", "default", "const") if key in schema and _fits(schema, schema[key]))
        for each in (*given, *(schema.get("enum") or ())):
            return each
        if "allOf" in schema:
            return self._all_of(schema, resolver, place, depth)
        if key := next((key for key in ("oneOf", "anyOf") if schema.get(key)), None):
            return self.value(_joined(schema, schema[key][0], without=key), resolver, place, depth + 1)
        return self._of_type(schema, resolver, place, depth)

    def _all_of(self, schema: _Json, resolver: _Json, place: str, depth: int) -> _Json:
        """The parts' values together; parts that are no objects follow the last one."""
        own = {key: each for key, each in schema.items() if key != "allOf"}
        parts = [*schema["allOf"], *([own] if own.keys() & {"type", "properties", "required"} else [])]
        made = [self.value(part, resolver, place, depth + 1) for part in parts]
        if all(isinstance(each, dict) for each in made):
            return {key: each for part in made for key, each in part.items()}
        return made[-1]

    def _of_type(self, schema: _Json, resolver: _Json, place: str, depth: int) -> _Json:
        match _type_of(schema):
            case "object":
                return self._object(schema, resolver, place, depth)
            case "array":
                return self._array(schema, resolver, place, depth)
            case "string":
                return next((text for text in _texts(schema) if _fits(schema, text)), "sample")
            case "integer" | "number":
                return next((number for number in _numbers(schema) if _fits(schema, number)), 1)
            case "boolean":
                return True
            case _:
                return None

    def _object(self, schema: _Json, resolver: _Json, place: str, depth: int) -> _Json:
        required = schema.get("required") if isinstance(schema.get("required"), list) else []
        known = schema.get("properties", {})
        wanted = [name for name in known if name in required or (depth < DEEPEST and not known[name].get("readOnly"))]
        made = {name: self.value(known[name], resolver, f"{place}.{name}", depth + 1) for name in wanted}
        return {**{name: "sample" for name in required if name not in known}, **made}

    def _array(self, schema: _Json, resolver: _Json, place: str, depth: int) -> _Json:
        items = schema.get("items", {})
        if isinstance(items, list):
            return [self.value(each, resolver, f"{place}[{index}]", depth + 1) for index, each in enumerate(items)]
        least = int(schema.get("minItems", 0))
        count = max(least, 1) if depth < DEEPEST and schema.get("maxItems", 1) > 0 else least
        made = [self.value(items, resolver, f"{place}[]", depth + 1) for _ in range(count)]
        if schema.get("uniqueItems") and count > 1:
            return _made_unique(made, items)
        return made


def _type_of(schema: _Json) -> str:
    """The type that the schema names, or that its other keys imply; an empty schema is an object."""
    named = schema.get("type")
    if isinstance(named, list):
        named = next((each for each in named if each != "null"), "null")
    if named:
        return str(named)
    if "items" in schema:
        return "array"
    if schema.keys() & {"pattern", "format", "minLength", "maxLength"}:
        return "string"
    return "number" if schema.keys() & {"minimum", "maximum", "multipleOf"} else "object"


def _joined(schema: _Json, part: _Json, *, without: str) -> _Json:
    """One alternative, with what the schema demands of all of them."""
    rest = {key: each for key, each in schema.items() if key != without}
    return part if not rest.keys() & {"type", "properties", "required"} else {"allOf": [rest, part]}


def _texts(schema: _Json) -> Iterator[str]:
    yield from (_FORMATS[schema["format"]],) if schema.get("format") in _FORMATS else ()
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 0))
    candidates = (*_PATTERNED, *_JOINED)
    yield from candidates if "pattern" in schema else _PATTERNED
    for length in {each for each in (least, most) if each}:
        yield from ((text * math.ceil(length / len(text)))[:length] for text in candidates)


def _numbers(schema: _Json) -> Iterator[float]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    yield 1
    if step:
        yield math.ceil((least or 0) / step) * step
        yield (math.floor((least or 0) / step) + 1) * step
    if least is not None:
        yield from (least, math.floor(least) + 1)
    if most is not None:
        yield from (most, math.ceil(most) - 1)
    if least is not None and most is not None and schema.get("type") != "integer":
        yield (least + most) / 2
    yield 0


def _fits(schema: _Json, value: _Json) -> bool:
    """Whether the value fits the schema's own demands; what it refers to is checked at the end."""
    own = {key: each for key, each in schema.items() if key not in {"properties", "items", "allOf", "anyOf", "oneOf", "$ref"}}
    return bool(Draft4Validator(own).is_valid(value))


def _made_unique(made: list[_Json], items: _Json) -> list[_Json]:
    options = items.get("enum") if isinstance(items, dict) else None
    if options:
        return list(options[: len(made)])
    if all(isinstance(each, str) for each in made):
        return [f"{each}{index or ''}" for index, each in enumerate(made)]
    if all(isinstance(each, int) for each in made):
        return [each + index for index, each in enumerate(made)]
    return made
