"""The numbers that a look leaves in its record: those of each minute, and those of the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.judging.counts import RawCounts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.judging.counts import Measured
    from canary.rules.judging.judge import Evidence
    from canary.rules.judging.minutes import MinuteUse
    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class MinuteRecord:
    """What is frozen of one minute: its use, the counts by metric as (nc, ec, nb, eb), and each arm's integrated requests.

    Bad requests that were not counted, or cannot be right, are None. ``integrated``: the requests of (canary, base) that
    reached an integration, or None if they were not counted.
    """

    minute: int
    use: str
    counts: Mapping[str, tuple[int, int | None, int, int | None]]
    integrated: tuple[int, int] | None = None


def record_of(minute: int, use: MinuteUse, seen: Measured, integrated: tuple[int, int] | None) -> MinuteRecord:
    """What is frozen of a minute with these counts."""
    counts = {metric: (one.nc, one.ec, one.nb, one.eb) for metric, one in seen.items()}
    return MinuteRecord(minute, use.value, counts, integrated)


def measured(record: MinuteRecord) -> Measured:
    """The counts of a frozen minute."""
    return {metric: RawCounts(*counts) for metric, counts in record.counts.items()}


def numbers_of(minutes: Iterable[MinuteRecord], evidence: Evidence, rollout: Rollout) -> dict[str, Any]:
    """The numbers that a look's record keeps."""
    return {
        "minutes": [[one.minute, one.use, _lists(one.counts), _list(one.integrated)] for one in minutes],
        "log_e": round(evidence.log_e, 4),
        "log_e_assisted": round(evidence.log_e_assisted, 4),
        "log_e_by_metric": {name: round(one.log_e, 4) for name, one in evidence.metrics.items()},
        "step": rollout.step.index,
        "requests": rollout.step.requests,
        "weight_percent": float(rollout.plan.policy.steps[rollout.step.index].weight_percent),
    }


def _lists(counts: Mapping[str, tuple[int | None, ...]]) -> dict[str, list[int | None]]:
    return {metric: list(one) for metric, one in counts.items()}


def _list(integrated: tuple[int, int] | None) -> list[int] | None:
    return list(integrated) if integrated else None
