"""Replays starts under policies, each with every fault, and says how each of the rollouts would have ended.

A rollout that waits beyond its extension for proof ends here as unproven: from then on people decide. A scheduled policy is
replayed as if each advance came at once.
"""

from __future__ import annotations

import enum
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.judging.warm_up import USUAL
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.looks.verdict import VerdictKind
from canary.rules.releases.plan import choose_look_seconds, longest_seconds
from canary.rules.targets.policy import Policy, Progression, WhenUnproven
from canary_cli.backtest.alarm_math import SEEN_AFTER_SECONDS, AlarmState
from canary_cli.backtest.course import Course
from canary_cli.backtest.releases import Fault, harm_of
from canary_cli.backtest.splitting import PastEndError, SplitArms, Start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canary_cli.backtest.course import Looked, Named

CHUNK = 8
"""Starts that a process takes at once."""

WORTH_PROCESSES = 400
"""Fewer replays are done before other processes have begun."""

SLACK_SECONDS = 900
"""A step may last a few looks longer than its policy allows, and the metrics of its end come later."""


class Ending(enum.StrEnum):
    """How a replayed rollout ended."""

    PROMOTED = "promoted"
    CONDEMNED = "condemned"
    ALARMED = "alarmed"
    UNPROVEN = "unproven"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Question:
    """What is the same for all starts.

    ``policies`` and ``faults`` are replayed with each other; ``watched`` are the metrics that an alarm of the target compares,
    ``traffic`` is the one whose counts say how many requests there were. ``lost_share``: the part of all requests that a lost
    route had. ``seed``: of the draws. ``warm_up``: as in the target's metrics.
    """

    policies: tuple[Policy, ...]
    faults: tuple[Fault, ...]
    watched: tuple[str, ...]
    traffic: str
    lost_share: float = 0.0
    seed: int = 0
    warm_up: tuple[float, ...] = USUAL


@dataclass(frozen=True, slots=True)
class Replay:
    """One rollout: its start (epoch seconds), policy and fault, and how it ended after how many minutes."""

    at: float
    policy: str
    fault: Fault
    ending: Ending
    minutes: float


def as_replayed(policy: Policy) -> Policy:
    """The policy without what needs people: a lack of proof ends the rollout, and it is not parked."""
    waits = policy.when_unproven is WhenUnproven.HOLD
    unproven = WhenUnproven.ROLL_BACK if waits else policy.when_unproven
    return replace(policy, when_unproven=unproven, progression=Progression.CONTINUOUS)


def replay_seconds(policy: Policy) -> int:
    """The longest that a replay under this policy takes."""
    return longest_seconds(as_replayed(policy)) + SLACK_SECONDS


def replay_all(question: Question, starts: Sequence[Start], *, processes: int = 1) -> list[Replay]:
    """Every start under every policy with every fault."""
    replays = len(starts) * len(question.policies) * len(question.faults)
    if processes == 1 or replays < WORTH_PROCESSES:
        return [*_replay_some(question, starts)]
    sent = replace(question, policies=tuple(map(_as_sent, question.policies)))
    chunks = [starts[first : first + CHUNK] for first in range(0, len(starts), CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [*chain.from_iterable(pool.map(partial(_replayed, sent), chunks))]


def _as_sent(policy: Policy) -> Policy:
    """The policy as another process can be given it."""
    return replace(policy, detect=dict(policy.detect), delta=dict(policy.delta))


def _replayed(question: Question, starts: Sequence[Start]) -> list[Replay]:
    return [*_replay_some(question, starts)]


def _replay_some(question: Question, starts: Iterable[Start]) -> Iterator[Replay]:
    for start in starts:
        for policy in question.policies:
            if len(start.minutes) * MINUTE_SECONDS < replay_seconds(policy):
                yield from (Replay(start.at, policy.name, fault, Ending.CUT_OFF, 0.0) for fault in question.faults)
            else:
                yield from _replay_faults(question, start, policy)


def _replay_faults(question: Question, start: Start, policy: Policy) -> Iterator[Replay]:
    history = replace(start.evidence.history, alpha=policy.alpha)
    evidence = replace(start.evidence, history=history)
    needed = requests_needed_by_step(policy, evidence)
    for fault in question.faults:
        course = Course(as_replayed(policy), evidence, needed, question.traffic, warm_up=question.warm_up)
        rng = Random(f"{question.seed} {start.at} {fault.value}")  # noqa: S311 - a simulation's draws, not secrets
        ending, ended = _replay(course, SplitArms(start, harm_of(fault, question.lost_share), rng), question.watched)
        yield Replay(start.at, policy.name, fault, ending, (ended - start.at) / MINUTE_SECONDS)


def _replay(course: Course, arms: SplitArms, watched: tuple[str, ...]) -> tuple[Ending, float]:
    """How the rollout ended, and when."""
    began, alarms = arms.start.at, Alarms(watched, int(arms.start.at // MINUTE_SECONDS))
    looks = course.drive(arms, began, look_seconds=choose_look_seconds(course.policy) or MINUTE_SECONDS)
    last = began
    try:
        for look in looks:
            last = look.now
            if course.is_condemned:
                return Ending.CONDEMNED, last
            if alarms.is_firing(look):
                return Ending.ALARMED, last
    except PastEndError:
        return Ending.CUT_OFF, last
    is_promoted = look.verdict.kind is VerdictKind.PROMOTE
    return Ending.PROMOTED if is_promoted else Ending.UNPROVEN, last


class Alarms:
    """The target's alarms over one rollout, each on one of the watched metrics."""

    def __init__(self, watched: tuple[str, ...], first: int) -> None:
        self._states = {metric: AlarmState() for metric in watched}
        self._heard = first

    def is_firing(self, look: Looked) -> bool:
        """Whether one fired since the last look."""
        has_fired = False
        visible = int((look.now - SEEN_AFTER_SECONDS) // MINUTE_SECONDS)
        for index in range(self._heard, visible):
            seen: Named = look.seen[index * MINUTE_SECONDS]
            for metric, state in self._states.items():
                state.hear(seen.get(metric, (0, 0, 0, 0)))
                has_fired |= state.is_firing
        self._heard = max(self._heard, visible)
        return has_fired
