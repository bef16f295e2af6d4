"""How the command speaks: text for people, JSON for programs; results on stdout, errors on stderr."""

from __future__ import annotations

import json
import traceback
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from canary_cli.stories.instants import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from canary_cli.exits import CommandError

STYLES = {
    "ADVANCE": "green",
    "PROMOTE": "bold green",
    "promoted": "bold green",
    "HOLD": "yellow",
    "parked": "yellow",
    "ALARM": "bold red",
    "ROLL_BACK": "bold red",
    "rolled_back": "bold red",
    "rolling_back": "bold red",
    "needs operator": "bold red",
    "error:": "bold red",
}
INSTANTS = ("_at", "_since", "_until", "_from")
"""The ends of the names whose numbers are epoch seconds."""


class Output:
    """Text, or with ``is_json`` one JSON object for each thing that is said; on stdout, or on another console."""

    def __init__(self, *, is_json: bool, console: Console | None = None) -> None:
        self.is_json = is_json
        self.out = console or _console(to_stderr=False)
        self._err = _console(to_stderr=True)

    @property
    def is_live(self) -> bool:
        """Whether what was written can be drawn again."""
        return not self.is_json and self.out.is_terminal and not self.out.is_dumb_terminal

    def say(self, lines: Iterable[str], answer: object) -> None:
        """The lines as text, or the answer as JSON."""
        if self.is_json:
            self.out.print(to_json(answer), soft_wrap=True)
        else:
            self.out.print(styled(lines), soft_wrap=True)

    def note(self, line: str) -> None:
        """Something to know besides the answer, on stderr so that the answer stays readable to programs."""
        if not self.is_json:
            self._err.print(styled([line]), soft_wrap=True)

    def fail(self, error: CommandError, crash: Exception | None = None) -> None:
        """What went wrong, on stderr; with the trace of a crash where a person reads it."""
        if self.is_json:
            told = {"code": error.code, "message": error.message, "fix": error.fix, "exit_code": int(error.exit_code)}
            self._err.print(json.dumps(told), soft_wrap=True)
            return
        if crash:
            self._err.print(Text("".join(traceback.format_exception(crash))), soft_wrap=True)
        self._err.print(styled([f"error: {error.message}", f"  fix: {error.fix}"]), soft_wrap=True)


class Collected(Output):
    """Keeps what a verb says instead of writing it: ``plan`` is its announcement, ``answer`` is what came of it."""

    def __init__(self) -> None:
        super().__init__(is_json=False)
        self.plan: list[str] = []
        self.answer: list[str] = []

    def say(self, lines: Iterable[str], answer: object) -> None:
        """Keep the lines."""
        (self.plan if answer is None else self.answer).extend(lines)

    def note(self, line: str) -> None:
        """Keep the line."""
        self.answer.append(line)


def styled(lines: Iterable[str]) -> Text:
    """The lines with their verdicts and outcomes coloured; the terminal decides whether colours are shown."""
    text = Text("\n".join(lines))
    for word, style in STYLES.items():
        text.highlight_words([word], style)
    return text


def to_json(answer: object) -> str:
    """An answer as one line of JSON, its instants in UTC."""
    return json.dumps(_plain(asdict(answer) if is_dataclass(answer) and not isinstance(answer, type) else answer))


def _plain(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON is of any type
    if isinstance(value, dict):
        mapping: Mapping[str, Any] = value
        return {key: _plain(item, key) for key, item in mapping.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and name.endswith(INSTANTS):
        return utc(value)
    return value


def _console(*, to_stderr: bool) -> Console:
    return Console(stderr=to_stderr, highlight=False, markup=False, emoji=False)
