"""When a rollout gave its canary which weight, from its record and its looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canary.rules.looks.replay import RecordedLook
    from canary.rules.rollouts.rollout import Rollout

ALL = 100.0
"""The weight of the promotion."""


@dataclass(frozen=True, slots=True)
class WeightSet:
    """A weight, and when the controller began to set it (epoch seconds). ``step`` is None for the 100 % of the promotion."""

    set_at: float
    step: int | None
    weight_percent: float


def weights_set(rollout: Rollout, looks: Sequence[RecordedLook]) -> tuple[WeightSet, ...]:
    """Every weight, in order of time.

    The record has the times at which traffic may have changed hands; several belong to one step, whose looks tell where the
    next one begins.
    """
    return tuple(_weights_set(rollout, looks))


def _weights_set(rollout: Rollout, looks: Sequence[RecordedLook]) -> Iterator[WeightSet]:
    after = 0.0
    for index in range(rollout.step.index + 1):
        set_at = _first_from(rollout.shifts, after)
        if set_at is None:
            return
        yield WeightSet(set_at, index, float(rollout.plan.policy.steps[index].weight_percent))
        after = max((look.at for look in looks if look.step <= index), default=after)
    if _took_all(rollout):
        yield WeightSet(rollout.shifts[-1], None, ALL)


def _first_from(shifts: Iterable[float], after: float) -> float | None:
    return min((shift for shift in shifts if shift >= after), default=None)


def _took_all(rollout: Rollout) -> bool:
    """Whether the canary was given all traffic: the phase says so, or base was seen draining."""
    phases = {Phase.TAKING_ALL, Phase.MOVING_BASE, Phase.PROMOTED}
    return bool(rollout.shifts) and (rollout.phase in phases or rollout.drained_from is not None)
