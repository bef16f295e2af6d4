"""Faults that a test asks for: calls refused, lost, stalled or doubled, functions killed, Tasks failing, executions stopped.

Decides which call, Task or state is hit, and counts. How a refusal looks on the wire, and how an execution is stopped, is
`wire`'s and the Step Functions seam's business. Every call that any task makes is recorded, so that a test can loop over
them. A fault may also have someone else do something at just that moment: edit the target, abort, stop the execution.
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
"""As a `Fault`'s task: whichever of the controller's functions makes the call, but nobody else."""

UNANSWERED_SECONDS = 16.0
"""How long a client that gets no answer waits: three attempts of five seconds each, and the pauses between them."""

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
    UNSENT = "unsent"  # it never arrives, and its caller waits in vain
    LOST = "lost"  # it takes effect; its caller waits for the answer in vain, and lives
    TWICE = "twice"  # it takes effect, the answer is lost, and the SDK's second attempt takes effect too and is answered
    STALLED = "stalled"  # it takes effect `seconds` later, and the function waits for it
    SLOW = "slow"  # it takes effect at once, and is answered `seconds` later
    LATE = "late"  # its caller waits in vain; it takes effect `seconds` after it was made, whatever became of the caller
    MADE = "made"  # as ever: only the fault's `act` happens, before the call


BEFORE = {Mode.REFUSED, Mode.THROTTLED, Mode.KILLED_BEFORE}
"""Decided as an attempt is sent."""

AROUND = {Mode.UNSENT, Mode.LOST, Mode.TWICE, Mode.STALLED, Mode.SLOW, Mode.LATE, Mode.MADE}
"""Decided once for a call, whatever the SDK's attempts."""


class TaskMode(StrEnum):
    """What happens to a Task that a `TaskFault` hits."""

    FAILS = "fails"  # with `error`, instead of running the handler
    TIMES_OUT = "times_out"  # the Task's own timeout passes
    STOPPED = "stopped"  # the execution is stopped while the Task runs


@dataclass(slots=True)
class Fault:
    """Calls that go wrong. None matches any task, service or operation; times are epoch seconds.

    ``skips``: so many matching calls pass first. ``lasts``: from the first hit on, for so many seconds and no longer.
    ``seconds``: how long a call is stalled, slow or late. ``act``: what someone else does as the call is made.
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
        """Whether this call is hit; it counts as one that passed if it is not its turn yet."""
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


class Time(Protocol):
    """How a call that goes wrong takes its time."""

    def sleep(self, seconds: float) -> None:
        """Let the caller wait."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done after a while, by nobody in particular."""


class Faults:
    """What goes wrong in one embedded AWS, and what was called in it.

    ``wrong_until``: the time up to which anything has gone wrong so far, in epoch seconds.
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
        """Whether any fault has hit anything."""
        hits = [
            *(one.hits for one in self._faults),
            *(one.hits for one in self._task_faults),
            *(one.hits for one in self._stops),
        ]
        return any(hits)

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

    def around(self, service: str, operation: str, send: Callable[[], Answer], time: Time) -> Answer:
        """One call, all its attempts included, with what goes wrong with it as a whole.

        Raises:
            ReadTimeoutError: its caller gets no answer.

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
        """A call is about to be sent: record it; the mode in which to refuse it, if any.

        Raises:
            Killed: the function that makes it dies here.

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
    """The call takes effect, or AWS refuses it by now; there is nobody left to hear of it."""
    with running(task), suppress(ClientError):
        send()
