"""The rules of composite alarms: `ALARM("a") AND NOT (OK(b) OR FALSE)`.

Decides when a rule is true, given the states of other alarms, and which alarms it refers to.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from embedded_aws.cloudwatch.alarm_rules import State

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<check>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^()"\s]+))\s*\)
      | (?P<word>AND|OR|NOT|TRUE|FALSE)\b
      | (?P<sign>[()])
    )""",
    re.VERBOSE,
)

_StateOf = Callable[[str], State]
_Test = Callable[[_StateOf], bool]


class RuleError(ValueError):
    """CloudWatch refuses this rule."""


@dataclass(frozen=True, slots=True)
class CompositeRule:
    """A parsed rule; `children` are the names or ARNs that it refers to, in order."""

    text: str
    children: tuple[str, ...]
    _test: _Test

    def is_true(self, state_of: _StateOf) -> bool:
        """Whether the rule holds; `state_of` gives the state of a child."""
        return self._test(state_of)


def parse_rule(text: str) -> CompositeRule:
    """Parse the rule; raises RuleError if the text is not a rule."""
    parser = _Parser(list(_tokens(text)))
    test = parser.whole()
    return CompositeRule(text, tuple(dict.fromkeys(parser.children)), test)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise RuleError(f"unexpected {text[position:].lstrip()[:20]!r} at character {position}")
        child = match["quoted"] or match["bare"] or ""
        yield match["check"] or match["word"] or match["sign"], child
        position = match.end()


class _Parser:
    """OR binds loosest, then AND, then NOT."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self.children: list[str] = []

    def whole(self) -> _Test:
        test = self._either()
        if self._tokens:
            raise RuleError(f"unexpected {self._tokens[0][0]!r}")
        return test

    def _takes(self, word: str) -> bool:
        if self._tokens and self._tokens[0][0] == word:
            self._tokens.pop(0)
            return True
        return False

    def _either(self) -> _Test:
        tests = [self._all()]
        while self._takes("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda state_of: any(test(state_of) for test in tests)

    def _all(self) -> _Test:
        tests = [self._single()]
        while self._takes("AND"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda state_of: all(test(state_of) for test in tests)

    def _single(self) -> _Test:
        if self._takes("NOT"):
            test = self._single()
            return lambda state_of: not test(state_of)
        if self._takes("("):
            test = self._either()
            if not self._takes(")"):
                raise RuleError("a parenthesis is not closed")
            return test
        return self._check()

    def _check(self) -> _Test:
        if not self._tokens:
            raise RuleError("the rule ends where an alarm is expected")
        word, child = self._tokens.pop(0)
        if word in ("TRUE", "FALSE"):
            return lambda _: word == "TRUE"
        if not child:
            raise RuleError(f"unexpected {word!r}")
        self.children.append(child)
        return lambda state_of: state_of(child) == word
