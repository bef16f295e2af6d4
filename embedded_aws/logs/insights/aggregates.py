"""The functions of `stats`: what is made of the rows of one group (docs/aws.md#insights-language).

A row without the field does not count, except for `count(*)`. A group in which no row has the field has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from embedded_aws.logs.insights.tokens import malformed
from embedded_aws.logs.insights.values import EventRow, Row, Value, number, order
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.logs.insights.expressions import Expression, Expressions
    from embedded_aws.logs.insights.tokens import Reader

MOST_PERCENT = 100
_PERCENTILES = frozenset({"pct", "percentile"})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One column of `stats`. ``fields`` are the fields that it reads."""

    name: str
    of: Callable[[Sequence[Row]], Value]
    fields: tuple[str, ...] = ()


def parse_aggregate(reader: Reader, expressions: Expressions) -> Aggregate:
    """A function of a field, with its name after `as`.

    Raises:
        RefusalError: it is malformed.
        NotBuiltError: AWS has the function.

    """
    function = reader.name()
    reader.expect("(")
    if function.lower() == "count" and (reader.takes("*") or reader.next.text == ")"):
        reader.expect(")")
        return Aggregate(_name(reader, f"{function}(*)"), len)
    if function.lower() not in {*_FUNCTIONS, *_BY_TIME, *_PERCENTILES}:
        raise NotBuiltError(f"the function {function} of stats is not built")
    field = reader.next.text
    if reader.next.kind != "name":
        raise malformed(f"unexpected symbol found {field!r}, expected a field")
    value = expressions.value()
    if function.lower() in _PERCENTILES:
        percent = _percent(reader)
        reader.expect(")")
        return Aggregate(_name(reader, f"{function}({field},{percent:g})"), _percentile(value, percent), (field,))
    reader.expect(")")
    return Aggregate(_name(reader, f"{function}({field})"), _make(function, value), (field,))


def _percent(reader: Reader) -> float:
    """The second argument of `pct`: a number from 0 to 100."""
    reader.expect(",")
    token = reader.take()
    if token.kind != "number" or not 0 <= float(token.text) <= MOST_PERCENT:
        raise malformed(f"unexpected symbol found {token.text or 'the end'!r}, expected a percentage from 0 to 100")
    return float(token.text)


def _percentile(value: Expression, percent: float) -> Callable[[Sequence[Row]], Value]:
    """The smallest value that at least so many percent of the values do not exceed. How AWS interpolates is not recorded."""

    def aggregate(rows: Sequence[Row]) -> Value:
        found = sorted(_numbers([one for one in map(value, rows) if one is not None]))
        return found[max(0, ceil(percent / MOST_PERCENT * len(found)) - 1)] if found else None

    return aggregate


def _name(reader: Reader, otherwise: str) -> str:
    return reader.name() if reader.takes("as") else otherwise


def _make(function: str, value: Expression) -> Callable[[Sequence[Row]], Value]:
    choose = _BY_TIME.get(function.lower())
    if choose:
        return lambda rows: _by_time(rows, value, choose)
    make = _FUNCTIONS[function.lower()]

    def aggregate(rows: Sequence[Row]) -> Value:
        found: list[Value] = [one for one in map(value, rows) if one is not None]
        return make(found) if found or make is _count else None

    return aggregate


def _by_time(rows: Sequence[Row], value: Expression, choose: Callable[..., EventRow]) -> Value:
    found = [row for row in rows if isinstance(row, EventRow) and value(row) is not None]
    return value(choose(found, key=lambda row: row.at)) if found else None


def _count(values: list[Value]) -> Value:
    return len(values)


def _count_distinct(values: list[Value]) -> Value:
    return len({*values})


def _sum(values: list[Value]) -> Value:
    return sum(_numbers(values))


def _avg(values: list[Value]) -> Value:
    return sum(_numbers(values)) / len(values)


def _first(values: list[Value]) -> Value:
    return order(values)[0]


def _last(values: list[Value]) -> Value:
    return order(values)[-1]


def _numbers(values: list[Value]) -> list[float]:
    numbers = [number(value) for value in values]
    if any(one is None for one in numbers):
        raise NotBuiltError("a sum of texts is not recorded")
    return [one or 0.0 for one in numbers]


_FUNCTIONS: Mapping[str, Callable[[list[Value]], Value]] = {
    "avg": _avg,
    "count": _count,
    "count_distinct": _count_distinct,
    "max": _last,
    "min": _first,
    "sortsfirst": _first,
    "sortslast": _last,
    "sum": _sum,
}
_BY_TIME: Mapping[str, Callable[..., EventRow]] = {"earliest": min, "latest": max}
