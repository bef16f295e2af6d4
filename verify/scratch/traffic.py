"""Requests that check when a change of settings takes effect.

This module decides when a change counts as complete, and how long the old settings were still seen. The caller says what an
answer must look like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.account.clock import Deadline
from verify.scratch.answer import UnansweredError
from verify.scratch.replies import Reply

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

Expected = Callable[[Reply], bool]
FEWEST_WATCHED = 10
"""The minimum number of requests after each change, even if fewer fit into the time."""
OK = 200


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen after a change, in seconds since the call for it returned."""

    requests: int
    old: int
    failed: int
    first_new: float | None
    last_old: float | None


def is_arm(name: str) -> Expected:
    """Whether a mock method answered for this arm."""
    return lambda reply: reply.status == OK and reply.body.get("arm") == name


def is_version(version: str) -> Expected:
    """Whether this version of the function answered."""
    return lambda reply: reply.status == OK and reply.body.get("version") == version


def most_requests(pace: Pace, seconds: float) -> int:
    """The maximum number of requests that are sent in this many seconds."""
    return int(seconds / pace.request_seconds) + 2


def await_answer(scratch: Scratch, stage: Stage, path: str, expected: Expected) -> None:
    """Send requests until one is answered as expected.

    Raises:
        UnansweredError: no answer was as expected within `Pace.longest_watch_seconds`.
    """
    clock = scratch.aws.clock
    deadline = Deadline(clock, scratch.pace.longest_watch_seconds)
    while not expected(last := scratch.get(stage, path)):
        if deadline.is_over():
            raise UnansweredError(
                f"{path} of a scratch stage did not answer as it should within {scratch.pace.longest_watch_seconds:g} s; "
                f"the last status was {last.status}"
            )
        clock.sleep(scratch.pace.request_seconds)


def await_steady(scratch: Scratch, stage: Stage, path: str, expected: Expected) -> None:
    """Send requests until all of them were answered as expected for `Pace.steady_seconds`.

    Raises:
        UnansweredError: that never happened.
    """
    pace, clock = scratch.pace, scratch.aws.clock
    steady_since, deadline = clock.now(), Deadline(clock, pace.longest_watch_seconds)
    while clock.now() - steady_since < pace.steady_seconds:
        if deadline.is_over():
            raise UnansweredError(f"a change of a scratch stage was not complete after {pace.longest_watch_seconds:g} s")
        if not expected(scratch.get(stage, path)):
            steady_since = clock.now()
        clock.sleep(pace.request_seconds)


def watch(scratch: Scratch, stage: Stage, path: str, *, is_new: Expected, is_old: Expected) -> Watch:
    """Watch what requests see from now on, until no old answer has arrived for long enough.

    Raises:
        UnansweredError: no new answer ever arrived.
    """
    pace, clock = scratch.pace, scratch.aws.clock
    start = clock.now()
    requests = old = failed = 0
    first_new = last_old = None
    until = start + pace.watch_seconds
    while (sent := clock.now()) < until or requests < FEWEST_WATCHED:
        reply = scratch.get(stage, path)
        requests += 1
        if is_new(reply):
            first_new = sent - start if first_new is None else first_new
        elif is_old(reply):
            old, last_old = old + 1, sent - start
            until = min(max(until, sent + pace.watch_seconds / 2), start + pace.longest_watch_seconds)
        else:
            failed += 1
        clock.sleep(pace.request_seconds)
    if first_new is None:
        raise UnansweredError(f"nothing new was seen within {clock.now() - start:.0f} s of a change")
    return Watch(requests, old, failed, first_new, last_old)
