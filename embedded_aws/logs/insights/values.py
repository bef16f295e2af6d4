"""The values of fields: what a log event holds under a name, and how values are compared and shown.

Decides which fields Logs Insights discovers in an event (docs/aws.md#insights-fields): its own, which begin with an `@`, and
those of a JSON object by their dotted names. Whatever the documentation leaves open about values is refused as not built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from embedded_aws.logs.lines import Line

Value = str | int | float | None
"""None is absent: an event without the field."""

LAMBDA = "/aws/lambda/"
_MOST_FIELDS = 200
_DECODE = json.JSONDecoder().raw_decode


class Row(Protocol):
    """Something with fields."""

    def get(self, name: str) -> Value:
        """The value of a field; None if it has none."""


class EventRow:
    """A log event with its discovered fields and those that the query has added."""

    __slots__ = ("_account", "_added", "_event", "_group", "_line")

    def __init__(self, account: str, group: str, line: Line) -> None:
        self._account = account
        self._group = group
        self._line = line
        self._added: dict[str, Value] = {}
        self._event: Mapping[str, Any] | None = None

    @property
    def at(self) -> int:
        """When it was logged, in milliseconds."""
        return self._line.at

    def add(self, fields: Mapping[str, Value]) -> EventRow:
        """Give it more fields."""
        self._added.update(fields)
        return self

    def get(self, name: str) -> Value:
        """The value of a field; None if it has none."""
        if name in self._added:
            return self._added[name]
        return self._own(name) if name.startswith("@") else self._find(name)

    def _own(self, name: str) -> Value:
        """A field that Logs Insights generates."""
        match name:
            case "@message":
                return self._line.text
            case "@timestamp" | "@ingestionTime":
                return moment(self._line.at if name == "@timestamp" else self._line.arrived)
            case "@logStream":
                return self._line.stream
            case "@log":
                return f"{self._account}:{self._group}"
            case "@ptr":
                return f"{self._group}/{self._line.number}"
            case _:
                raise NotBuiltError(f"the discovered field {name} is not built")

    def _find(self, name: str) -> Value:
        if self._event is None:
            self._event = _object_in(self._line.text, is_lambda=self._group.startswith(LAMBDA))
        found: Any = self._event
        for part in name.split("."):
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                return None
        if isinstance(found, bool):
            raise NotBuiltError(f"how Logs Insights shows the JSON boolean in {name} is not recorded")
        return None if isinstance(found, Mapping | list) else found


def _object_in(text: str, *, is_lambda: bool) -> Mapping[str, Any]:
    """The JSON object that is the event; in a log of Lambda the first one in its text."""
    start = text.find("{") if is_lambda else 0
    if start < 0 or not text.startswith("{", start):
        return {}
    try:
        event, _ = _DECODE(text, start)
    except ValueError:
        return {}
    if len(event) > _MOST_FIELDS:
        raise NotBuiltError(f"an event with more than {_MOST_FIELDS} fields is not built: AWS discovers only so many")
    return dict(event)


class StatsRow(dict[str, Value]):
    """A row that `stats` made."""

    __slots__ = ()


def moment(at: int) -> str:
    """A time in milliseconds as Logs Insights shows it."""
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def number(value: Value) -> float | None:
    """The value as a number; None if it is none."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def shown(value: Value) -> str | None:
    """The value as a result shows it; None for an absent one, which a result leaves out."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def order(values: list[Value]) -> list[Value]:
    """Values in their order: as numbers if all are numbers, else as text."""
    if all(isinstance(value, int | float) for value in values):
        return sorted(values, key=lambda value: float(value or 0))
    if all(isinstance(value, str) for value in values):
        return sorted(values, key=str)
    raise NotBuiltError("the order of numbers among texts is not recorded")
