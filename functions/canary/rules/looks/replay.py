"""A rollout's looks, replayed from its record: the same minutes folded again give the same evidence.

Each look records the minutes that it folded. So the rollout's record, the frozen history and the looks are enough to compute
every number again. What is not recorded as a number, such as the state of the alarms, is in the verdict's reason only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from canary.rules.judging.confidence import NOTHING_COMPARED, Comparison
from canary.rules.judging.evidence import unfolded
from canary.rules.judging.harm import Harm
from canary.rules.judging.judge import Evidence
from canary.rules.judging.minutes import MinuteUse
from canary.rules.judging.split import NO_SPLIT_EVIDENCE
from canary.rules.looks.folding import refold
from canary.rules.looks.look_numbers import MinuteRecord, measured
from canary.rules.looks.verdict import VerdictKind
from canary.rules.rollouts.rollout import Rollout, StepState, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.judging.confidence import Compared
    from canary.rules.judging.history import History

TOLERANCE = 0.00011
"""Logarithms are recorded with four decimals."""


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """A look as its item in the table has it; ``at`` is in epoch seconds, ``step`` the step's index."""

    at: float
    verdict: VerdictKind
    reason: str
    step: int
    minutes: tuple[MinuteRecord, ...]
    log_e: float
    log_e_assisted: float
    log_e_by_metric: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReplayedMinute:
    """A minute, the step it was folded in, and the evidence after it."""

    record: MinuteRecord
    step: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ReplayedLook:
    """A look, its minutes, and what was known after it.

    ``rollout``: the counts of the rollout and of its step at that time. ``compared``: each metric's confidence sequences over
    the minutes in which the weight stood still.
    """

    look: RecordedLook
    minutes: tuple[ReplayedMinute, ...]
    rollout: Rollout
    evidence: Evidence
    compared: Mapping[str, Comparison]

    @property
    def is_as_recorded(self) -> bool:
        """Whether the evidence computed now is the evidence recorded then."""
        look, evidence = self.look, self.evidence
        now = {name: metric.log_e for name, metric in evidence.metrics.items()}
        pairs = [(look.log_e, evidence.log_e), (look.log_e_assisted, evidence.log_e_assisted)]
        pairs += [(look.log_e_by_metric[name], log_e) for name, log_e in now.items() if name in look.log_e_by_metric]
        return look.log_e_by_metric.keys() == now.keys() and all(abs(then - again) < TOLERANCE for then, again in pairs)


def read_look(at: str, verdict: str, reason: str, numbers: Mapping[str, Any]) -> RecordedLook:
    """A look from what `canary.rules.looks.look_numbers.numbers_of` made of it."""
    return RecordedLook(
        at=float(at),
        verdict=VerdictKind(verdict),
        reason=reason,
        step=int(numbers["step"]),
        minutes=tuple(_minute(*one) for one in numbers["minutes"]),
        log_e=float(numbers["log_e"]),
        log_e_assisted=float(numbers["log_e_assisted"]),
        log_e_by_metric=numbers["log_e_by_metric"],
    )


def replay(rollout: Rollout, history: History, looks: Iterable[RecordedLook]) -> tuple[ReplayedLook, ...]:
    """Every look of the rollout, in order of time, with what it knew."""
    known = _before_looks(rollout), Evidence(history, {name: unfolded(base) for name, base in history.bases.items()})
    compared: dict[str, Comparison] = {}
    replayed: list[ReplayedLook] = []
    for look in sorted(looks, key=lambda look: look.at):
        now, evidence = _begin_look(rollout, known[0], look), known[1]
        minutes: list[ReplayedMinute] = []
        for record in look.minutes:
            now, evidence = refold(now, evidence, record)
            minutes.append(ReplayedMinute(record, look.step, evidence))
            compared = compare_minute(compared, record)
        known = now, evidence
        replayed.append(ReplayedLook(look, tuple(minutes), now, evidence, compared))
    return tuple(replayed)


def intervals_of(one: ReplayedLook, metric: str) -> Compared | None:
    """A metric's intervals at a look, as wide as the bursts in its history ask for; None before a minute can be compared."""
    if metric not in one.compared:
        return None
    known = one.evidence.history.bases.get(metric)
    return one.compared[metric].intervals(phi=known.live_phi if known else 1.0)


def compare_minute(compared: Mapping[str, Comparison], record: MinuteRecord) -> dict[str, Comparison]:
    """Each metric's confidence sequences with one minute more, unless the weight did not stand still in it."""
    if record.use == MinuteUse.NOT_EVIDENCE:
        return dict(compared)
    seen = {metric: raw.counts for metric, raw in measured(record).items() if raw.is_whole and raw.is_possible}
    return {**compared, **{metric: compared.get(metric, NOTHING_COMPARED).after(counts) for metric, counts in seen.items()}}


def _minute(
    minute: int, use: str, counts: Mapping[str, tuple[int, int | None, int, int | None]], integrated: list[int] | None = None
) -> MinuteRecord:
    """One recorded minute. Older looks do not have the integrated requests."""
    both = (integrated[0], integrated[1]) if integrated else None
    frozen = {metric: (nc, ec, nb, eb) for metric, (nc, ec, nb, eb) in counts.items()}
    return MinuteRecord(int(minute), use, frozen, both)


def _before_looks(rollout: Rollout) -> Rollout:
    """The rollout's record with nothing counted yet."""
    return replace(
        rollout,
        step=StepState(),
        tally=Tally(),
        harm=Harm(),
        totals={},
        heard={},
        bad_counts={},
        split=NO_SPLIT_EVIDENCE,
    )


def _begin_look(rollout: Rollout, known: Rollout, look: RecordedLook) -> Rollout:
    """What the look began with. The newest shift before it is the one at the start of the step's bake."""
    shifts = tuple(shift for shift in rollout.shifts if shift < look.at)
    if known.step.index == look.step:
        return replace(known, shifts=shifts)
    return replace(known, shifts=shifts, step=StepState(index=look.step, baking_since=max(shifts, default=look.at)))
