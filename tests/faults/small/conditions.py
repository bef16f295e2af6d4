"""DynamoDB's condition, filter and key expressions over items in DynamoDB's own JSON, each compiled once.

Covers comparisons, AND, OR, NOT, parentheses, ``attribute_exists``, ``attribute_not_exists``, ``begins_with`` and
``contains``. Anything else, such as BETWEEN, raises an error that says so.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

Item = Mapping[str, Mapping[str, Any]]


class Asked(NamedTuple):
    """What an expression is evaluated on: an item, and the values and names given with the expression."""

    item: Item
    values: Item
    names: Mapping[str, str]


Test = Callable[[Asked], bool]
Operand = Callable[[Asked], Mapping[str, Any] | None]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[:#]?\w+)")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FUNCTIONS = ("attribute_exists", "attribute_not_exists", "begins_with", "contains")


class ConditionError(Exception):
    """An expression that the small AWS does not support; the text says where."""


def holds(expression: str, item: Item, values: Item | None = None, names: Mapping[str, str] | None = None) -> bool:
    """Whether the expression is true of the item; an item that does not exist is passed as empty.

    Raises:
        ConditionError: the expression cannot be read.

    """
    return _compile(expression)(Asked(item, values or {}, names or {}))


@cache
def _compile(expression: str) -> Test:
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s+", "", expression):
        raise ConditionError(f"the condition {expression!r} has characters that the small AWS does not support")
    parser = _Parser(expression, tokens)
    test = parser.either()
    parser.expect_end()
    return test


class _Parser:
    def __init__(self, expression: str, tokens: list[str]) -> None:
        self._expression = expression
        self._tokens = tokens
        self._at = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._takes("OR"):
            tests.append(self._both())
        return lambda asked: any(test(asked) for test in tests)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._error()

    def _both(self) -> Test:
        tests = [self._one()]
        while self._takes("AND"):
            tests.append(self._one())
        return lambda asked: all(test(asked) for test in tests)

    def _one(self) -> Test:
        if self._takes("NOT"):
            test = self._one()
            return lambda asked: not test(asked)
        if self._takes("("):
            test = self.either()
            self._expect(")")
            return test
        if self._peek() in _FUNCTIONS:
            return self._function(self._next())
        left, compare = self._operand(), _COMPARISONS.get(self._next())
        if compare is None:
            raise self._error()
        return _comparison(left, compare, self._operand())

    def _function(self, name: str) -> Test:
        self._expect("(")
        operand = self._operand()
        if name.startswith("attribute"):
            self._expect(")")
            is_wanted = name == "attribute_exists"
            return lambda asked: (operand(asked) is not None) is is_wanted
        self._expect(",")
        part = self._operand()
        self._expect(")")
        find = str.startswith if name == "begins_with" else str.__contains__
        return lambda asked: find(str(_plain(operand(asked)) or ""), str(_plain(part(asked))))

    def _operand(self) -> Operand:
        token = self._next()
        if token.startswith(":"):
            return lambda asked: asked.values[token]
        if token.startswith("#"):
            return lambda asked: asked.item.get(asked.names[token])
        if not token.isidentifier():
            raise self._error()
        return lambda asked: asked.item.get(token)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, word: str) -> bool:
        if self._peek().upper() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise self._error()

    def _error(self) -> ConditionError:
        return ConditionError(
            f"the small AWS cannot read the condition {self._expression!r} from token {self._at} on; build it in {__name__}"
        )


def _comparison(left: Operand, compare: Callable[[Any, Any], bool], right: Operand) -> Test:
    """A comparison with a missing value or one of another type is false, as in DynamoDB; only ``<>`` is then true."""

    def test(asked: Asked) -> bool:
        one, other = left(asked), right(asked)
        if one is None or other is None or one.keys() != other.keys():
            return compare is operator.ne
        return compare(_plain(one), _plain(other))

    return test


def _plain(value: Mapping[str, Any] | None) -> Any:
    if value is None:
        return None
    ((kind, plain),) = value.items()
    return Decimal(plain) if kind == "N" else plain
