"""EventBridge Scheduler on the clock: schedules come due in their time zones and invoke their targets.

Decides when a schedule fires, with what input, and how often it is retried. Delivery is at least once and accurate to a
minute (docs/aws.md#scheduler-delivery), so a test can make it happen twice, late or never. The seam knows which schedules
exist and how to call a target.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from embedded_aws.events.bus import iso_seconds
from embedded_aws.events.schedules import ScheduleError, epoch_of, parse_rate, parse_schedule

if TYPE_CHECKING:
    import random

    from embedded_aws.time.clock import Clock

DELIVERY_SECONDS = 1.0
RETRY_SECONDS = 60.0
LONGEST_RETRY_SECONDS = 3600.0
DEFAULT_ATTEMPTS, DEFAULT_AGE_SECONDS = 185, 86_400
_KEPT_FIRINGS = 10_000
_TIMES = {"once": 1, "twice": 2, "never": 0}
_AT = "at("

Key = tuple[str, str]
"""A schedule's group and name."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it is now. ``made``, ``start`` and ``end`` are epoch seconds; ``window`` is in minutes."""

    arn: str
    group_arn: str
    expression: str
    zone: str
    target: Mapping[str, Any]
    made: float
    is_enabled: bool = True
    start: float | None = None
    end: float | None = None
    window: int = 0
    is_deleted_when_over: bool = False

    def next_after(self, after: float) -> float | None:
        """The next time after ``after`` at which it is due; None if there is none.

        Raises:
            ScheduleError: EventBridge Scheduler rejects the expression, or does not know the time zone.

        """
        zone = find_zone(self.zone)
        if self.expression.startswith(_AT):
            due = _once(self.expression, zone)
            return due if due is not None and due > after else None
        rate = parse_rate(self.expression)
        begins = self.start if self.start is not None else self.made
        if rate is not None:
            # A rate is first due at the start itself (docs/aws.md#schedule-types).
            due = begins if after < begins else begins + ((after - begins) // rate + 1) * rate
        else:
            due = parse_schedule(self.expression, zone)(max(after, begins - 1))
        return None if due is None or (self.end is not None and due > self.end) else due


class Firing(NamedTuple):
    """One attempt to call a target."""

    at: float
    schedule: str
    scheduled_at: float
    attempt: int
    execution_id: str
    input: str


class Failure(NamedTuple):
    """Why a firing is given up: the last error, and the limit that was reached."""

    code: str
    message: str
    exhausted: Literal["MaximumRetryAttempts", "MaximumEventAgeInSeconds"]


class TargetError(Exception):
    """A target could not be called."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Scheduler:
    """Every schedule of one account and Region.

    ``call`` calls a schedule's target with a firing's input and raises `TargetError`. ``give_up`` gets a firing that is not
    retried any more. ``find`` returns the schedule as it is now. ``delete`` removes one that has ended.
    """

    def __init__(self, clock: Clock, *, rng: random.Random) -> None:
        self.deliver: Literal["once", "twice", "never"] = "once"
        self.late_seconds = 0.0
        self.firings: deque[Firing] = deque(maxlen=_KEPT_FIRINGS)
        self.find: Callable[[Key], Schedule | None] = lambda _: None
        self.call: Callable[[Schedule, Firing], None] = lambda *_: None
        self.give_up: Callable[[Schedule, Firing, Failure], None] = lambda *_: None
        self.delete: Callable[[Key], None] = lambda _: None
        self._clock = clock
        self._rng = rng
        self._generations: dict[Key, int] = {}

    def put(self, key: Key) -> None:
        """Schedule a new or changed schedule. Its earlier form never fires again."""
        self._generations[key] = self._generations.get(key, 0) + 1
        self._wait(key, self._generations[key], self._clock.now() - 1)

    def _wait(self, key: Key, generation: int, after: float) -> None:
        schedule = self.find(key)
        due = schedule.next_after(after) if schedule else None
        if schedule is None or due is None:
            if schedule is not None and schedule.is_deleted_when_over:
                self.delete(key)
            return

        def fire() -> None:
            present = self.find(key)
            if present is None or self._generations[key] != generation:
                return
            if present.is_enabled:
                self._fire(present, due)
            self._wait(key, generation, due)

        self._clock.call_at(due, fire, name=f"schedule {key[1]}")

    def _fire(self, schedule: Schedule, due: float) -> None:
        late = self.late_seconds + (self._rng.uniform(0, schedule.window * 60) if schedule.window else 0.0)
        for time in range(_TIMES[self.deliver]):
            self._try_at(due + late + DELIVERY_SECONDS * (time + 1), schedule, due, attempt=1)

    def _try_at(self, at: float, schedule: Schedule, due: float, *, attempt: int) -> None:
        def attempt_it() -> None:
            firing = self._firing(schedule, due, attempt)
            self.firings.append(firing)
            try:
                self.call(schedule, firing)
            except TargetError as error:
                self._after_failure(schedule, firing, error)

        self._clock.call_at(at, attempt_it, name=f"firing of {schedule.arn}")

    def _after_failure(self, schedule: Schedule, firing: Firing, error: TargetError) -> None:
        policy = schedule.target.get("RetryPolicy", {})
        age = self._clock.now() - firing.scheduled_at
        wait = min(RETRY_SECONDS * 2 ** (firing.attempt - 1), LONGEST_RETRY_SECONDS)
        if firing.attempt > policy.get("MaximumRetryAttempts", DEFAULT_ATTEMPTS):
            self.give_up(schedule, firing, Failure(error.code, str(error), "MaximumRetryAttempts"))
        elif age + wait > policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS):
            self.give_up(schedule, firing, Failure(error.code, str(error), "MaximumEventAgeInSeconds"))
        else:
            self._try_at(self._clock.now() + wait, schedule, firing.scheduled_at, attempt=firing.attempt + 1)

    def _firing(self, schedule: Schedule, due: float, attempt: int) -> Firing:
        """One attempt, with the target's input, in which the context attributes are filled in."""
        execution_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        attributes = {
            "schedule-arn": schedule.arn,
            "scheduled-time": iso_seconds(due),
            "execution-id": execution_id,
            "attempt-number": str(attempt),
        }
        text = schedule.target.get("Input", "{}")
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return Firing(self._clock.now(), schedule.arn, due, attempt, execution_id, text)


def find_zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        ScheduleError: no time zone has this name.

    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ScheduleError(f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin") from error


def _once(expression: str, zone: ZoneInfo) -> float | None:
    """The time in ``at(...)``."""
    try:
        wall = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")  # noqa: DTZ007 - local time, the zone follows
    except ValueError as error:
        raise ScheduleError(f"{expression!r} is not a time; write it like at(2026-01-05T13:30:00)") from error
    return epoch_of(wall, zone)
