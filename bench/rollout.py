"""One simulated rollout, recorded so that every judge can be asked when it would have rolled back.

The steps follow the product's plan and its verdicts on what it had seen by then. If the product would have rolled back, that is
noted, and the rollout continues by the clock to its end. So all judges meet the same requests under the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from bench.world import Minute, World
from canary.rules.judging.minutes import MINUTE_SECONDS, MinuteUse
from canary.rules.judging.warm_up import USUAL
from canary.rules.looks.sources import CLIENT_ERRORS
from canary.rules.looks.verdict import GOES_ON, LAST_WORDS
from canary_cli.backtest.alarm_math import SEEN_AFTER_SECONDS, AlarmState
from canary_cli.backtest.course import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.rules.targets.policy import Policy
    from canary_cli.backtest.course import Named

ROLLBACK_SECONDS = 15.0
"""A rollback takes as long to take effect as any other change, on average."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: its time, how many minutes it could see, its step, and whether that step (or the rollout) ends with it.

    ``strength``: ln of the evidence. ``may_be_calm``: whether nothing speaks against the canary if the evidence has not risen.
    """

    now: float
    seen: int
    step: int
    ends_step: bool
    strength: float
    may_be_calm: bool


@dataclass(slots=True)
class Tape:
    """A whole rollout. ``first`` is the wall minute of the first of ``minutes``; the rest is seconds.

    ``vetoes``: when evidence and alarm vetoed. ``shifts``: when each step began.
    """

    world: World
    first: int
    minutes: list[Minute] = field(default_factory=list)
    uses: list[MinuteUse] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)
    judge_at: float | None = None
    judge_later_at: float | None = None
    alarm_at: float | None = None
    promoted_at: float = 0.0

    @property
    def began(self) -> float:
        """The first shift."""
        return self.shifts[0]

    def harm(self, stopped_at: float | None) -> float:
        """Requests harmed until the rollback, or until half an hour after the promotion."""
        end = self.promoted_at if stopped_at is None else min(stopped_at + ROLLBACK_SECONDS, self.promoted_at)
        until = end / 60.0 - self.first
        whole = min(int(until), len(self.minutes))
        harm = sum(minute.truth.excess for minute in self.minutes[:whole])
        if whole < len(self.minutes):
            harm += (until - whole) * self.minutes[whole].truth.excess
        return harm + (self.world.final_excess() if stopped_at is None else 0.0)


@dataclass(slots=True)
class _Arms:
    """Both arms of the world's release; whatever happens to them is recorded."""

    tape: Tape
    metrics: tuple[str, ...]

    def shift(self, now: float, share: float, *, is_last: bool) -> None:
        """Record the shift, and tell the world."""
        self.tape.shifts.append(now)
        self.tape.world.shift(now, share, is_last=is_last)

    def counts(self, index: int) -> Named:
        """Draw the minute, and record it."""
        self.tape.minutes.append(self.tape.world.minute(index))
        return named(self.tape.minutes[-1], self.metrics)


def roll_out(world: World, policy: Policy, *, later_seconds: int = 120, warm_up: tuple[float, ...] = USUAL) -> Tape:
    """Roll out the world's release under the policy.

    The tape has a look each minute, for other judges. The product's vetoes are those of the looks that the policy takes.

    ``later_seconds``: a second metric delay to report as well. ``warm_up``: as in the target's metrics.
    """
    history = world.history()
    tape = Tape(world, int(world.offset // 60))
    minutely = replace(policy, calm_look_seconds=MINUTE_SECONDS)
    course, alarm, due = Course.begun(minutely, history, world.families(), warm_up=warm_up), AlarmState(), 0.0
    has_fired, before = False, 0.0
    for now, verdict, _ in course.drive(_Arms(tape, tuple(history)), world.offset):
        visible = int((now - SEEN_AFTER_SECONDS) // 60) - tape.first
        heard = tape.looks[-1].seen if tape.looks else 0
        for minute_drawn in tape.minutes[heard:visible]:
            alarm.hear(minute_drawn.errors)
        strength, may_be_calm = course.evidence.log_strength, course.is_calm_after(verdict, inf)
        look = Look(now, visible, course.step, verdict.kind in GOES_ON, strength, may_be_calm)
        tape.looks.append(look)
        has_fired |= alarm.is_firing
        if now >= due:
            _note_vetoes(tape, course, now, later_seconds, has_fired=has_fired)
            due = now + course.seconds_to_look(policy, now, MINUTE_SECONDS, is_calm=may_be_calm and strength <= before)
            before = strength
        if verdict.kind in LAST_WORDS:  # promoted, or out of patience: no judge continues
            tape.promoted_at = now
    tape.uses = [course.uses[(tape.first + k) * 60] for k in range(len(course.uses))]
    return tape


def named(minute: Minute, metrics: Sequence[str]) -> Named:
    """A minute's counts by the product's metric names."""
    counts = {"errors": minute.errors, CLIENT_ERRORS: minute.client_errors}
    slow = [metric for metric in metrics if metric not in counts]
    return {**counts, **dict(zip(slow, minute.slow, strict=True))}


def _note_vetoes(tape: Tape, course: Course, now: float, later_seconds: int, *, has_fired: bool) -> None:
    if tape.alarm_at is None and has_fired:
        tape.alarm_at = now
    if not course.is_condemned:
        return
    if tape.judge_at is None:
        tape.judge_at = now
    if tape.judge_later_at is None and now >= course.condemned_by + 60 + later_seconds:
        tape.judge_later_at = now
