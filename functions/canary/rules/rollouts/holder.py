"""Who holds a target, for the text of a refusal: which rollout, since when, at which step, and what to do.

Also the error and cause that a stopped execution shows. This module knows the record and the lock's owner, and not the live
state: whatever is on the target meanwhile was put there by the rollout that holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.rules.releases.problems import Problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import abort_command, advance_command, iso

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

LONGEST_REASON = 500
"""How many characters of the holder's own reason are quoted."""

BUSY = "wait a few minutes until the controller has freed the target, then start again"


def holder_problem(rollout: Rollout, owner: str | None) -> Problem:
    """Why a target cannot be taken: this rollout holds it. `owner` owns its lock."""
    name, place = f"rollout {rollout.rollout_id}", f"on {rollout.target.name}"
    if rollout.needs_operator:
        found = f"{name} waits for an operator {place} ({_since(rollout)}{_why(rollout)})"
        return Problem("target", found, "do what its notification says; the controller frees the target as soon as it is safe")
    match rollout.phase:
        case Phase.PARKED:
            found = f"{name} is parked {place} ({_since(rollout)}, {_progress(rollout)}{_until(rollout)})"
            return Problem("target", found, f"advance it: {advance_command(rollout)}; or {_abort(rollout)}")
        case Phase.ROLLING_BACK:
            return Problem("target", f"{name} is being rolled back {place} ({_since(rollout)}{_why(rollout)})", BUSY)
        case (
            Phase.PREPARING
            | Phase.SHIFTING
            | Phase.TAKING_ALL
            | Phase.MOVING_BASE
            | Phase.PROMOTED
            | Phase.ROLLED_BACK
            | Phase.REFUSED
        ):
            return _running_problem(rollout, owner, name, place)
        case _:
            assert_never(rollout.phase)


def _running_problem(rollout: Rollout, owner: str | None, name: str, place: str) -> Problem:
    """The rollout is under way, or ended just now: by its execution, or without one."""
    if owner != rollout.execution:
        found = (
            f"{name} no longer has an execution, and the controller is making {rollout.target.name} safe ({_since(rollout)})"
        )
        return Problem("target", found, BUSY)
    found = f"{name} is running {place} ({_since(rollout)}, {_progress(rollout)}, execution {owner}{_why(rollout)})"
    return Problem("target", found, f"wait for its end, or {_abort(rollout)}")


def last_words(rollout: Rollout, reason: str) -> tuple[str, str]:
    """Error and cause of the rollout's execution when it is stopped for this reason; they say what happens next."""
    if rollout.phase is Phase.MOVING_BASE:
        return "TakenOver", f"{reason}; base's aliases were already moving, so the controller finishes the promotion"
    return "RolledBack", f"{reason}; base gets all traffic again, and the controller removes the canary"


def _since(rollout: Rollout) -> str:
    return f"since {iso(rollout.started_at)}"


def _until(rollout: Rollout) -> str:
    return f", until {iso(rollout.parked_until)}" if rollout.parked_until is not None else ""


def _why(rollout: Rollout) -> str:
    return f", reason: {rollout.reason[:LONGEST_REASON]}" if rollout.reason else ""


def _progress(rollout: Rollout) -> str:
    steps, index = rollout.plan.policy.steps, rollout.step.index
    if rollout.reverts:
        return f"reverting rollout {rollout.reverts}"
    if rollout.phase in {Phase.TAKING_ALL, Phase.MOVING_BASE}:
        return "being promoted"
    if index < 0:
        return f"before step 1 of {len(steps)}"
    paused = ", paused" if rollout.steering.pause else ""
    return f"at step {index + 1} of {len(steps)} with {steps[index].weight_percent} %{paused}"


def _abort(rollout: Rollout) -> str:
    return f"abort it with the verb abort: {abort_command(rollout)}"
