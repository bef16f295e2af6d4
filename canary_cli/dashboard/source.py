"""What the dashboard shows and does, as it asks for it. It is given a source; how AWS is read and asked is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Json = Mapping[str, Any]


class PageVerb(StrEnum):
    """The verbs that have a button."""

    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ABORT = "abort"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a verb, as it was pressed. ``rollout``: the one that the page showed on the target; empty if none."""

    verb: PageVerb
    target: str
    rollout: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said: the lines of the command, and whether the verb is done."""

    lines: tuple[str, ...]
    is_done: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """A release that the page can start. Only the demo offers some."""

    name: str
    title: str
    expectation: str


class PressError(Exception):
    """What was asked for cannot be done; ``fix`` says what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class Source(Protocol):
    """Where the page's data come from, and what its buttons do. `snapshot` is called by one thread, the others by many."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The releases that the page can start."""

    def snapshot(self) -> Json:
        """Everything that the page shows now. Where AWS cannot be asked it says so and what was known before."""

    def report(self, rollout: str) -> str:
        """The evidence report of a rollout, as HTML.

        Raises:
            PressError: there is none, or AWS cannot be asked.

        """

    def propose(self, press: Press) -> Heard:
        """What a verb would change; nothing is changed.

        Raises:
            PressError: AWS cannot be asked.

        """

    def act(self, press: Press) -> Heard:
        """Carry the verb out.

        Raises:
            PressError: another rollout holds the target by now, or the verb failed.

        """

    def begin(self, choice: str) -> Heard:
        """Publish a release and start its rollout.

        Raises:
            PressError: there is no such release, or it cannot be started.

        """
