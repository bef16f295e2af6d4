"""What SweepTargets and HearAlarm share: a look at a parked rollout between its steps, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.errors import OwnershipLostError
from canary.rules.looks.verdict import VerdictKind
from canary.tasks.common.look import look
from canary.tasks.common.takeover import take_over

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.tasks.common.entry import Tools


def watch_parked(owned: Owned, tools: Tools, *, owner: str, now: float) -> str:
    """One word for what was done: PARKED, MOVED_ON, or the answer of the first rollback pass."""
    rollout = owned.rollout
    if rollout.parked_until is not None and now >= rollout.parked_until:
        waited = round(rollout.plan.policy.max_parked_seconds / 3600)
        return take_over(owned, tools, owner=owner, reason=f"parked for {waited} h without an advance", now=now).answer.value
    try:
        seen = look(owned, tools, now=now, baking_since=rollout.step.baking_since or now)
    except OwnershipLostError:
        return "MOVED_ON"
    if seen.verdict.kind is not VerdictKind.ROLL_BACK:
        return "PARKED"
    return take_over(seen.owned, tools, owner=owner, reason=seen.verdict.reason, now=now).answer.value
