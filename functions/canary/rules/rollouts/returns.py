"""What the verbs that take a release back do to a target: abort, rollback and revert, whatever phase its rollout is in.

Before the commit point a rollout is aborted: its lock is taken over, its execution stopped, and base gets all traffic. After it
the release is whole, so it is taken back by a rollout of its own, a revert. `abort` does not do that while base moves, so that
it never answers success for a rollout that ends promoted. While a promoted release is watched, it begins a revert. `rollback`
does whichever of both the phase needs. A revert that is under way is never taken back by a second `rollback`: whoever calls it
twice means the same release. A revert that is itself being rolled back is followed by a new one.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import assert_never

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.steering import DirectVerb


class Course(enum.StrEnum):
    """What follows from a verb.

    ABORT: the rollout is taken over and rolled back. REVERT: a revert of the rollout begins, now or once it is promoted.
    REVERT_AGAIN: the rollout is a revert that is being rolled back, and a new revert of the same release begins after it.
    UNCHANGED: that is under way already. NOTHING: no release can be taken back.
    """

    ABORT = "abort"
    REVERT = "revert"
    REVERT_AGAIN = "revert_again"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Return:
    """What follows, and why. ``rollout`` is the one that is aborted or reverted."""

    course: Course
    reason: str = ""
    rollout: Rollout | None = None


def return_by(verb: DirectVerb, holder: Rollout | None, promoted: Rollout | None, *, to: str | None = None) -> Return:
    """What a verb does to a target. ``holder`` holds its lock; without one, ``promoted`` was promoted last."""
    match verb:
        case DirectVerb.ABORT:
            return _abort(holder) if holder else Return(Course.NOTHING)
        case DirectVerb.ROLLBACK:
            return _roll_back(holder) if holder else _revert_promoted(promoted)
        case DirectVerb.REVERT:
            return _revert(holder, to) if holder else _revert_promoted(promoted, to)
        case _:
            assert_never(verb)


def nothing_to(verb: DirectVerb) -> str:
    """The answer where no release can be taken back."""
    match verb:
        case DirectVerb.ABORT:
            return "NOTHING_TO_ABORT"
        case DirectVerb.ROLLBACK:
            return "NOTHING_TO_ROLL_BACK"
        case DirectVerb.REVERT:
            return "NOTHING_TO_REVERT"
        case _:
            assert_never(verb)


def _abort(rollout: Rollout) -> Return:
    match rollout.phase:
        case (
            Phase.PREPARING
            | Phase.SHIFTING
            | Phase.PARKED
            | Phase.TAKING_ALL
            | Phase.ROLLING_BACK
            | Phase.ROLLED_BACK
            | Phase.REFUSED
        ):
            return Return(Course.ABORT, rollout=rollout)
        case Phase.WATCHING:
            return _revert_watched(rollout)
        case Phase.MOVING_BASE | Phase.PROMOTED:
            return Return(Course.REFUSED, _why_not_aborted(rollout))
        case _:
            assert_never(rollout.phase)


def _why_not_aborted(rollout: Rollout) -> str:
    if rollout.reverts:
        return f"the revert is past its commit point and brings the earlier release back; {_start_anew(rollout)}"
    return (
        "the rollout is past its commit point, so its promotion is finished and an abort cannot prevent it; "
        f"take the release back with: canary rollback {rollout.target.name}"
    )


def _start_anew(rollout: Rollout) -> str:
    return f"let it end, and then start the release that {rollout.target.name} is to serve"


def _roll_back(rollout: Rollout) -> Return:
    match rollout.phase:
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL:
            return _under_way(rollout) if rollout.reverts else Return(Course.ABORT, rollout=rollout)
        case Phase.MOVING_BASE | Phase.PROMOTED:
            return _under_way(rollout) if rollout.reverts else _revert_after(rollout)
        case Phase.WATCHING:
            return _revert_watched(rollout)
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.REFUSED:
            return _revert_again(rollout) if rollout.reverts else Return(Course.ABORT, rollout=rollout)
        case _:
            assert_never(rollout.phase)


def _revert_again(revert: Rollout) -> Return:
    found = f"rollout {revert.rollout_id}, which was to take rollout {revert.reverts} back, is being rolled back itself"
    return Return(Course.REVERT_AGAIN, f"{found}; a new revert begins as soon as that is over", revert)


def _revert(rollout: Rollout, to: str | None) -> Return:
    """A revert while a rollout holds the target: only one past its commit point can be reverted."""
    match rollout.phase:
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL | Phase.MOVING_BASE | Phase.PROMOTED if (
            rollout.reverts
        ):
            return _under_way(rollout) if rollout.reverts_to == to else Return(Course.REFUSED, _other_revert(rollout))
        case Phase.MOVING_BASE | Phase.PROMOTED:
            return _revert_after(rollout)
        case Phase.WATCHING:
            return _revert_watched(rollout)
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL:
            found = f"rollout {rollout.rollout_id} is {rollout.phase} and not promoted, so there is nothing of it to revert"
            return Return(Course.REFUSED, f"{found}; take it back with: canary rollback {rollout.target.name}")
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.REFUSED:
            found = f"rollout {rollout.rollout_id} is being rolled back"
            return Return(Course.REFUSED, f"{found}; revert once {rollout.target.name} is at rest")
        case _:
            assert_never(rollout.phase)


def _under_way(revert: Rollout) -> Return:
    return Return(Course.UNCHANGED, f"rollout {revert.rollout_id} is taking rollout {revert.reverts} back already", revert)


def _other_revert(revert: Rollout) -> str:
    goes = f"to the release of rollout {revert.reverts_to}" if revert.reverts_to else "to what base served before it"
    return f"rollout {revert.rollout_id} is reverting rollout {revert.reverts} {goes}; let it end first"


def _revert_after(rollout: Rollout) -> Return:
    return Return(Course.REVERT, "the rollout is past its commit point: its promotion is finished, and then reverted", rollout)


def _revert_watched(rollout: Rollout) -> Return:
    return Return(
        Course.REVERT, f"rollout {rollout.rollout_id} is promoted and watched; its watch ends, and it is reverted", rollout
    )


def _revert_promoted(promoted: Rollout | None, to: str | None = None) -> Return:
    if promoted is None:
        return Return(Course.NOTHING, "no rollout was promoted on this target")
    if promoted.reverts and to is None:
        found = f"rollout {promoted.reverts} was taken back already, by rollout {promoted.rollout_id}"
        fix = f"for the release of an earlier rollout: canary revert {promoted.target.name} --to ROLLOUT"
        return Return(Course.NOTHING, f"{found}; {fix}")
    return Return(Course.REVERT, f"rollout {promoted.rollout_id} is promoted and at rest, and is reverted", promoted)
