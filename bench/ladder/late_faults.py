"""One rollout whose fault begins at any minute of ninety, before the promotion or after it, and what it harms to minute 120.

The controller is the product's: its course until the promotion, and its watch afterwards, which holds the release against the
ceilings of its own past. A rollout ends with its rollback; nobody else looks at its requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np

from bench.cells import Cell
from bench.rollout import ROLLBACK_SECONDS, named
from bench.world import MINUTE, Minute, World
from canary.rules.judging.absolute import begin_ceiling, log_evidence
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes
from canary.rules.judging.judge import Evidence
from canary.rules.judging.minutes import SETTLE_SECONDS
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.looks.look_schedule import LAG_SECONDS
from canary.rules.looks.verdict import LAST_WORDS
from canary_cli.backtest.alarm_math import SEEN_AFTER_SECONDS, AlarmState
from canary_cli.backtest.course import Course, Named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.targets.policy import Policy

FAULT_WITHIN_MINUTES = 90.0
HARM_UNTIL_MINUTES = 120.0
REVERT_SECONDS = 60.0
"""From the watch's verdict until base's old version serves all traffic."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One rollout, in minutes after the first shift; None: it did not happen.

    ``harm``: for how many minutes of the whole traffic the fault was met. ``fault``: when it began. ``last_weight``: when the
    last step that it took began.
    """

    harm: float
    fault: float
    back: float | None
    promoted: float | None
    last_weight: float


@dataclass(slots=True)
class Draw:
    """A world to be met by several policies: the same history, the same fault and the same stream of requests for each."""

    cell: Cell
    seed: tuple[int, ...]
    fault_minutes: float
    evidence: Evidence
    metrics: tuple[str, ...]
    stream: Mapping[str, object]

    @classmethod
    def of(cls, cell: Cell, seed: tuple[int, ...], alpha: float) -> Draw:
        """The draw of a seed; the same seed gives the same one."""
        rng = np.random.default_rng(seed)
        world = World(cell, rng)
        history, families = world.history(), world.families()
        fault = float(rng.uniform(0.0, FAULT_WITHIN_MINUTES))
        evidence = begin_evidence(history, families=families, stakes=stakes(families), alpha=alpha)
        return cls(cell, seed, fault, evidence, tuple(history), rng.bit_generator.state)

    def world(self) -> World:
        """The world before its first shift."""
        world = World(self.cell, np.random.default_rng(self.seed))
        world.rng.bit_generator.state = dict(self.stream)
        if not self.cell.release.is_good:
            world.fault = world.offset + self.fault_minutes * MINUTE
        return world


@dataclass(slots=True)
class _Arms:
    """The world's arms; every minute is recorded."""

    world: World
    metrics: tuple[str, ...]
    minutes: list[Minute]
    shifts: list[float]

    def shift(self, now: float, share: float, *, is_last: bool) -> None:
        self.shifts.append(now)
        self.world.shift(now, share, is_last=is_last)

    def counts(self, index: int) -> Named:
        self.minutes.append(self.world.minute(index))
        return named(self.minutes[-1], self.metrics)


def roll_out(draw: Draw, policy: Policy) -> Ended:
    """The rollout under the policy, up to its rollback or to minute 120."""
    world = draw.world()
    arms = _Arms(world, draw.metrics, [], [])
    course = Course(policy, draw.evidence, requests_needed_by_step(policy, draw.evidence))
    first, alarm, heard = int(world.offset // MINUTE), AlarmState(), 0
    for now, verdict, _ in course.drive(arms, world.offset):
        visible = int((now - SEEN_AFTER_SECONDS) // MINUTE) - first
        for minute in arms.minutes[heard:visible]:
            alarm.hear(minute.errors)
        heard = max(heard, visible)
        if course.is_condemned or alarm.is_firing:
            return _ended(draw, world, arms, back=now, promoted=None)
        if verdict.kind in LAST_WORDS:
            return _watched(draw, world, arms, course, now)
    raise AssertionError("a course ends with its last word")


def _watched(draw: Draw, world: World, arms: _Arms, course: Course, promoted: float) -> Ended:
    """The promoted release under its watch. Its minutes are drawn as the canary's, which has all requests."""
    world.shift(promoted, 1.0, is_last=False)
    policy, history = course.policy, course.evidence.history
    begins, ends = ceil((promoted + SETTLE_SECONDS) / MINUTE), promoted + policy.watch_seconds
    during = _base_counts(arms.minutes, draw.metrics)
    ceilings = {}
    for name, base in history.bases.items():
        family = history.families[name].value
        points = max(policy.detect.get(family, 0.0), policy.delta.get(family, 0.0))
        begun = begin_ceiling(base, during[name], points=points, stake=history.stakes[name], starts=policy.watch_seconds // 60)
        if begun is not None:
            ceilings[name] = begun
    for index in range(begins, int(ends // MINUTE)):
        now = (index + 1) * MINUTE + policy.metric_delay_seconds + LAG_SECONDS
        counts = named(world.minute(index), draw.metrics)
        ceilings = {name: one.after(*counts[name][:2]) if counts[name][0] else one for name, one in ceilings.items()}
        if now <= ends and ceilings and log_evidence(ceilings.values()) >= -log(policy.alpha):
            return _ended(draw, world, arms, back=now + REVERT_SECONDS, promoted=promoted)
    return _ended(draw, world, arms, back=None, promoted=promoted)


def _base_counts(minutes: Sequence[Minute], metrics: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    told = [named(minute, metrics) for minute in minutes]
    return {name: (sum(one[name][2] for one in told), sum(one[name][3] for one in told)) for name in metrics}


def _ended(draw: Draw, world: World, arms: _Arms, *, back: float | None, promoted: float | None) -> Ended:
    began = arms.shifts[0]
    return Ended(
        harm=0.0 if world.fault is None else sum(_met(world, world.fault, back)) / MINUTE,
        fault=draw.fault_minutes,
        back=None if back is None else (back - began) / MINUTE,
        promoted=None if promoted is None else (promoted - began) / MINUTE,
        last_weight=(arms.shifts[-1] - began) / MINUTE,
    )


def _met(world: World, fault: float, back: float | None) -> Iterator[float]:
    """Seconds of the whole traffic that met the fault, one number for each weight."""
    until = world.offset + HARM_UNTIL_MINUTES * MINUTE
    until = until if back is None else min(until, back + ROLLBACK_SECONDS)
    ends = [at for at, _ in world.switches[1:]] + [until]
    for (begins, share), end in zip(world.switches, ends, strict=True):
        yield share * max(min(end, until) - max(begins, fault), 0.0)
