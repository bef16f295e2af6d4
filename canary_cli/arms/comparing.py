"""Both arms compared by metric over the present step: counts, rates, and the difference with its anytime-valid interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from canary.rules.looks.replay import compare_minute, read_look
from canary.rules.rollouts.rollout import MetricCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from canary.aws.record_items import LookItem
    from canary.rules.judging.confidence import Comparison, Interval
    from canary.rules.judging.judge import Evidence
    from canary.rules.looks.replay import RecordedLook
    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's requests, its bad requests, and their rate (0 to 1; None without requests)."""

    requests: int
    bad: int
    rate: float | None

    @classmethod
    def of(cls, requests: int, bad: int) -> Arm:
        """The arm with these counts."""
        return cls(requests, bad, bad / requests if requests else None)


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric in both arms over the present step, and its evidence over the whole rollout beside the bar that it must reach.

    ``difference`` is the canary's rate less base's, ``difference_low`` and ``difference_high`` are its anytime-valid interval.
    ``log_bar`` is what this metric needs to condemn the canary alone.
    """

    metric: str
    canary: Arm
    base: Arm
    difference: float | None
    log_e: float | None = None
    log_bar: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None


def compare_step(rollout: Rollout, looks: Iterable[LookItem], evidence: Evidence | None) -> tuple[Compared, ...]:
    """Every metric that is read, in the present step, whose `looks` these are."""
    intervals = step_differences(rollout, looks, evidence)
    return tuple(_compare(name, count, evidence, intervals.get(name)) for name, count in _counts(rollout).items())


def step_differences(rollout: Rollout, looks: Iterable[LookItem], evidence: Evidence | None) -> dict[str, Interval]:
    """Over the step's own minutes, which its looks recorded; nothing for a metric without a minute to compare."""
    if rollout.step.baking_since is None:
        return {}
    step_looks = [read_look(item.at, item.verdict, item.reason, item.numbers) for item in looks]
    began = _bake_began(rollout, step_looks, rollout.step.baking_since)
    compared: dict[str, Comparison] = {}
    for look in step_looks:
        for record in look.minutes:
            if record.minute >= began:
                compared = compare_minute(compared, record)
    bases = evidence.history.bases if evidence else {}
    found = {name: one.intervals(phi=bases[name].live_phi if name in bases else 1.0) for name, one in compared.items()}
    return {name: one.difference for name, one in found.items() if one}


def _bake_began(rollout: Rollout, step_looks: Sequence[RecordedLook], baking_since: float) -> float:
    """When the step's bake began. A pause moves `baking_since`, and the traffic changed hands before the step's first look."""
    first = min((look.at for look in step_looks), default=baking_since)
    return max((shift for shift in rollout.shifts if shift < first), default=baking_since)


def _counts(rollout: Rollout) -> Mapping[str, MetricCount]:
    """The counts of the present step, of every metric that is read."""
    names = {*rollout.totals, *rollout.evidence}
    return {name: rollout.step.metrics.get(name, MetricCount()) for name in sorted(names)}


def _compare(name: str, count: MetricCount, evidence: Evidence | None, interval: Interval | None) -> Compared:
    canary, base = Arm.of(count.nc, count.ec), Arm.of(count.nb, count.eb)
    difference = canary.rate - base.rate if canary.rate is not None and base.rate is not None else None
    compared = Compared(name, canary, base, difference)
    if interval:
        difference, low, high = interval
        compared = replace(compared, difference=difference, difference_low=low, difference_high=high)
    if evidence is None or name not in evidence.metrics:
        return compared
    bar = evidence.log_bar - log(evidence.history.stakes[name])
    return replace(compared, log_e=evidence.log_strength_of(name), log_bar=bar)
