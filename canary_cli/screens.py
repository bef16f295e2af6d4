"""Where `watch` shows what it sees: lines as they come, or on a terminal a status that is drawn again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.live import Live

from canary.rules.rollouts.phases import Phase
from canary_cli.output import styled
from canary_cli.reading import read_status
from canary_cli.status_text import lines_of
from canary_cli.status_view import status_of
from canary_cli.watch_text import (
    Sums,
    begin_line,
    checking_event,
    checking_line,
    ending_event,
    ending_line,
    look_event,
    look_line,
    phase_event,
    phase_line,
)

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary_cli.connection import Connection
    from canary_cli.exits import CommandError
    from canary_cli.following import Follower, News
    from canary_cli.output import Output


class Screen(Protocol):
    """What the loop of `watch` tells."""

    def show(self, follower: Follower, news: News, connection: Connection) -> None:
        """What a poll found."""

    def show_trouble(self, error: CommandError) -> None:
        """That AWS cannot be asked now, and is asked again."""

    def close(self) -> None:
        """Nothing more is shown."""


class Lines:
    """A line of text, or a JSON object, for each look, phase and ending. Of looks from before the watch only the last is shown.

    With ``is_whole`` all are shown, because the watch began with the rollout.
    """

    def __init__(self, output: Output, *, is_whole: bool) -> None:
        self._output = output
        self._is_whole = is_whole
        self._sums: dict[str, Sums] = {}
        self._phases: dict[str, Phase] = {}
        self._checked: set[str] = set()
        self._trouble = ""

    def show(self, follower: Follower, news: News, connection: Connection) -> None:  # noqa: ARG002 - the Protocol's
        """What a poll found."""
        self._trouble = ""
        if news.rollout is None and news.ending is None and follower.rollout_id not in self._checked:
            self._checked.add(follower.rollout_id)
            self._output.say([checking_line(*_names(follower))], checking_event(*_names(follower)))
        if news.rollout:
            self._show_rollout(news.rollout, news, is_first=follower.rollout_id not in self._phases)
        if news.ending:
            names = _names(follower)
            self._output.say([ending_line(*names, news.ending)], ending_event(*names, news.ending))

    def _show_rollout(self, rollout: Rollout, news: News, *, is_first: bool) -> None:
        rollout_id, phase = rollout.rollout_id, rollout.phase
        if is_first and not self._output.is_json:
            self._output.say([begin_line(rollout)], None)
        is_new_phase = self._phases.get(rollout_id) is not phase and news.ending is None
        if is_new_phase and phase is Phase.SHIFTING:  # its looks come after it, those of other phases before
            self._show_phase(rollout, news.read_at)
        self._show_looks(rollout, news, has_all=self._is_whole or not is_first)
        if is_new_phase and phase is not Phase.SHIFTING:
            self._show_phase(rollout, news.read_at)
        self._phases[rollout_id] = phase

    def _show_looks(self, rollout: Rollout, news: News, *, has_all: bool) -> None:
        sums = self._sums.get(rollout.rollout_id, Sums())
        for number, look in enumerate(news.looks, start=1):
            sums = sums.plus(look)
            if has_all or number == len(news.looks):
                self._output.say([look_line(rollout, look, sums)], look_event(rollout, look, sums))
        self._sums[rollout.rollout_id] = sums

    def _show_phase(self, rollout: Rollout, at: float) -> None:
        self._output.say([phase_line(rollout, at)], phase_event(rollout, at))

    def show_trouble(self, error: CommandError) -> None:
        """That AWS cannot be asked now; once for each trouble."""
        if error.message != self._trouble:
            self._trouble = error.message
            event = {"event": "trouble", "code": error.code, "message": error.message, "fix": error.fix}
            self._output.say([f"cannot tell now, and tries again: {error.message}; {error.fix}"], event)

    def close(self) -> None:
        """Nothing more is shown."""


class Redrawn:
    """The status of each target, drawn again with every poll. The last one stays."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._drawn: dict[str, list[str]] = {}
        self._live = Live(console=output.out, auto_refresh=False)
        self._live.start()

    def show(self, follower: Follower, news: News, connection: Connection) -> None:
        """What a poll found."""
        controller = connection.controller
        status = status_of(read_status(connection, follower.target), account=controller.account, region=controller.region)
        self._drawn[follower.target] = [*lines_of(status)]
        if news.rollout is None:
            self._drawn[follower.target].append(checking_line(*_names(follower)))
        if news.ending:
            self._drawn[follower.target].append(ending_line(*_names(follower), news.ending))
        self._draw()

    def show_trouble(self, error: CommandError) -> None:
        """That AWS cannot be asked now."""
        self._draw(f"cannot tell now, and tries again: {error.message}; {error.fix}")

    def close(self) -> None:
        """What was drawn last stays."""
        self._live.stop()

    def _draw(self, *more: str) -> None:
        lines = [line for drawn in self._drawn.values() for line in (*drawn, "")]
        self._live.update(styled([*lines, *more]), refresh=True)


def _names(follower: Follower) -> tuple[str, str]:
    return follower.target, follower.rollout_id


def open_screen(output: Output, *, is_whole: bool) -> Screen:
    """A screen that fits the output."""
    return Redrawn(output) if output.is_live else Lines(output, is_whole=is_whole)
