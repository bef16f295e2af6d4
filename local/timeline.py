"""A rollout on a terminal, look by look: how far it has come, what both arms did, the evidence, the verdict and why.

On a terminal each look is shown as it happens; what is printed for good, there and in a pipe, is every fifth look and each
whose verdict is another word than CONTINUE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from canary.rules.look import format_e

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.readback import Look

EVERY = 5
PIPE_WIDTH = 160
ARMS = ("base", "canary")
STYLES = {"CONTINUE": "dim", "ADVANCE": "green", "PROMOTE": "bold green", "HOLD": "yellow", "ROLL_BACK": "bold red"}
TOLD = {
    "TakeAllTraffic": "the canary gets every request",
    "MoveBase": "base has no traffic left: its aliases move to the release",
    "FlipStage": "the release becomes the stage's base",
    "CleanUp": "the canary is removed, the lock freed",
    "MakeSafe": "base gets every request",
    "SafetySettle": "until that has reached every request and no late writer is left",
}
COLUMNS = (
    ("min:s", 5),
    ("step", 9),
    ("weight", 6),
    ("base", 14),
    ("canary", 14),
    ("E", 8),
    ("E with history", 14),
    ("verdict", 9),
)
NUMBERS = {"weight", "base", "canary", "E", "E with history"}


def make_console() -> Console:
    """Standard output; wide enough for a line a look where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


class Timeline:
    """One rollout's timeline; a context manager. ``weights`` are those of the policy's steps, in percent."""

    def __init__(self, console: Console, *, started: float, weights: Sequence[float]) -> None:
        self._console = console
        self._started = started
        self._weights = weights
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        self._requests = dict.fromkeys(ARMS, 0)
        self._bad = dict.fromkeys(ARMS, 0)
        self._looks_in_step = 0
        self._step = -1
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        head = _grid()
        head.add_row(*(Text(name, style="bold") for name, _ in COLUMNS), Text("reason", style="bold"))
        self._console.print(head)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, look: Look) -> None:
        """One look, the next in time."""
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
        """What the machine did besides looking, from states entered: when (epoch seconds) and which. Each is told once."""
        for at, state in states:
            if state in TOLD and state not in self._told:
                self._told.add(state)
                row = _grid()
                row.add_row(self._time(at), *[""] * (len(COLUMNS) - 1), Text(TOLD[state], style="cyan"))
                self._console.print(row)

    def _row(self, look: Look) -> Table:
        row = _grid()
        row.add_row(
            self._time(look.at),
            _progress(look.step, len(self._weights)),
            f"{look.weight_percent:g} %",
            *(f"{self._requests[arm]}, {self._bad[arm]} bad" for arm in ARMS),
            format_e(look.log_e),
            format_e(look.log_e_with_history),
            Text(look.verdict, style=STYLES.get(look.verdict, "")),
            look.reason,
        )
        return row

    def _time(self, at: float) -> str:
        seconds = round(at - self._started)
        return f"{seconds // 60}:{seconds % 60:02}"


def _progress(step: int, steps: int) -> str:
    return f"{'■' * (step + 1)}{'□' * (steps - step - 1)} {step + 1}/{steps}"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for name, width in COLUMNS:
        grid.add_column(width=width, no_wrap=True, justify="right" if name in NUMBERS else "left")
    grid.add_column(ratio=1, overflow="fold")
    return grid
