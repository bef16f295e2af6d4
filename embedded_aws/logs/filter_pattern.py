"""CloudWatch Logs filter patterns, compiled: which lines a pattern matches.

Decides what a pattern means. JSON patterns are compiled to one test on the parsed line, because a busy log group runs every
line through every filter. Terms and regular expressions are tested on the text. Where the user guide leaves a question open,
these rules apply (docs/aws.md#filter-patterns): a selector that finds nothing, an object or an array matches no comparison,
not even `!=`; `<`, `<=`, `>` and `>=` compare JSON numbers only; a number without quotes also equals a string of the same
text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from embedded_aws.logs.json_selector import MISSING, SELECTOR, Select, compile_selector
from embedded_aws.logs.term_pattern import compile_regex, compile_terms, count_regexes, refused
from embedded_aws.wire.refusal import NotBuiltError

Event = Mapping[str, Any]
Test = Callable[[Event], bool]

_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<selector>{SELECTOR})
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<regex>%[^%]*%)
      | (?P<sign>&&|\|\||!=|<=|>=|[=<>(){{}}])
      | (?P<word>[^\s"%(){{}}=<>!&|]+)
    )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


@dataclass(frozen=True, slots=True)
class FilterPattern:
    """A compiled pattern: a test of the parsed line or a test of its text, whichever is not None.

    ``regexes`` is how many regular expressions it contains; there is a quota on them.
    """

    text: str
    on_event: Test | None
    on_line: Callable[[str], bool] | None
    regexes: int = 0

    def matches(self, line: str, event: Event | None) -> bool:
        """Whether a line matches; `event` is the JSON object in it, None if there is none."""
        if self.on_line:
            return self.on_line(line)
        return event is not None and self.on_event is not None and self.on_event(event)


@lru_cache(maxsize=512)
def parse_pattern(text: str) -> FilterPattern:
    """Parse the pattern; raises RefusalError where CloudWatch Logs refuses it."""
    stripped = text.strip()
    if stripped.startswith("{"):
        tokens = list(_tokens(stripped))
        regexes = sum(kind == "regex" for kind, _ in tokens)
        return FilterPattern(text, _Parser(tokens).whole(), None, regexes)
    if stripped.startswith("["):
        raise NotBuiltError("filter patterns for space-delimited lines are not built")
    return FilterPattern(text, None, compile_terms(stripped), count_regexes(stripped))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise refused(f"unexpected {text[position:][:10]!r}")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


class _Parser:
    """`||` binds loosest, then `&&`, then parentheses."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens

    def whole(self) -> Test:
        self._expect("{")
        test = self._either()
        self._expect("}")
        if self._tokens:
            raise refused("text after the closing brace")
        return test

    def _next_is(self, sign: str) -> bool:
        return bool(self._tokens) and self._tokens[0][1] == sign

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise refused("it ends too early")
        return self._tokens.pop(0)

    def _expect(self, sign: str) -> None:
        found = self._take()[1]
        if found != sign:
            raise refused(f"expected {sign!r}, found {found!r}")

    def _either(self) -> Test:
        test = self._all()
        while self._next_is("||"):
            self._take()
            test = _or(test, self._all())
        return test

    def _all(self) -> Test:
        tests = [self._single()]
        while self._next_is("&&"):
            self._take()
            tests.append(self._single())
        return _every(tests)

    def _single(self) -> Test:
        if self._next_is("("):
            self._take()
            test = self._either()
            self._expect(")")
            return test
        kind, selector = self._take()
        if kind != "selector":
            raise refused(f"expected a selector like $.status, found {selector!r}")
        return self._condition(compile_selector(selector))

    def _condition(self, select: Select) -> Test:
        operator = self._take()[1]
        match operator:
            case "=" | "!=":
                return _equality(select, *self._take(), differs=operator == "!=")
            case "<" | ">" | "<=" | ">=":
                return _order(select, operator, self._take()[1])
            case "IS":
                return _is(select, self._take()[1])
            case "NOT":
                self._expect("EXISTS")
                return lambda event: select(event) is MISSING
        raise refused(f"unexpected {operator!r}")


def _every(tests: list[Test]) -> Test:
    """Whether all tests hold, in their order; unrolled because every line of a simulation comes through here."""
    match tests:
        case [one]:
            return one
        case [one, two]:
            return lambda event: one(event) and two(event)
        case [one, two, *more]:
            rest = _every(more)
            return lambda event: one(event) and two(event) and rest(event)
    raise AssertionError("the parser gives at least one test")


def _or(left: Test, right: Test) -> Test:
    return lambda event: left(event) or right(event)


def _equality(select: Select, kind: str, literal: str, *, differs: bool) -> Test:
    if kind == "text" and "*" not in literal and "\\" not in literal:
        return _plain_equality(select, literal[1:-1], differs=differs)
    equals = _equals(kind, literal)

    def test(event: Event) -> bool:
        node = select(event)
        return node is not MISSING and not isinstance(node, (dict, list)) and equals(node) is not differs

    return test


def _plain_equality(select: Select, text: str, *, differs: bool) -> Test:
    """The most common comparison; it needs nothing but the value itself."""
    if not differs:
        return lambda event: bool(select(event) == text)

    def test(event: Event) -> bool:
        node = select(event)
        return node != text and node is not MISSING and not isinstance(node, (dict, list))

    return test


def _equals(kind: str, literal: str) -> Callable[[Any], bool]:
    if kind == "regex":
        pattern = compile_regex(literal[1:-1])
        return lambda node: isinstance(node, str) and pattern.search(node) is not None
    if kind not in ("text", "word"):
        raise refused(f"expected a value, found {literal!r}")
    text = literal[1:-1].replace('\\"', '"') if kind == "text" else literal
    if text.startswith("*") or text.endswith("*"):  # elsewhere in a text an asterisk stands for itself
        before, after = (".*" if found else "" for found in (text.startswith("*"), text.endswith("*")))
        wildcard = re.compile(f"{before}{re.escape(text.strip('*'))}{after}", re.DOTALL)
        return lambda node: wildcard.fullmatch(_text(node)) is not None
    if kind == "word" and _NUMBER.fullmatch(text):
        return _equals_number(text)
    return lambda node: node == text if kind == "text" else _text(node) == text


def _equals_number(text: str) -> Callable[[Any], bool]:
    number = float(text)
    return lambda node: node == text if isinstance(node, str) else _is_number(node) and node == number


def _order(select: Select, operator: str, literal: str) -> Test:
    if not _NUMBER.fullmatch(literal):
        raise refused(f"{operator} needs a number, found {literal!r}")
    limit = float(literal)
    compare: dict[str, Callable[[float], bool]] = {
        "<": limit.__gt__,
        "<=": limit.__ge__,
        ">": limit.__lt__,
        ">=": limit.__le__,
    }
    holds = compare[operator]

    def test(event: Event) -> bool:
        node = select(event)
        return _is_number(node) and holds(node)

    return test


def _is(select: Select, word: str) -> Test:
    if word not in _CONSTANTS:
        raise refused(f"IS takes NULL, TRUE or FALSE, found {word!r}")
    constant = _CONSTANTS[word]
    return lambda event: select(event) is constant


def _is_number(node: object) -> bool:
    return isinstance(node, (int, float)) and not isinstance(node, bool)


def _text(node: object) -> str:
    """A value as JSON writes it, without quotes."""
    match node:
        case None:
            return "null"
        case bool():
            return str(node).lower()
    return str(node)
