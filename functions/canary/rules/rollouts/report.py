"""The output of an execution: one JSON object with the same keys for every ending."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, assert_never

from canary.rules.releases.release import GrantedOperation, Operation
from canary.rules.rollouts.acting import describe_actions
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.price import Usage, price

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

FUNCTION_GB = 0.5
SECONDS_PER_CALL = 0.3
OPERATOR = "canary-OperateRollout"
"""The function that takes an operator's verbs."""

BEFORE_LOOKS = (
    *("Begin", "WhichOperation", "CheckRelease", "WhichStart", "TakeLock", "Rollout", "WhichEntry", "PrepareRelease"),
    *("AliasSettle", "WhichBeginning"),
)
ADVANCE = ("ParkRollout", "WhichOutcome", "Parked", "Begin", "WhichOperation", "AdvanceRollout", "WhichStart", "Rollout")
WAIT = ("VersionActivation", "CheckRelease", "WhichStart")
REPLACEMENT = ("ReplaceRollout", "ReplacementSettle", "CheckRelease", "WhichStart")
AGAIN = ("WhichEntry", "BakeOn")  # in place of the first look's Bake
LOOK = ("Bake", "EvaluateCanary", "WhichVerdict")
DRAIN = ("TrafficSettle", "CheckDrain", "WhichDrain")
PROMOTION = ("TakeAllTraffic", "MoveBase", "BaseSettle", "WhichFlip", "CleanUp", "WhichOutcome", "Promoted")
FLIP = ("FlipStage", "FlipSettle")
WATCH = ("Watch", "WatchPromotion", "WhichOutcome")
RECOVERY = ("CanaryRejected", *("MakeSafe", "WhichEnding") * 3, *("SafetySettle",) * 2, "RolledBack")
TASKS = frozenset(
    {"CheckRelease", "TakeLock", "PrepareRelease", "EvaluateCanary", "CheckDrain", "ParkRollout", "AdvanceRollout"}
    | {"ReplaceRollout", "TakeAllTraffic", "MoveBase", "FlipStage", "CleanUp", "MakeSafe", "WatchPromotion"}
)


def states_entered(rollout: Rollout) -> list[str]:
    """The states that a rollout entered, derived from its record; retries are not counted.

    For a rollout that was rolled back, this assumes a plain recovery of three passes.
    """
    tally = rollout.tally
    entered = [
        *BEFORE_LOOKS,
        *WAIT * tally.waits,
        *REPLACEMENT * tally.replacements,
        *LOOK * (tally.looks - tally.advances),
        *(*ADVANCE, *AGAIN, *LOOK[1:]) * tally.advances,
        *DRAIN * tally.drains,
    ]
    match rollout.phase:
        case Phase.PARKED:
            return [*entered, *ADVANCE[:3]]
        case Phase.WATCHING | Phase.PROMOTED:
            watched = WATCH * rollout.watch.looks if rollout.watch else ()
            return [*entered, *PROMOTION, *(FLIP if rollout.target.shifter.has_flip else ()), *watched]
        case (
            Phase.PREPARING
            | Phase.SHIFTING
            | Phase.TAKING_ALL
            | Phase.MOVING_BASE
            | Phase.ROLLING_BACK
            | Phase.ROLLED_BACK
            | Phase.REFUSED
        ):
            return [*entered, *RECOVERY]
        case _:
            assert_never(rollout.phase)


def usage_of(rollout: Rollout) -> Usage:
    """What an ended rollout used of AWS."""
    entered = states_entered(rollout)
    shifts = rollout.step.index + 1
    calls = sum(state in TASKS for state in entered) + shifts + rollout.tally.parked_looks
    return Usage(
        transitions=len(entered) + shifts,
        lambda_calls=calls,
        lambda_gb_seconds=calls * FUNCTION_GB * SECONDS_PER_CALL,
        metrics_requested=rollout.tally.metrics_requested,
    )


def summary(rollout: Rollout, outcome: str, now: float) -> dict[str, Any]:
    """The execution's output: outcome and reason first, then harm, duration and price."""
    return {
        "target": rollout.target.name,
        "rollout": rollout.rollout_id,
        "outcome": outcome,
        "reason": rollout.reason,
        "requests_harmed": rollout.harm.requests,
        "harm_beyond_chance": rollout.harm.is_beyond_chance,
        "steps": rollout.step.index + 1,
        "duration_seconds": round((rollout.ended_at or now) - rollout.started_at),
        "price": price(usage_of(rollout)).text,
        "notes": list(rollout.plan.notes),
        **describe_labels(rollout),
        **describe_revert(rollout),
        **describe_actions(rollout),
        **describe_parked(rollout),
        **describe_watch(rollout),
    }


def describe_revert(rollout: Rollout) -> dict[str, Any]:
    """For a revert: that it is one, and of which rollout; else nothing."""
    if rollout.reverts is None:
        return {}
    return {"operation": GrantedOperation.REVERT.value, "reverts": rollout.reverts}


def describe_labels(rollout: Rollout) -> dict[str, Any]:
    """The rollout's labels, if it has any."""
    return {"labels": dict(rollout.labels)} if rollout.labels else {}


def describe_watch(rollout: Rollout) -> dict[str, Any]:
    """For a rollout that is or was watched after its promotion: until when, what was judged and what not seen; else nothing."""
    watch = rollout.watch
    if watch is None:
        return {}
    judged = {
        name: {"minutes": one.minutes, "requests": one.requests, "bad": one.bad, "usual": one.usual, "ceiling": one.ceiling}
        for name, one in watch.metrics.items()
    }
    ended = {"ended_at": iso(watch.ended_at), "end": watch.end.value} if watch.end and watch.ended_at is not None else {}
    more = {
        "reason": watch.reason,
        "cut_short_by": watch.cut_short_by,
        "reverted_by": watch.reverted_by,
        "could_not_see": list(watch.unseen),
    }
    found = {"since": iso(watch.since), "until": iso(watch.until), **ended, "metrics": judged}
    return {"watch": {**found, **{name: value for name, value in more.items() if value}}}


def describe_parked(rollout: Rollout) -> dict[str, Any]:
    """For a parked rollout: its weight, until when it is parked, and the commands that advance or abort it; else nothing."""
    if rollout.phase is not Phase.PARKED or rollout.parked_until is None:
        return {}
    return {
        "weight_percent": float(rollout.plan.policy.steps[rollout.step.index].weight_percent),
        "parked_until": iso(rollout.parked_until),
        "next_step": advance_command(rollout),
        "abort": abort_command(rollout),
    }


def iso(instant: float) -> str:
    """An instant (epoch seconds) as 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def advance_command(rollout: Rollout) -> str:
    """The command that takes a parked rollout's next step."""
    given = json.dumps({"operation": Operation.ADVANCE.value, "target": rollout.target.name})
    return f"aws stepfunctions start-execution {_region(rollout)} --state-machine-arn {machine_of(rollout)} --input '{given}'"


def machine_of(rollout: Rollout) -> str:
    """The ARN of the state machine whose executions the rollout's are."""
    return rollout.execution.rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)


def abort_command(rollout: Rollout) -> str:
    """The command that aborts a rollout."""
    payload = json.dumps({"verb": "abort", "target": rollout.target.name})
    call = f"aws lambda invoke {_region(rollout)} --function-name {OPERATOR}"
    return f"{call} --cli-binary-format raw-in-base64-out --payload '{payload}' /dev/stdout"


def _region(rollout: Rollout) -> str:
    return f"--region {rollout.execution.split(':')[3]}"
