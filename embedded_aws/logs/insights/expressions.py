"""Expressions of the query language: fields, comparisons, boolean operators and functions.

A comparison with a field that an event does not have is not true. Whether it makes `!=` or `not` true is not recorded, so a
query that needs to know is refused as an open question (docs/aws.md#insights-absent-field).
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from embedded_aws.logs.insights.tokens import Reader, compile_regex, malformed
from embedded_aws.logs.insights.values import Row, Value, number, shown
from embedded_aws.wire.refusal import NotBuiltError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embedded_aws.wire.unknowns import Unknowns

    Expression = Callable[[Row], Value]
    Condition = Callable[[Row], bool | None]

_KEYWORDS = frozenset({"and", "or", "not", "like", "in", "as", "by", "asc", "desc"})


class Expressions:
    """Parses the expressions of one query."""

    def __init__(self, reader: Reader, unknowns: Unknowns) -> None:
        self._reader = reader
        self._unknowns = unknowns

    def condition(self) -> Condition:
        """Alternatives, from left to right; None means that a field was absent."""
        parts = [self._all()]
        while self._reader.takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda row: _any(part(row) for part in parts)

    def _all(self) -> Condition:
        parts = [self._negated()]
        while self._reader.takes("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else lambda row: _all(part(row) for part in parts)

    def _negated(self) -> Condition:
        if not self._reader.takes("not"):
            return self._comparison()
        inner = self._negated()
        return lambda row: self._opposite(inner(row))

    def _opposite(self, found: bool | None) -> bool:  # noqa: FBT001 - the operand
        if found is None:
            return self._unknowns.ask("insights-absent-field") == "true"
        return not found

    def _comparison(self) -> Condition:
        reader = self._reader
        if reader.next.text == "(" and reader.next.kind == "sign":
            reader.take()
            inner = self.condition()
            reader.expect(")")
            return inner
        if reader.next.text.lower() == "ispresent":
            reader.take()
            value = self._arguments()[0]
            return lambda row: value(row) is not None
        left = self.value()
        if sign := reader.takes(*_SIGNS):
            return self._compared(left, sign, self.value())
        is_negated = reader.takes("not") is not None
        if reader.takes("like") or reader.takes("=~"):
            found = self._matching(left)
        else:
            reader.expect("in")
            found = self._member(left)
        return (lambda row: self._opposite(found(row))) if is_negated else found

    def _compared(self, left: Expression, sign: str, right: Expression) -> Condition:
        def compare(row: Row) -> bool | None:
            one, other = left(row), right(row)
            if one is None or other is None:
                return self._opposite(None) if sign == "!=" else None
            return _compare(one, sign, other)

        return compare

    def _matching(self, left: Expression) -> Condition:
        token = self._reader.take()
        if token.kind == "regex":
            pattern = compile_regex(token.text)
            return lambda row: None if (text := shown(left(row))) is None else pattern.search(text) is not None
        if token.kind != "string":
            raise malformed(f"unexpected symbol found {token.text!r}, expected a text or a regular expression")
        return lambda row: None if (text := shown(left(row))) is None else token.text in text

    def _member(self, left: Expression) -> Condition:
        self._reader.expect("[")
        members = [self.value()]
        while self._reader.takes(","):
            members.append(self.value())
        self._reader.expect("]")

        def is_member(row: Row) -> bool | None:
            found = left(row)
            return None if found is None else any(_compare(found, "=", member(row)) for member in members)

        return is_member

    def value(self) -> Expression:
        """A field, a constant or a call of a function. Arithmetic is not built."""
        reader = self._reader
        token = reader.take()
        match token.kind:
            case "string":
                return lambda _: token.text
            case "number":
                constant = float(token.text) if "." in token.text else int(token.text)
                return lambda _: constant
            case "name" if token.text.lower() not in _KEYWORDS:
                if reader.next.text == "(":
                    return self._call(token.text)
                return lambda row: row.get(token.text)
        if token.kind == "sign" and token.text in "+-*/%":
            raise NotBuiltError(f"arithmetic ({token.text}) in queries is not built")
        raise malformed(f"unexpected symbol found {token.text or 'the end'!r}")

    def _call(self, name: str) -> Expression:
        if name.lower() == "case":
            return self._case()
        arguments = self._arguments()
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise NotBuiltError(f"the function {name} of queries is not built")
        return lambda row: function([argument(row) for argument in arguments])

    def _arguments(self) -> list[Expression]:
        self._reader.expect("(")
        arguments = [self.value()]
        while self._reader.takes(","):
            arguments.append(self.value())
        self._reader.expect(")")
        return arguments

    def _case(self) -> Expression:
        """Conditions, each with its value, and perhaps a default at the end."""
        reader = self._reader
        reader.expect("(")
        branches: list[tuple[Condition, Expression]] = []
        while True:
            begin = reader.mark()
            try:
                condition = self.condition()
                reader.expect(",")
            except RefusalError:
                reader.return_to(begin)
                condition = _always
            branches.append((condition, self.value()))
            if condition is _always or not reader.takes(","):
                reader.expect(")")
                return lambda row: next((value(row) for condition, value in branches if condition(row)), None)


def _always(_: Row) -> bool | None:
    return True


def _any(found: Iterable[bool | None]) -> bool | None:
    absent = False
    for one in found:
        if one:
            return True
        absent = absent or one is None
    return None if absent else False


def _all(found: Iterable[bool | None]) -> bool | None:
    """The first that is not true decides, so what follows it is not asked."""
    for one in found:
        if not one:
            return one
    return True


def _compare(one: Value, sign: str, other: Value) -> bool:
    """As numbers if both can be read as numbers, else as texts; a text and a number are never equal nor ordered."""
    left, right = number(one), number(other)
    if left is not None and right is not None:
        return _SIGNS[sign](left, right)
    if isinstance(one, str) and isinstance(other, str):
        return _SIGNS[sign](one, other)
    return sign == "!="


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _coalesce(values: list[Value]) -> Value:
    return next((value for value in values if value is not None), None)


def _concat(values: list[Value]) -> Value:
    texts = [shown(value) for value in values]
    if any(text is None for text in texts):
        raise NotBuiltError("what concat makes of an absent field is not recorded")
    return "".join(text or "" for text in texts)


def _substr(values: list[Value]) -> Value:
    text, start, *length = shown(values[0]), *values[1:]
    if text is None:
        return None
    first = int(start or 0)
    return text[first : first + int(length[0] or 0)] if length else text[first:]


def _strlen(values: list[Value]) -> Value:
    text = shown(values[0])
    return None if text is None else len(text)


def _tolower(values: list[Value]) -> Value:
    text = shown(values[0])
    return None if text is None else text.lower()


_FUNCTIONS: Mapping[str, Callable[[list[Value]], Value]] = {
    "coalesce": _coalesce,
    "concat": _concat,
    "strlen": _strlen,
    "substr": _substr,
    "tolower": _tolower,
}
