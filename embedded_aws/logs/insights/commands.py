"""The commands of a query, each of which makes rows of rows: fields, parse, filter, stats, sort, limit and display.

Decides which rows and columns come out (docs/aws.md#insights-language). Other commands are refused as not built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.logs.insights.aggregates import Aggregate, parse_aggregate
from embedded_aws.logs.insights.expressions import Expressions
from embedded_aws.logs.insights.tokens import Reader, compile_regex, malformed
from embedded_aws.logs.insights.values import EventRow, Row, StatsRow, Value, number, shown
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedded_aws.logs.insights.expressions import Expression
    from embedded_aws.wire.unknowns import Unknowns

    Rows = list[EventRow | StatsRow]

MOST_STATS = 2
MOST_ROWS = 10_000
_DEFAULT = ("@timestamp", "@message")
_OTHERS = frozenset({"anomaly", "dedup", "diff", "filterindex", "join", "lookup", "pattern", "source", "unmask", "unnest"})


@dataclass
class Query:
    """A parsed query. ``steps`` are run in order; ``columns`` are shown, and ``matched`` is set by a run."""

    steps: list[Callable[[Rows], Rows]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    stats: int = 0
    limit: int = MOST_ROWS
    is_sorted: bool = False
    is_limited: bool = False
    filters: int = 0

    def run(self, events: list[EventRow]) -> tuple[list[list[dict[str, str]]], int]:
        """The rows of the result, and how many events matched the filters."""
        rows: Rows = [*events]
        matched = len(events)
        for step in self.steps:
            was_events = not rows or isinstance(rows[0], EventRow)
            rows = step(rows)
            if was_events and (not rows or isinstance(rows[0], EventRow)):
                matched = len(rows)
        columns = self.columns or [*_DEFAULT]
        return [self._show(row, columns) for row in rows[: self.limit]], matched

    def _show(self, row: Row, columns: Sequence[str]) -> list[dict[str, str]]:
        """The columns of a row that have a value; a log event also has its pointer."""
        names = [*columns, "@ptr"] if isinstance(row, EventRow) else columns
        texts = ((name, shown(row.get(name))) for name in names)
        return [{"field": name, "value": text} for name, text in texts if text is not None]


def parse_query(text: str, unknowns: Unknowns) -> Query:
    """The query in a text.

    Raises:
        RefusalError: it is malformed.
        NotBuiltError: AWS could run it.

    """
    reader = Reader(text)
    query = Query()
    parser = _Parser(reader, Expressions(reader, unknowns), query)
    parser.command()
    while reader.takes("|"):
        parser.command()
    if reader.next.kind != "end":
        raise malformed(f"unexpected symbol found {reader.next.text!r}")
    if not query.is_sorted and not query.stats:
        query.steps.append(_newest_first)
    return query


class _Parser:
    """Reads commands into a query."""

    def __init__(self, reader: Reader, expressions: Expressions, query: Query) -> None:
        self._reader = reader
        self._expressions = expressions
        self._query = query

    def command(self) -> None:
        name = self._reader.name().lower()
        match name:
            case "fields":
                self._fields()
            case "display":
                self._query.columns = [name for name, _ in self._named()]
            case "parse":
                self._parse()
            case "filter":
                condition = self._expressions.condition()
                self._query.steps.append(lambda rows: [row for row in rows if condition(row)])
            case "stats":
                self._stats()
            case "sort":
                self._sort()
            case "limit":
                self._limit()
            case _ if name in _OTHERS:
                raise NotBuiltError(f"the command {name} of queries is not built")
            case _:
                raise malformed(f"unexpected symbol found {name!r}")

    def _named(self) -> list[tuple[str, Expression]]:
        """Expressions with their names: the field's own, or the one after `as`."""
        named = []
        while True:
            first = self._reader.next.text
            value = self._expressions.value()
            named.append((self._reader.name() if self._reader.takes("as") else first, value))
            if not self._reader.takes(","):
                return named

    def _fields(self) -> None:
        named = self._named()
        self._query.columns += [name for name, _ in named if name not in self._query.columns]
        added = [(name, value) for name, value in named if not name.startswith("@")]
        if self._query.stats:
            raise NotBuiltError("fields after stats are not built")
        self._query.steps.append(lambda rows: [_with(row, {name: value(row) for name, value in added}) for row in rows])

    def _parse(self) -> None:
        """With a regular expression whose named groups become fields. The form with wildcards is not built."""
        value = self._expressions.value()
        token = self._reader.take()
        if token.kind == "string":
            raise NotBuiltError("parse with wildcards is not built; use a regular expression")
        if token.kind != "regex":
            raise malformed(f"unexpected symbol found {token.text!r}, expected a text or a regular expression")
        pattern = compile_regex(token.text)
        if not pattern.groupindex:
            raise malformed("the regular expression of parse has no named group")

        def extract(row: Row) -> Mapping[str, Value]:
            found = pattern.search(shown(value(row)) or "")
            return found.groupdict() if found else {}

        self._query.steps.append(lambda rows: [_with(row, extract(row)) for row in rows])

    def _stats(self) -> None:
        if self._query.stats == MOST_STATS:
            raise malformed("a query can have at most two stats commands")
        if self._query.is_sorted or self._query.is_limited:
            raise malformed("sort and limit must come after the last stats command")
        aggregates = [parse_aggregate(self._reader, self._expressions)]
        while self._reader.takes(","):
            aggregates.append(parse_aggregate(self._reader, self._expressions))
        keys = self._named() if self._reader.takes("by") else []
        if self._query.stats:
            known = {*self._query.columns}
            if unknown := [name for one in aggregates for name in one.fields if name not in known]:
                raise malformed(f"the second stats command refers to {unknown[0]}, which the first does not define")
        self._query.stats += 1
        self._query.columns = [*(name for name, _ in keys), *(one.name for one in aggregates)]
        self._query.steps.append(lambda rows: _grouped(rows, keys, aggregates))

    def _sort(self) -> None:
        keys = []
        while True:
            value = self._expressions.value()
            keys.append((value, self._reader.takes("asc", "desc") == "desc"))
            if not self._reader.takes(","):
                break
        self._query.is_sorted = True
        self._query.steps.append(lambda rows: _sorted(rows, keys))

    def _limit(self) -> None:
        token = self._reader.take()
        if token.kind != "number" or not token.text.isdecimal():
            raise malformed(f"unexpected symbol found {token.text!r}, expected a number")
        self._query.is_limited = True
        self._query.limit = min(self._query.limit, int(token.text))


def _with(row: Row, fields: Mapping[str, Value]) -> EventRow:
    if not isinstance(row, EventRow):
        raise NotBuiltError("new fields after stats are not built")
    return row.add(fields)


def _newest_first(rows: Rows) -> Rows:
    return [*sorted((row for row in rows if isinstance(row, EventRow)), key=lambda row: row.at, reverse=True)]


def _grouped(rows: Rows, keys: list[tuple[str, Expression]], aggregates: list[Aggregate]) -> Rows:
    """A row for each combination of keys; an absent key is a value of its own."""
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(value(row) for _, value in keys), []).append(row)
    names = [name for name, _ in keys]
    return [
        StatsRow({**dict(zip(names, found, strict=True)), **{one.name: one.of(members) for one in aggregates}})
        for found, members in groups.items()
    ]


def _sorted(rows: Rows, keys: list[tuple[Expression, bool]]) -> Rows:
    """Sorted by the last key first, so that the first one decides."""
    found: list[Any] = [*rows]
    for value, is_descending in reversed(keys):
        found.sort(key=_order_of(value, found), reverse=is_descending)
    return found


def _order_of(value: Expression, rows: list[Any]) -> Callable[[Row], float | str]:
    """By number if every row has one, else as text. Where rows without the field come is not recorded."""
    values = [value(row) for row in rows]
    if any(one is None for one in values):
        raise NotBuiltError("where a sort puts rows without the field is not recorded")
    if all(number(one) is not None for one in values):
        return lambda row: number(value(row)) or 0.0
    return lambda row: str(value(row))
