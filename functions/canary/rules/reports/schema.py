"""JSON schemas from types, and the one of the report's document: made from what it is made of, so the two cannot disagree.

The record, the history and the looks are described as objects only: `canary.rules.reports.document` reads them back.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, Union, get_args, get_origin, get_type_hints

from canary.rules.reports.document import VERSION
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.rollouts.schema_version import SCHEMA_VERSION

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALARS: Mapping[Any, str] = MappingProxyType({str: "string", int: "integer", float: "number", bool: "boolean"})


def document_schema() -> dict[str, Any]:
    """The schema of the whole document."""
    known: dict[str, Any] = {}
    report = schema_of_type(EvidenceReport, known)
    anything = {"type": "object"}
    properties = {
        "version": {"const": VERSION, "description": "Of this document."},
        "report": report,
        "record_schema": {"const": SCHEMA_VERSION, "description": "Of the record."},
        "record": {**anything, "description": "The rollout's record."},
        "history": {"type": ["object", "null"], "description": "Base's frozen history; null before there is one."},
        "looks": {"type": "array", "items": anything, "description": "Every look with its verdict and the minutes it folded."},
    }
    return {
        "$schema": DIALECT,
        "description": "The evidence report of one rollout, with all that it was computed from. Instants are epoch seconds.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": known,
    }


def schema_of_type(kind: Any, known: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a type, or what typing makes of one
    """The schema of a type; dataclasses go to `known`, under their names."""
    origin, given = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [schema_of_type(one, known) for one in given if one is not type(None)] + [{"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": schema_of_type(given[0], known)}
    if origin is Mapping:
        values = {} if given[1] is Any else {"additionalProperties": schema_of_type(given[1], known)}
        return {"type": "object", **values}
    if isinstance(kind, type) and is_dataclass(kind):
        return _of_dataclass(kind, known)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [one.value for one in kind]}
    return {"type": SCALARS[kind]}


def _of_dataclass(kind: Any, known: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    name = kind.__name__
    if name not in known:
        known[name] = {}  # before its fields, which may name it again
        hints = get_type_hints(kind)
        properties = {field.name: schema_of_type(hints[field.name], known) for field in fields(kind)}
        known[name] = {
            "description": " ".join(kind.__doc__.split()),
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}
