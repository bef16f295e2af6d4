"""The language of metric math: turns the text of an expression into something that can be computed.

Decides syntax and meaning: precedence, names, calls. What operators and functions do to time series is in
`embedded_aws/cloudwatch/metric_algebra.py` and `embedded_aws/cloudwatch/metric_functions.py`. Where the series come from
is not known here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from embedded_aws.cloudwatch.metric_algebra import OPERATORS, MathError, Value, World, negate
from embedded_aws.cloudwatch.metric_functions import CONSTANTS, FUNCTIONS, NOT_BUILT
from embedded_aws.wire.refusal import NotBuiltError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z][A-Za-z0-9_]*)
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<sign>\|\||&&|==|!=|<=|>=|[-+*/^<>()\[\],])
    )""",
    re.VERBOSE,
)

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||", "OR"),
    ("&&", "AND"),
    ("==", "!=", "<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/"),
)
"""Operators from loosest to tightest; power binds tighter than all of them."""

_Node = Callable[[World], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; `names` are the ids it refers to, `functions` the functions it calls."""

    text: str
    names: frozenset[str]
    functions: frozenset[str]
    _compute: _Node

    def compute(self, world: World) -> Value:
        """The expression's value in a world of series; MathError where the types do not fit."""
        return self._compute(world)


@lru_cache(maxsize=512)
def parse_expression(text: str) -> Expression:
    """The parsed expression; MathError if the text is not one."""
    parser = _Parser(list(_tokens(text)))
    node = parser.whole()
    return Expression(text, frozenset(parser.names), frozenset(parser.functions), node)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise MathError(f"unexpected {stripped[position:].lstrip()[:10]!r} at character {position}")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self.names: set[str] = set()
        self.functions: set[str] = set()

    def whole(self) -> _Node:
        node = self._level(0)
        if self._next < len(self._tokens):
            raise MathError(f"unexpected {self._peek()!r}")
        return node

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self, expected: str | None = None) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise MathError(f"the expression ends where {expected or 'a value'} should follow")
        token = self._tokens[self._next]
        if expected is not None and token[1] != expected:
            raise MathError(f"expected {expected!r}, found {token[1]!r}")
        self._next += 1
        return token

    def _level(self, depth: int) -> _Node:
        if depth == len(_LEVELS):
            return self._signed()
        node = self._level(depth + 1)
        while self._peek() in _LEVELS[depth]:
            operator = OPERATORS[self._take()[1]]
            node = _binary(operator, node, self._level(depth + 1))
        return node

    def _signed(self) -> _Node:
        if self._peek() == "-":
            self._take()
            operand = self._signed()
            return lambda world: negate(operand(world))
        return self._power()

    def _power(self) -> _Node:
        node = self._atom()
        while self._peek() == "^":
            self._take()
            exponent = self._signed() if self._peek() == "-" else self._atom()
            node = _binary(OPERATORS["^"], node, exponent)
        return node

    def _atom(self) -> _Node:
        kind, text = self._take()
        match kind:
            case "number":
                number = float(text)
                return lambda _: number
            case "text":
                return lambda _: text[1:-1]
            case "word":
                return self._call(text) if self._peek() == "(" else self._name(text)
        if text == "(":
            node = self._level(0)
            self._take(")")
            return node
        if text == "[":
            return _array(self._until("]"))
        raise MathError(f"unexpected {text!r}")

    def _name(self, text: str) -> _Node:
        if text in CONSTANTS:
            return lambda _: CONSTANTS[text]
        if not text[0].islower():
            raise MathError(f"{text!r} is not an id; an id begins with a lower-case letter")
        self.names.add(text)
        return lambda world: world.value_of(text)

    def _call(self, name: str) -> _Node:
        if name in NOT_BUILT:
            raise NotBuiltError(f"the metric math function {name} is not built into the embedded AWS")
        if name not in FUNCTIONS:
            raise MathError(f"there is no function {name!r}")
        self.functions.add(name)
        self._take("(")
        arguments = self._until(")")
        function = FUNCTIONS[name]
        return lambda world: function(world, [argument(world) for argument in arguments])

    def _until(self, end: str) -> list[_Node]:
        nodes: list[_Node] = []
        while self._peek() != end:
            if nodes:
                self._take(",")
            nodes.append(self._level(0))
        self._take(end)
        return nodes


def _binary(operator: Callable[[Value, Value], Value], left: _Node, right: _Node) -> _Node:
    return lambda world: operator(left(world), right(world))


def _array(nodes: Sequence[_Node]) -> _Node:
    def collect(world: World) -> Value:
        series: list[dict[int, float]] = []
        for node in nodes:
            value = node(world)
            if isinstance(value, list):
                series.extend(value)
            elif isinstance(value, dict):
                series.append(value)
            else:
                raise MathError("an array holds time series only")
        return series

    return collect
