"""Faults that a test injects: calls refused, lost, stalled or doubled, functions killed, Tasks failing, executions stopped.

Decides which call, Task or state a fault hits, and counts the hits. `wire` decides how a refusal looks on the wire, and the
Step Functions seam how an execution is stopped. Every call is recorded with the guest function that made it, so that a test
can loop over them. A fault can also run an action of someone else at that moment, such as editing a stage or stopping the
execution.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from botocore.exceptions import ClientError, ReadTimeoutError

from embedded_aws.faults.caller import running, running_task

Answer = TypeVar("Answer")

ANY_TASK = "any task"
"""As a `Fault`'s task: any guest function, but no other caller."""

UNANSWERED_SECONDS = 16.0
"""How long a client waits for an answer that never comes: three attempts of five seconds each, plus the pauses between."""

_KEPT_CALLS = 100_000


class Killed(BaseException):
    """Raised inside a handler to end it as SIGKILL would, so that its own `except Exception` does not catch it."""


class Call(NamedTuple):
    """One call to AWS; ``task`` is the guest function that made it, None for other callers."""

    task: str | None
    service: str
    operation: str


class Mode(StrEnum):
    """What happens to a call that a `Fault` hits."""

    REFUSED = "refused"  # AccessDenied, before it takes effect
    THROTTLED = "throttled"  # too many requests, before it takes effect; the SDK retries
    KILLED_BEFORE = "killed_before"  # the function dies before the call takes effect
    KILLED_AFTER = "killed_after"  # the function dies after the call took effect, before it gets the answer
    UNSENT = "unsent"  # it never arrives, and its caller waits until the timeout
    LOST = "lost"  # it takes effect; its caller waits until the timeout and goes on
    TWICE = "twice"  # it takes effect, its answer is lost, and the SDK's second attempt takes effect too and is answered
    STALLED = "stalled"  # it takes effect `seconds` later, and its caller waits for it
    SLOW = "slow"  # it takes effect at once, and is answered `seconds` later
    LATE = "late"  # its caller waits until the timeout; it takes effect `seconds` after it was made, even if the caller is gone
    MADE = "made"  # it succeeds as usual; only the fault's `act` runs, before the call


BEFORE = {Mode.REFUSED, Mode.THROTTLED, Mode.KILLED_BEFORE}
"""Decided for each attempt when it is sent."""

AROUND = {Mode.UNSENT, Mode.LOST, Mode.TWICE, Mode.STALLED, Mode.SLOW, Mode.LATE, Mode.MADE}
"""Decided once per call, however many attempts the SDK makes."""


class TaskMode(StrEnum):
    """What happens to a Task that a `TaskFault` hits."""

    FAILS = "fails"  # it fails with `error`, and the handler does not run
    TIMES_OUT = "times_out"  # the Task's own timeout passes
    STOPPED = "stopped"  # the execution is stopped while the Task runs


@dataclass(slots=True)
class Fault:
    """Calls that go wrong. None matches any caller, service or operation; times are epoch seconds.

    ``skips``: how many matching calls pass first. ``lasts``: for how many seconds after its first hit the fault stays active.
    ``seconds``: how long a call is stalled, slow or late. ``act``: what someone else does when the call is made.
    """

    task: str | None
    service: str | None
    operation: str | None
    mode: Mode
    from_: float = -math.inf
    until: float = math.inf
    times: int | None = None
    skips: int = 0
    lasts: float | None = None
    seconds: float = 0.0
    act: Callable[[], object] | None = None
    hits: int = field(default=0, init=False)

    def matches(self, call: Call, now: float) -> bool:
        """Whether this call is hit; a call that is still to be skipped is counted as skipped."""
        if self.task == ANY_TASK and call.task is None:
            return False
        wanted = (None if self.task == ANY_TASK else self.task, self.service, self.operation)
        if any(want is not None and want != have for want, have in zip(wanted, call, strict=True)):
            return False
        if not self.from_ <= now < self.until or _is_spent(self.hits, self.times):
            return False
        if self.skips:
            self.skips -= 1
            return False
        if self.lasts is not None and math.isinf(self.until):
            self.until = now + self.lasts
        return True


@dataclass(slots=True)
class TaskFault:
    """A Task state that goes wrong.

    ``error`` is what its Catch and Retry see: a Python exception's name, or ``Lambda.<Code>`` for a refusal of the Lambda
    service. ``runs_after`` makes the handler run all the same, this many seconds later, as a late writer.
    """

    state: str
    mode: TaskMode
    times: int | None = None
    error: str = "Exception"
    message: str = "a fault that the test asked for"
    runs_after: float | None = None
    hits: int = field(default=0, init=False)


@dataclass(slots=True)
class StopFault:
    """The execution is stopped when it enters ``state`` for the ``visit``-th time."""

    state: str
    visit: int = 1
    hits: int = field(default=0, init=False)


class Time(Protocol):
    """How a failing call spends time."""

    def sleep(self, seconds: float) -> None:
        """Make the caller wait."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run something later, on nobody's behalf."""


class Faults:
    """The faults in one embedded AWS, and the calls made in it.

    ``wrong_until``: the epoch second up to which something has gone wrong so far.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self.wrong_until = -math.inf
        self._now = now
        self._faults: list[Fault] = []
        self._task_faults: list[TaskFault] = []
        self._stops: list[StopFault] = []

    @property
    def has_hit(self) -> bool:
        """Whether any fault has hit."""
        hits = [
            *(one.hits for one in self._faults),
            *(one.hits for one in self._task_faults),
            *(one.hits for one in self._stops),
        ]
        return any(hits)

    def add(self, fault: Fault | TaskFault | StopFault) -> None:
        """Activate a fault from now on."""
        match fault:
            case Fault():
                self._faults.append(fault)
            case TaskFault():
                self._task_faults.append(fault)
            case StopFault():
                self._stops.append(fault)

    def clear(self) -> None:
        """Remove all faults, and drop the recorded calls."""
        self.calls.clear()
        self._faults.clear()
        self._task_faults.clear()
        self._stops.clear()

    def calls_of(self, task: str) -> list[Call]:
        """The distinct calls that a guest function made, in the order of their first occurrence."""
        return list(dict.fromkeys(call for call in self.calls if call.task == task))

    def around(self, service: str, operation: str, send: Callable[[], Answer], time: Time) -> Answer:
        """Send one call, all its attempts included, with the fault that hits it as a whole.

        Raises:
            ReadTimeoutError: the caller gets no answer.
        """
        fault = self._hit(Call(running_task(), service, operation), AROUND)
        if fault is None:
            return send()
        if fault.act is not None:
            with running(None):
                fault.act()
        self.wrong_until = max(self.wrong_until, self._now() + fault.seconds)
        match fault.mode:
            case Mode.TWICE:
                send()
            case Mode.STALLED:
                time.sleep(fault.seconds)
            case Mode.SLOW:
                answer = send()
                time.sleep(fault.seconds)
                return answer
            case Mode.LOST:
                send()
                raise self._unanswered(time)
            case Mode.UNSENT:
                raise self._unanswered(time)
            case Mode.LATE:
                task = running_task()
                time.call_later(fault.seconds, lambda: _send_late(task, send))
                raise self._unanswered(time)
        return send()

    def before_call(self, service: str, operation: str) -> Mode | None:
        """Record a call that is about to be sent; returns the mode in which to refuse it, None if it passes.

        Raises:
            Killed: the calling function dies here.
        """
        call = Call(running_task(), service, operation)
        self.calls.append(call)
        fault = self._hit(call, BEFORE)
        if fault is None:
            return None
        if fault.mode is Mode.KILLED_BEFORE:
            raise Killed(f"before {service}.{operation}")
        return fault.mode

    def after_call(self, service: str, operation: str) -> None:
        """A call has taken effect; kill its function if a fault says so.

        Raises:
            Killed: the calling function dies here.
        """
        if self._hit(Call(running_task(), service, operation), {Mode.KILLED_AFTER}):
            raise Killed(f"after {service}.{operation}")

    def on_task(self, state: str) -> TaskFault | None:
        """The fault that hits a Task which is about to invoke its function; None if there is none."""
        for fault in self._task_faults:
            if fault.state == state and not _is_spent(fault.hits, fault.times):
                fault.hits += 1
                return fault
        return None

    def stops_at(self, state: str) -> bool:
        """Whether an execution is stopped as it enters this state."""
        stops = [stop for stop in self._stops if stop.state == state]
        for stop in stops:
            stop.hits += 1
        return any(stop.hits == stop.visit for stop in stops)

    def _hit(self, call: Call, modes: set[Mode]) -> Fault | None:
        for fault in self._faults:
            if fault.mode in modes and fault.matches(call, self._now()):
                fault.hits += 1
                self.wrong_until = max(self.wrong_until, self._now())
                return fault
        return None

    def _unanswered(self, time: Time) -> ReadTimeoutError:
        time.sleep(UNANSWERED_SECONDS)
        self.wrong_until = max(self.wrong_until, self._now())
        return ReadTimeoutError(endpoint_url="an AWS that did not answer")


def _is_spent(hits: int, times: int | None) -> bool:
    return times is not None and hits >= times


def _send_late(task: str | None, send: Callable[[], object]) -> None:
    """Make the call late; nobody is left to receive its result, even if AWS refuses it by now."""
    with running(task), suppress(ClientError):
        send()
