"""A rollout on a terminal, look by look: its progress, what both arms did, the evidence, the verdict and the reason.

Every fifth look and every look whose verdict is not CONTINUE is printed for good. A live timeline also shows each of the
other looks until the next one overwrites its line. The caller says whether the timeline is live: it knows the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from canary.rules.judging.judge import LOG_LIVE_FLOOR, log_strength
from canary.rules.looks.proof import format_e

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from demo.readback import Look

EVERY = 5
PIPE_WIDTH = 140
ARMS = ("base", "canary")
STYLES = {"CONTINUE": "dim", "ADVANCE": "green", "PROMOTE": "bold green", "HOLD": "yellow", "ROLL_BACK": "bold red"}
TOLD = {
    "TakeAllTraffic": "the canary gets every request",
    "MoveBase": "base gets no traffic any more; its aliases move to the release",
    "FlipStage": "the stage's base becomes the release",
    "CleanUp": "the canary is removed",
    "Watch": "base serves the release, which is watched; there is no base beside it",
    "Reverted": "base serves the earlier release again",
    "MakeSafe": "base gets every request",
    "SafetySettle": "waiting until every request sees that and no late write can follow",
}
COLUMNS = (("min:s", 5), ("step", 5), ("weight", 6), ("base (bad)", 11), ("canary (bad)", 12), ("E", 8), ("verdict", 9))
NUMBERS = {"weight", "base (bad)", "canary (bad)", "E"}
MARKS, ASCII_MARKS = ("■", "□"), ("#", ".")
"""The marks of a step that has begun and of one that has not."""
DUMB_TERMINALS = {"", "dumb", "unknown"}
ROOM_FOR_REASONS = 110
"""From this terminal width (in columns) a reason stands beside its row; on a narrower terminal, below it."""


def make_console(output: TextIO) -> Console:
    """A console on ``output``: as wide as the terminal, or wide enough for one line per look."""
    return Console(file=output, highlight=False, width=None if output.isatty() else PIPE_WIDTH)


def can_be_live(output: TextIO, term: str) -> bool:
    """Whether ``output`` can overwrite a line; ``term`` is the kind of terminal, from the environment's TERM."""
    return output.isatty() and term not in DUMB_TERMINALS


class Timeline:
    """One rollout's timeline; a context manager.

    ``weight_percents`` are those of the policy's steps. With ``is_live`` the console must be on a terminal that can write a
    line again.
    """

    def __init__(self, console: Console, *, is_live: bool, started: float, weight_percents: Sequence[float]) -> None:
        self._console = console
        self._started = started
        self._weight_percents = weight_percents
        self._live = Live(console=console, transient=True, auto_refresh=False) if is_live else None
        self._requests = dict.fromkeys(ARMS, 0)
        self._bad = dict.fromkeys(ARMS, 0)
        self._looks_in_step = 0
        self._step = -1
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        self._console.print(self._line([Text(name, style="bold") for name, _ in COLUMNS], Text("reason", style="bold")))
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, look: Look) -> None:
        """Show one look. Call it in order of time."""
        self._looks_in_step = self._looks_in_step + 1 if look.step == self._step else 1
        self._step = look.step
        for arm in ARMS:
            self._requests[arm] += look.requests[arm]
            self._bad[arm] += look.bad[arm]
        row = self._row(look)
        is_lasting = look.verdict != "CONTINUE" or self._looks_in_step % EVERY == 0
        if self._live:
            self._live.update(Text() if is_lasting else row, refresh=True)
        if is_lasting:
            self._console.print(row)

    def note_states(self, states: Iterable[tuple[float, str]]) -> None:
        """Show what the machine did besides looking, given each state entered and when (epoch seconds); each only once."""
        for at, state in states:
            if state in TOLD and state not in self._told:
                self._told.add(state)
                self._console.print(Text.assemble(f"{self._time(at):<6}", (TOLD[state], "cyan")))

    def _row(self, look: Look) -> RenderableType:
        cells: list[str | Text] = [
            self._time(look.at),
            _progress(
                look.step, len(self._weight_percents), MARKS if self._console.encoding.startswith("utf") else ASCII_MARKS
            ),
            f"{look.weight_percent:g} %",
            *(f"{self._requests[arm]} ({self._bad[arm]})" for arm in ARMS),
            format_e(_strength(look)),
            Text(look.verdict, style=STYLES.get(look.verdict, "")),
        ]
        return self._line(cells, Text(look.reason))

    def _line(self, cells: Sequence[str | Text], reason: Text) -> RenderableType:
        has_room = self._console.width >= ROOM_FOR_REASONS
        grid = Table.grid(padding=(0, 1, 0, 0), expand=has_room)
        for name, width in COLUMNS:
            grid.add_column(width=width, no_wrap=True, justify="right" if name in NUMBERS else "left")
        if not has_room:
            grid.add_row(*cells)
            return Group(grid, Padding(reason, (0, 0, 0, 6)))
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(*cells, reason)
        return grid

    def _time(self, at: float) -> str:
        seconds = round(at - self._started)
        return f"{seconds // 60}:{seconds % 60:02}"


def _progress(step: int, steps: int, marks: tuple[str, str]) -> str:
    begun, to_come = marks
    return begun * (step + 1) + to_come * (steps - step - 1)


def _strength(look: Look) -> float:
    """The natural logarithm of the evidence that is compared with the bar."""
    return log_strength(look.log_e, look.log_e_with_history) if look.log_e >= LOG_LIVE_FLOOR else look.log_e
