"""Faults that a test asks for: calls refused, functions killed, Tasks failing, executions stopped.

Decides which call, Task or state is hit, and counts. How a refusal looks on the wire, and how an execution is stopped, is
`wire`'s and the Step Functions seam's business. Every call that any task makes is recorded, so that a test can loop over
them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from local.running_task import running_task

if TYPE_CHECKING:
    from collections.abc import Callable


_KEPT_CALLS = 100_000


class Killed(BaseException):
    """Raised inside a handler to end it as SIGKILL would: no `except Exception` of its own may see it."""


class Call(NamedTuple):
    """One call to AWS; ``task`` is the controller's task that made it, None for anybody else's."""

    task: str | None
    service: str
    operation: str


class Mode(StrEnum):
    """What happens to a call that a `Fault` hits."""

    REFUSED = "refused"  # AccessDenied, before it takes effect
    THROTTLED = "throttled"  # too many requests, before it takes effect; the SDK tries again
    KILLED_BEFORE = "killed_before"  # the function dies before the call takes effect
    KILLED_AFTER = "killed_after"  # the function dies after it took effect, before it knows


class TaskMode(StrEnum):
    """What happens to a Task that a `TaskFault` hits."""

    FAILS = "fails"  # with `error`, instead of running the handler
    TIMES_OUT = "times_out"  # the Task's own timeout passes
    STOPPED = "stopped"  # the execution is stopped while the Task runs


@dataclass(slots=True)
class Fault:
    """Calls that go wrong. None matches any task, service or operation; times are epoch seconds."""

    task: str | None
    service: str | None
    operation: str | None
    mode: Mode
    from_: float = -math.inf
    until: float = math.inf
    times: int | None = None
    hits: int = field(default=0, init=False)

    def matches(self, call: Call, now: float) -> bool:
        """Whether this call is hit."""
        wanted = (self.task, self.service, self.operation)
        if any(want is not None and want != have for want, have in zip(wanted, call, strict=True)):
            return False
        return self.from_ <= now < self.until and not _is_spent(self.hits, self.times)


@dataclass(slots=True)
class TaskFault:
    """A Task state that goes wrong.

    ``error`` is what its Catch and Retry see: a Python exception's name, or ``Lambda.<Code>`` for a refusal of the Lambda
    service. ``runs_after`` makes the handler run all the same, so many seconds later: a late writer.
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
    """The execution is stopped as it enters ``state`` for the ``visit``-th time."""

    state: str
    visit: int = 1
    hits: int = field(default=0, init=False)


class Faults:
    """What goes wrong in one embedded AWS, and what was called in it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self._now = now
        self._faults: list[Fault] = []
        self._task_faults: list[TaskFault] = []
        self._stops: list[StopFault] = []

    def add(self, fault: Fault | TaskFault | StopFault) -> None:
        """From now on this goes wrong."""
        match fault:
            case Fault():
                self._faults.append(fault)
            case TaskFault():
                self._task_faults.append(fault)
            case StopFault():
                self._stops.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more; what was called is forgotten."""
        self.calls.clear()
        self._faults.clear()
        self._task_faults.clear()
        self._stops.clear()

    def calls_of(self, task: str) -> list[Call]:
        """The different calls that a task made, in the order of their first time."""
        return list(dict.fromkeys(call for call in self.calls if call.task == task))

    def before_call(self, service: str, operation: str) -> Mode | None:
        """A call is about to be sent: record it; the mode in which to refuse it, if any.

        Raises:
            Killed: the function that makes it dies here.

        """
        call = Call(running_task(), service, operation)
        self.calls.append(call)
        fault = self._hit(call, {Mode.REFUSED, Mode.THROTTLED, Mode.KILLED_BEFORE})
        if fault is None:
            return None
        if fault.mode is Mode.KILLED_BEFORE:
            raise Killed(f"before {service}.{operation}")
        return fault.mode

    def after_call(self, service: str, operation: str) -> None:
        """A call has taken effect.

        Raises:
            Killed: the function that made it dies here.

        """
        if self._hit(Call(running_task(), service, operation), {Mode.KILLED_AFTER}):
            raise Killed(f"after {service}.{operation}")

    def on_task(self, state: str) -> TaskFault | None:
        """A Task is about to invoke its function: what goes wrong with it, if anything."""
        for fault in self._task_faults:
            if fault.state == state and not _is_spent(fault.hits, fault.times):
                fault.hits += 1
                return fault
        return None

    def stops_at(self, state: str) -> bool:
        """An execution enters a state: whether it is stopped there."""
        stops = [stop for stop in self._stops if stop.state == state]
        for stop in stops:
            stop.hits += 1
        return any(stop.hits == stop.visit for stop in stops)

    def _hit(self, call: Call, modes: set[Mode]) -> Fault | None:
        for fault in self._faults:
            if fault.mode in modes and fault.matches(call, self._now()):
                fault.hits += 1
                return fault
        return None


def _is_spent(hits: int, times: int | None) -> bool:
    return times is not None and hits >= times
