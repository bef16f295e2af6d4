"""One simulated rollout, recorded so that every judge can be asked when it would have rolled back.

The steps follow the product's plan and its verdicts on what it had seen by then. If the product would have rolled back, that is
noted, and the rollout continues by the clock to its end. So all judges meet the same requests under the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from bench.alarm_math import AlarmState
from bench.controller import GOES_ON, Controller, named
from bench.world import Minute, World
from canary.rules.judging.minutes import MINUTE_SECONDS, MinuteUse
from canary.rules.looks.look_schedule import seconds_to_look
from canary.rules.looks.verdict import VerdictKind

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy

SHIFT_SECONDS = 1.0
SEEN_AFTER_SECONDS = 60
"""For all judges: a minute's metrics are available one minute after its end."""
ROLLBACK_SECONDS = 15.0
"""A rollback takes as long to take effect as any other change, on average."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: its time, how many minutes it could see, its step, and whether that step (or the rollout) ends with it."""

    now: float
    seen: int
    step: int
    ends_step: bool


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


def roll_out(world: World, policy: Policy, *, later_seconds: int = 120) -> Tape:
    """Roll out the world's release under the policy. ``later_seconds``: a second metric delay to report as well."""
    history = world.history()
    tape = Tape(world, int(world.offset // 60))
    controller, alarm = Controller.begun(policy, history, world.families()), AlarmState()
    metrics, seen = tuple(history), {}
    _shift(tape, controller, world.offset)
    now = controller.baking_since
    while not tape.promoted_at:
        now += seconds_to_look(policy, now=now, look_seconds=MINUTE_SECONDS, promotion_due=controller.promotion_due)
        for minute in range(tape.first + len(tape.minutes), int(now // 60)):
            tape.minutes.append(world.minute(minute))
            seen[minute * 60] = named(tape.minutes[-1], metrics)
        visible = int((now - SEEN_AFTER_SECONDS) // 60) - tape.first
        heard = tape.looks[-1].seen if tape.looks else 0
        for minute_drawn in tape.minutes[heard:visible]:
            alarm.hear(minute_drawn.errors)
        verdict = controller.look(now, seen)
        _note_vetoes(tape, controller, alarm, now, later_seconds)
        tape.looks.append(Look(now, visible, controller.step, verdict.kind in GOES_ON))
        match verdict.kind:
            case VerdictKind.PROMOTE:
                tape.promoted_at = now
            case VerdictKind.ADVANCE:
                _shift(tape, controller, now)
                now = controller.baking_since
            case VerdictKind.ROLL_BACK:  # out of patience: no judge continues
                break
            case VerdictKind.CONTINUE | VerdictKind.HOLD:
                continue
            case _:
                assert_never(verdict.kind)
    tape.uses = [controller.uses[(tape.first + k) * 60] for k in range(len(controller.uses))]
    return _settled(tape)


def _shift(tape: Tape, controller: Controller, now: float) -> None:
    steps = controller.policy.steps
    controller.shift(now, now + SHIFT_SECONDS)
    tape.shifts.append(now)
    tape.world.shift(now, float(steps[controller.step].weight_percent) / 100.0, is_last=controller.step == len(steps) - 1)


def _note_vetoes(tape: Tape, controller: Controller, alarm: AlarmState, now: float, later_seconds: int) -> None:
    if tape.alarm_at is None and alarm.is_firing:
        tape.alarm_at = now
    if not controller.is_condemned:
        return
    if tape.judge_at is None:
        tape.judge_at = now
    if tape.judge_later_at is None and now >= controller.condemned_by + 60 + later_seconds:
        tape.judge_later_at = now


def _settled(tape: Tape) -> Tape:
    """A tape that has a promotion time even if it ran out of patience."""
    if not tape.promoted_at:
        tape.promoted_at = tape.looks[-1].now
    return tape
