"""The warm-up of a rollout's canary: what is allowed for, and whether a step waits for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.judging.families import is_worse_when_cold
from canary.rules.judging.minutes import minutes_after
from canary.rules.judging.warm_up import USUAL
from canary.rules.looks.findings import looks_worse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canary.rules.judging.judge import Evidence
    from canary.rules.rollouts.rollout import MetricCount, Rollout

MAY_BE_COLD = "the canary is slower than base and may still be warming up"


def warm_up_of(rollout: Rollout) -> tuple[float, ...]:
    """The parts of the canary's requests that may be slow in each minute after a weight change of this rollout."""
    said = rollout.target.metrics.warm_up
    return USUAL if said is None else said


def slow_while_cold(
    evidence: Evidence, counted: Mapping[str, MetricCount], minute: int, *, shifts: Sequence[float], warm_up: Sequence[float]
) -> tuple[str, ...]:
    """The metrics in which the canary looks worse, as long as no minute after its warm-up was judged in the step.

    `counted`: the step's counts; `minute`: the newest one that was judged. A step does not go on with such a metric: what a
    warm-up explains so far may be the release.
    """
    after = minutes_after(minute, shifts)
    if after is not None and after >= len(warm_up):
        return ()
    families = evidence.history.families
    slow = [metric for metric in evidence.metrics if is_worse_when_cold(families[metric]) and metric in counted]
    return tuple(metric for metric in slow if looks_worse(counted[metric]))
