"""What an execution says at its end: one JSON object, the same for every ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.phases import Phase
from canary.rules.price import Usage, price

if TYPE_CHECKING:
    from canary.rules.rollout import Rollout

FUNCTION_GB = 0.5
SECONDS_PER_CALL = 0.3


BEFORE_LOOKS = (
    *("Begin", "WhichJourney", "CheckRelease", "WhichStart", "TakeLock", "Rollout", "WhichEntry", "PrepareRelease"),
    "AliasSettle",
)
ADVANCE = ("HoldRollout", "WhichOutcome", "Held", "Begin", "WhichJourney", "AdvanceRollout", "WhichStart", "Rollout")
WAIT = ("VersionActivation", "CheckRelease", "WhichStart")
AGAIN = ("WhichEntry", "BakeOn")  # in place of the first look's Bake
LOOK = ("Bake", "EvaluateCanary", "WhichVerdict")
DRAIN = ("TrafficSettle", "CheckDrain", "WhichDrain")
PROMOTION = ("TakeAllTraffic", "MoveBase", "BaseSettle", "WhichFlip", "CleanUp", "WhichOutcome", "Promoted")
FLIP = ("FlipStage", "FlipSettle")
WAY_BACK = ("CanaryRejected", *("MakeSafe", "WhichEnding") * 3, *("SafetySettle",) * 2, "RolledBack")
TASKS = frozenset(
    {"CheckRelease", "TakeLock", "PrepareRelease", "EvaluateCanary", "CheckDrain", "HoldRollout", "AdvanceRollout"}
    | {"TakeAllTraffic", "MoveBase", "FlipStage", "CleanUp", "MakeSafe"}
)


def states_entered(rollout: Rollout) -> list[str]:
    """The states that a rollout entered, as its record tells; retries come on top.

    A rollout that went back is taken to have gone the plain way back, in three passes.
    """
    tally = rollout.tally
    entered = [
        *BEFORE_LOOKS,
        *WAIT * tally.waits,
        *LOOK * (tally.looks - tally.advances),
        *(*ADVANCE, *AGAIN, *LOOK[1:]) * tally.advances,
        *DRAIN * tally.drains,
    ]
    if rollout.phase is Phase.HELD:
        return [*entered, *ADVANCE[:3]]
    if rollout.phase is Phase.PROMOTED:
        return [*entered, *PROMOTION, *(FLIP if rollout.target.stage else ())]
    return [*entered, *WAY_BACK]


def usage_of(rollout: Rollout) -> Usage:
    """What an ended rollout used of AWS."""
    entered = states_entered(rollout)
    shifts = rollout.step.index + 1
    calls = sum(state in TASKS for state in entered) + shifts + rollout.tally.held_looks
    return Usage(
        transitions=len(entered) + shifts,
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
