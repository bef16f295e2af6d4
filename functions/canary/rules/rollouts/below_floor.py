"""A rollout below its target's floor: its record and its notes say what was allowed, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.rollouts.acting import with_action
from canary.rules.rollouts.grants import BelowFloor

if TYPE_CHECKING:
    from canary.rules.releases.problems import Problem
    from canary.rules.rollouts.grants import Grant
    from canary.rules.rollouts.rollout import Rollout


def mark_below_floor(draft: Rollout, grant: Grant | None, below: tuple[Problem, ...]) -> Rollout:
    """The draft with what its grant allows. ``below``: the bounds of the floor that its policy goes below."""
    if grant is None:
        return draft
    found = tuple(f"{problem.field}: {problem.value}" for problem in below)
    note = f"below the target's floor, which an authorizer allowed ({grant.reason}): {'; '.join(found)}"
    plan = replace(draft.plan, notes=(*draft.plan.notes, note))
    allowed = replace(draft, plan=plan, below_floor=BelowFloor(found, grant.reason, grant.given_at))
    return with_action(allowed, grant.action) if grant.action else allowed
