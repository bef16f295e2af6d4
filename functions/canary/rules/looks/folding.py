"""Folding: which new minutes go into the evidence, and what they add to the step's counts.

The counts come from outside, minute by minute. The same minutes always give the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_step
from canary.rules.judging.families import is_worse_when_cold
from canary.rules.judging.minutes import MINUTE_SECONDS, MinuteUse, cold_share
from canary.rules.looks.completeness import is_perhaps_late, use_of, wanted_minutes
from canary.rules.looks.effects import deltas
from canary.rules.looks.listening import begin_listening, listen_to_minute
from canary.rules.looks.look_numbers import MinuteRecord, measured, record_of
from canary.rules.looks.steps import count_minute, count_own_minute
from canary.rules.looks.warming import warm_up_of
from canary.rules.rollouts.rollout import Rollout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.judging.counts import Counts, Measured


@dataclass(frozen=True, slots=True)
class Folded:
    """The result of folding: the rollout after the new minutes, its evidence, and the frozen minutes."""

    rollout: Rollout
    evidence: judge.Evidence
    minutes: tuple[MinuteRecord, ...]


def fold_minutes(
    rollout: Rollout,
    evidence: judge.Evidence,
    counts: Mapping[int, Measured],
    now: float,
    *,
    integrated: Mapping[int, tuple[int, int]] = MappingProxyType({}),
) -> Folded:
    """Fold every complete minute after the last one used, in order; stop at the first incomplete one.

    `integrated`: by minute, the requests of canary and base that reached an integration, if they were counted.
    """
    start, end = wanted_minutes(rollout, now)
    frozen: list[MinuteRecord] = []
    for minute in range(start, end, MINUTE_SECONDS):
        seen = counts.get(minute, {})
        use = use_of(rollout, minute, seen, now)
        if use is MinuteUse.NOT_COMPLETE or is_perhaps_late(rollout, minute, counts, now):
            break
        seen = {metric: one.trusted for metric, one in seen.items()}
        both = integrated.get(minute)
        rollout, evidence = _fold(rollout, evidence, minute, seen, use, both)
        frozen.append(record_of(minute, use, seen, both))
    return Folded(rollout, evidence, tuple(frozen))


def _fold(
    rollout: Rollout, evidence: judge.Evidence, minute: int, seen: Measured, use: MinuteUse, integrated: tuple[int, int] | None
) -> tuple[Rollout, judge.Evidence]:
    """Count the minute, listen to it if the whole of it was the step's, and fold what is evidence."""
    rollout = count_minute(rollout, minute, seen)
    if _is_own(rollout, minute, use):
        if rollout.step.judged_minutes + rollout.step.silent_minutes == 0:
            rollout, evidence = begin_listening(rollout), begin_step(evidence, deltas(rollout.plan.policy, evidence))
        rollout = listen_to_minute(count_own_minute(rollout, seen), seen, integrated)
    judged = {metric: one.counts for metric, one in seen.items() if one.is_whole and metric in evidence.metrics}
    share = float(rollout.plan.policy.steps[rollout.step.index].weight_percent) / 100
    cold = cold_share(minute, shifts=rollout.shifts, warm_up=warm_up_of(rollout))
    return rollout, fold_minute(evidence, judged, use, share=share, cold=cold)


def _is_own(rollout: Rollout, minute: int, use: MinuteUse) -> bool:
    """Whether the whole minute had the present step's weight."""
    is_baking = rollout.step.baking_since is not None and minute >= rollout.shifts[-1]
    return is_baking and use is not MinuteUse.NOT_EVIDENCE


def fold_minute(
    evidence: judge.Evidence, counts: Mapping[str, Counts], use: MinuteUse, *, share: float, cold: float
) -> judge.Evidence:
    """Fold a complete minute as far as its use allows.

    `share`: the present step's, the most that the canary's rose to. `cold`: the part of the canary's requests that cold starts
    may make slow.
    """
    families = evidence.history.families
    slow = {metric: one for metric, one in counts.items() if is_worse_when_cold(families[metric])}
    rest = {metric: one for metric, one in counts.items() if metric not in slow}
    match use:
        case MinuteUse.FULL:
            return judge.fold(evidence, counts)
        case MinuteUse.COLD | MinuteUse.WARMING:
            return judge.fold_cold(judge.fold(evidence, rest), slow, cold=cold)
        case MinuteUse.NOT_EVIDENCE:
            return judge.fold_cold(judge.fold_shift(evidence, rest, share=share), slow, share=share, cold=cold)
        case MinuteUse.NOT_COMPLETE:
            return evidence
        case _:
            assert_never(use)


def refold(rollout: Rollout, evidence: judge.Evidence, record: MinuteRecord) -> tuple[Rollout, judge.Evidence]:
    """Fold a frozen minute again: what it was good for, and whether it was due, was decided when it was frozen.

    A count that cannot be right is recorded as not counted. Before that was so, the whole minute was skipped because of it.
    """
    seen = measured(record)
    if not all(counts.is_possible for counts in seen.values()):
        return count_minute(rollout, record.minute, seen), evidence
    return _fold(rollout, evidence, record.minute, seen, MinuteUse(record.use), record.integrated)
