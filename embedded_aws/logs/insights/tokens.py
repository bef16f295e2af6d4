"""The words of a query in the language of Logs Insights.

Decides where a word ends. What the words mean is decided by the parsers of expressions and commands.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from embedded_aws.wire.refusal import RefusalError

_WORD = re.compile(
    r"""\s*(?:
      (?P<comment>\#[^\n]*)
    | (?P<regex>/(?:[^/\\\n]|\\.)+/)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>@{0,2}[A-Za-z_][\w.]*|`[^`]+`)
    | (?P<sign><=|>=|!=|=~|[=<>()\[\],|+*/%-])
    )""",
    re.VERBOSE,
)
_VALUES = ("name", "number", "string", "regex")


class Token(NamedTuple):
    """One word: its kind (`name`, `number`, `string`, `regex`, `sign` or `end`) and its text without quotes."""

    kind: str
    text: str


def malformed(why: str) -> RefusalError:
    """The refusal of a query that cannot be understood; AWS's own wording is not recorded."""
    return RefusalError("MalformedQueryException", why)


class Reader:
    """A query's words, read from left to right."""

    def __init__(self, query: str) -> None:
        self._tokens = [*_split(query), Token("end", "")]
        self._at = 0

    @property
    def next(self) -> Token:
        """The word that comes next."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """Read a word."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def mark(self) -> int:
        """Where the reader is."""
        return self._at

    def return_to(self, mark: int) -> None:
        """Go back to where the reader was."""
        self._at = mark

    def takes(self, *texts: str) -> str | None:
        """Read the next word if it is one of these keywords or signs; its text in lower case."""
        token = self.next
        if token.kind in ("name", "sign") and token.text.lower() in texts:
            return self.take().text.lower()
        return None

    def expect(self, text: str) -> None:
        """Read this keyword or sign.

        Raises:
            RefusalError: another word comes next.

        """
        if self.takes(text) is None:
            raise malformed(f"unexpected symbol found {self.next.text or 'the end'!r}, expected {text!r}")

    def name(self) -> str:
        """Read a name.

        Raises:
            RefusalError: the next word is no name.

        """
        if self.next.kind != "name":
            raise malformed(f"unexpected symbol found {self.next.text or 'the end'!r}, expected a name")
        return self.take().text


def _split(query: str) -> list[Token]:
    tokens, at, end = list[Token](), 0, len(query.rstrip())
    while at < end:
        is_after_value = bool(tokens) and (tokens[-1].kind in _VALUES[:3] or tokens[-1].text in (")", "]"))
        found = _WORD.match(query, at)
        if found and found["regex"] and is_after_value and tokens[-1].text.lower() not in ("like", "parse"):
            is_field = len(tokens) > 1 and tokens[-2].text.lower() == "parse"
            found = found if is_field else re.compile(r"\s*(?P<sign>/)").match(query, at)
        if found is None:
            raise malformed(f"unexpected symbol found {query[at : at + 10].strip()!r}")
        at = found.end()
        kind = str(found.lastgroup)
        if kind != "comment":
            tokens.append(Token(kind, _bare(kind, found[kind])))
    return tokens


def _bare(kind: str, text: str) -> str:
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "regex":
        return text[1:-1].replace(r"\/", "/")
    return text.strip("`")


def compile_regex(text: str) -> re.Pattern[str]:
    """A regular expression as the query writes it; a named group is written `(?<name>...)` there.

    Raises:
        RefusalError: it is none.

    """
    try:
        return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", text))
    except re.error as error:
        raise malformed(f"the regular expression /{text}/ is invalid: {error}") from error
