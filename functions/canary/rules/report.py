"""What an execution says at its end: one JSON object, the same for every ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.phases import Phase
from canary.rules.price import Usage, price

if TYPE_CHECKING:
    from canary.rules.rollout import Rollout

FUNCTION_GB = 0.5
SECONDS_PER_CALL = 0.3


def transitions_of(rollout: Rollout) -> int:
    """State transitions of the rollout so far, counted as state entries from what its record says.

    Before the looks: Begin to AliasSettle. A look is Bake, EvaluateCanary, WhichVerdict; a drain is TrafficSettle,
    CheckDrain, WhichDrain. Retries and the way to safety come on top and are not known here.
    """
    before, promotion = 7, 7
    shifts = rollout.step.index + 1
    ending = promotion if rollout.phase in {Phase.MOVING_BASE, Phase.PROMOTED} else 0
    return before + shifts + 3 * rollout.tally.looks + 3 * rollout.tally.drains + ending


def usage_of(rollout: Rollout) -> Usage:
    """What the rollout used of AWS, as far as its record knows."""
    calls = 3 + rollout.step.index + 1 + rollout.tally.looks + rollout.tally.drains + 3
    return Usage(
        transitions=transitions_of(rollout),
        lambda_calls=calls,
        lambda_gb_seconds=calls * FUNCTION_GB * SECONDS_PER_CALL,
        metrics_requested=rollout.tally.metrics_requested,
    )


def summary(rollout: Rollout, outcome: str, now: float) -> dict[str, Any]:
    """The execution's output: outcome and reason first, then what it cost whom."""
    return {
        "target": rollout.target.name,
        "rollout": rollout.rollout_id,
        "outcome": outcome,
        "reason": rollout.reason,
        "requests_harmed": rollout.tally.harmed,
        "steps": rollout.step.index + 1,
        "duration_seconds": round((rollout.ended_at or now) - rollout.started_at),
        "price": price(usage_of(rollout)).text,
    }
