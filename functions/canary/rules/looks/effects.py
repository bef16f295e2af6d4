"""How large an effect a policy asks for in each metric, and how many requests it takes to see it.

`detect` is the effect that a step must have enough traffic to show; `delta` is the effect that is small enough to go on early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.judging.outlook import requests_needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.judging.judge import Evidence
    from canary.rules.targets.policy import Policy


_HALVINGS = 13
"""They find an effect to a hundredth of a percentage point."""


def requests_needed_by_step(policy: Policy, evidence: Evidence) -> tuple[int, ...]:
    """The canary requests that each step must be judged on: `min_requests`, or more if the `detect` effects need more to show.

    Computed from evidence before its first minute. An effect that no amount of traffic can show requires nothing.
    """
    families = evidence.history.families
    wanted = {metric: policy.detect[family] for metric, family in families.items() if family in policy.detect}
    return tuple(max((policy.min_requests, *_needed(evidence, wanted, float(step.weight_percent)))) for step in policy.steps)


def _needed(evidence: Evidence, wanted: Mapping[str, float], weight_percent: float) -> Iterator[int]:
    for metric, detect in wanted.items():
        yield requests_needed(evidence, metric=metric, detect=detect, share=weight_percent / 100) or 0


def smallest_effect(evidence: Evidence, *, metric: str, requests: float, weight_percent: float) -> float | None:
    """The smallest rise of a metric's rate (rate points) that so many canary requests are expected to show.

    Computed from evidence before its first minute. None if they would not even show a canary whose every request is bad.
    """
    low, high = 0.0, 1.0 - evidence.metrics[metric].slow.rate

    def shows(effect: float) -> bool:
        needed = requests_needed(evidence, metric=metric, detect=effect, share=weight_percent / 100)
        return needed is not None and needed <= requests

    if not shows(high):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def deltas(policy: Policy, evidence: Evidence) -> dict[str, float]:
    """By how much (rate points) the canary may be worse in each metric and still be safe enough."""
    return {metric: policy.delta[family] for metric, family in evidence.history.families.items()}
