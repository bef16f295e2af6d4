"""The numbers that a look leaves in its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.looks.folding import Folded


def numbers_of(folded: Folded) -> dict[str, Any]:
    """The numbers that a look's record keeps."""
    return {
        "minutes": [[one.minute, one.use, _lists(one.counts), _list(one.integrated)] for one in folded.minutes],
        "log_e": round(folded.evidence.log_e, 4),
        "log_e_assisted": round(folded.evidence.log_e_assisted, 4),
        "log_e_by_metric": {name: round(one.log_e, 4) for name, one in folded.evidence.metrics.items()},
        "step": folded.rollout.step.index,
        "requests": folded.rollout.step.requests,
        "weight_percent": float(folded.rollout.plan.policy.steps[folded.rollout.step.index].weight_percent),
    }


def _lists(counts: Mapping[str, tuple[int | None, ...]]) -> dict[str, list[int | None]]:
    return {metric: list(one) for metric, one in counts.items()}


def _list(integrated: tuple[int, int] | None) -> list[int] | None:
    return list(integrated) if integrated else None
