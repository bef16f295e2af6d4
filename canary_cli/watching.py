"""The loop of `watch`: poll, show, and end with the rollout's exit code. It only reads, so it can be stopped at any moment.

While AWS cannot be asked it goes on asking, with a new session each time, so that a new login is enough.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from canary.rules.reports.amounts import lasting
from canary_cli.exits import CommandError, ExitCode, worst_of
from canary_cli.faults import describe
from canary_cli.operating import FORWARD, abort_target, exit_code_of_answer, lines_of_answer, lines_of_caller
from canary_cli.screens import open_screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from canary_cli.connection import Connection
    from canary_cli.following import Ending, Follower
    from canary_cli.screens import Screen
    from canary_cli.verbs import Call

POLL_SECONDS = 5.0
CANCELLED = "the command that watched it was cancelled"


class OnCancel(StrEnum):
    """What becomes of the rollout when the watch is cancelled by SIGINT or SIGTERM."""

    LEAVE = "leave"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a watch ends before the rollout does. ``is_whole``: it began with the rollout."""

    timeout_seconds: float | None = None
    on_cancel: OnCancel = OnCancel.LEAVE
    is_whole: bool = False


def watch_all(call: Call, followers: Sequence[Follower], limits: Limits) -> ExitCode:
    """Watch until every rollout has ended, is parked or needs an operator; the worst of their exit codes."""
    screen = open_screen(call.output, is_whole=limits.is_whole)
    try:
        with cancellable():
            return _Loop(call, followers, limits, screen).run()
    except KeyboardInterrupt:
        screen.close()
        return _cancel(call, followers, limits.on_cancel)
    finally:
        screen.close()


class _Loop:
    def __init__(self, call: Call, followers: Sequence[Follower], limits: Limits, screen: Screen) -> None:
        self._connection: Connection = call.connection
        self._call = call
        self._followers = followers
        self._limits = limits
        self._screen = screen
        self._endings: dict[str, Ending] = {}
        self._trouble: CommandError | None = None
        self._is_reached = False

    def run(self) -> ExitCode:
        begun = monotonic()
        while True:
            self._poll()
            if len(self._endings) == len(self._followers):
                return worst_of(ending.exit_code for ending in self._endings.values())
            timeout = self._limits.timeout_seconds
            if timeout is not None and monotonic() - begun >= timeout:
                return self._give_up(timeout)
            sleep(POLL_SECONDS)

    def _poll(self) -> None:
        try:
            for follower in self._followers:
                if follower.rollout_id not in self._endings:
                    self._follow(follower)
        except Exception as error:
            self._trouble = describe(error)
            if self._trouble.exit_code is not ExitCode.CANNOT_TELL:
                raise
            if not self._is_reached:
                raise cannot_tell(self._call, self._followers, self._trouble) from error
            self._screen.show_trouble(self._trouble)
            self._connection = self._connection.again()

    def _follow(self, follower: Follower) -> None:
        news = follower.poll(self._connection)
        self._is_reached, self._trouble = True, None
        self._screen.show(follower, news, self._connection)
        if news.ending:
            self._endings[follower.rollout_id] = news.ending

    def _give_up(self, timeout: float) -> ExitCode:
        if self._trouble:
            raise cannot_tell(self._call, self._followers, self._trouble)
        after = f"still running after {lasting(timeout)}; watch again:"
        self._call.output.say(
            [f"{after} {command}" for command in _resume(self._call, self._followers)],
            {"event": "timeout", "resume": [*_resume(self._call, self._followers)], "exit_code": int(ExitCode.STILL_RUNNING)},
        )
        return ExitCode.STILL_RUNNING


def cannot_tell(call: Call, followers: Sequence[Follower], trouble: CommandError) -> CommandError:
    """That the rollouts go on unseen, and how to watch them again."""
    resume = " and ".join(_resume(call, followers))
    return CommandError(
        trouble.code,
        f"cannot tell how the rollout does: {trouble.message}",
        f"{trouble.fix}; then watch again: {resume}",
        ExitCode.CANNOT_TELL,
    )


def _resume(call: Call, followers: Sequence[Follower]) -> Iterator[str]:
    """The commands that watch the same rollouts again."""
    for follower in followers:
        yield resume_command(call, follower)


def resume_command(call: Call, follower: Follower) -> str:
    """The command that watches a rollout again."""
    return f"canary watch {follower.target} --rollout {follower.rollout_id}{call.connection.place.options}"


def _cancel(call: Call, followers: Sequence[Follower], on_cancel: OnCancel) -> ExitCode:
    """What the command does when it is cancelled; the exit code."""
    if on_cancel is OnCancel.ABORT:
        return _abort(call, followers)
    resume = [*_resume(call, followers)]
    event = {"event": "detached", "resume": resume, "exit_code": int(ExitCode.DETACHED)}
    call.output.say(["detached; the rollout goes on; watch again:", *(f"  {command}" for command in resume)], event)
    return ExitCode.DETACHED


def _abort(call: Call, followers: Sequence[Follower]) -> ExitCode:
    codes = []
    for follower in followers:
        answer = abort_target(call.connection, follower.target, CANCELLED, follower.own_execution)
        call.output.say([*lines_of_answer(answer), *lines_of_caller(answer)], {"event": "aborted", **answer})
        codes.append(_code_after_abort(answer))
    return worst_of(codes)


def _code_after_abort(answer: Mapping[str, Any]) -> ExitCode:
    """Rolled back, unless the abort could not do that: then its own code, or that of a watch that was left."""
    if answer.get("phase") in FORWARD or answer.get("answer") == "NOTHING_TO_ABORT":
        return ExitCode.DETACHED
    return exit_code_of_answer(answer) or ExitCode.ROLLED_BACK


@contextmanager
def cancellable() -> Iterator[None]:
    """SIGINT and SIGTERM interrupt, also where the parent process had SIGINT ignored, as a shell does for `command &`.

    Outside the main thread neither can be heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
