"""Whether a start may replace the rollout that holds its target: the newest start wins, whoever comes first.

Which of two is newer is decided by when their first executions began; for the same millisecond, by their ids. Of many starts
at the same moment, any may take the target first. Each older one gives way, so the newest is the one that stays.

This module knows the holder's record and the start's identity. Whether the start itself is valid is checked elsewhere, before
anything is rolled back for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from canary.rules.releases.problems import Problem
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.report import iso
from canary.rules.rollouts.standing import Phase
from canary.rules.rollouts.succession import Successor

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

REPLACEMENT_WAIT_SECONDS = 60
"""The wait between two looks at a rollout whose passes are made by others."""

MOST_REPLACEMENTS = 20
"""How often one start waits for older rollouts to end. A rollback takes three or four waits, a promotion five."""

LATER = "start again if this release is wanted all the same"


@dataclass(frozen=True, slots=True)
class GiveWay:
    """The rollout is rolled back for the start, by the start's own execution."""


@dataclass(frozen=True, slots=True)
class Await:
    """The rollout ends soon, as promoted or rolled back, and the start waits for that.

    ``is_ours_to_finish``: a start took it over from its execution, so starts may make its next passes, too.
    """

    is_ours_to_finish: bool


@dataclass(frozen=True, slots=True)
class TakeAtOnce:
    """The rollout is promoted and only watched: taking the target ends its watch."""


Way = GiveWay | Await | TakeAtOnce | Problem
"""What a start does about the rollout that holds its target; a problem is why it is refused."""


def way_with(holder: Rollout, owner: str | None, start: Successor) -> Way:
    """What a start under `on_newer: replace` does about the rollout that holds its target. `owner` owns the lock."""
    if holder.phase is Phase.WATCHING:
        return TakeAtOnce()
    if problem := _why_not(holder, owner, start):
        return problem
    match holder.phase:
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL:
            return GiveWay()
        case Phase.ROLLING_BACK:
            return Await(is_ours_to_finish=holder.replaced_by is not None)
        case Phase.MOVING_BASE | Phase.PROMOTED | Phase.ROLLED_BACK | Phase.REFUSED:
            return Await(is_ours_to_finish=False)
        case _:
            assert_never(holder.phase)


def _why_not(holder: Rollout, owner: str | None, start: Successor) -> Problem | None:
    found = holder_problem(holder, owner)
    if holder.needs_operator:
        return found
    if holder.reverts is not None:
        return replace(found, value=f"{found.value}; a revert is never replaced")
    if start < successor_of(holder):
        began = f"it began at {iso(holder.requested_at)}, later than this start, so this start does not replace it"
        return Problem("target", f"{found.value}; {began}", found.fix)
    newest = holder.replaced_by
    if newest is not None and start < newest:
        place = f"rollout {holder.rollout_id} gives way on {holder.target.name} to rollout {newest.rollout_id}"
        return Problem("target", f"{place}, which began at {iso(newest.requested_at)}, later than this start", LATER)
    return None


def successor_of(rollout: Rollout) -> Successor:
    """The rollout as a start that may replace another one."""
    return Successor(rollout.requested_at, rollout.rollout_id)


def replacement_reason(start: Successor, execution: str) -> str:
    """The reason of a rollout that gave way, and the cause of its execution's end."""
    return f"replaced by the newer rollout {start.rollout_id} (execution {execution}, on_newer: replace)"


def overdue_problem(holder: Rollout, owner: str | None) -> Problem:
    """The rollout that had to end first has not, for as long as a start waits."""
    found = holder_problem(holder, owner)
    return Problem("target", f"{found.value}; this start waited {MOST_REPLACEMENTS} times for its end", found.fix)
