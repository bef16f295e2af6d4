"""ReplaceRollout: a newer start rolls the older rollout back that holds its target, one pass at a time.

It takes the rollout over and stops its execution as abort does. A rollout past its commit point, or one that ends already, is
left to whoever makes its passes. CheckRelease says afterwards whether the target is free, and refuses where it will not be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.edge.events import ReplaceEvent
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.phases import Answer
from canary.rules.rollouts.replacing import REPLACEMENT_WAIT_SECONDS, Await, GiveWay, TakeAtOnce, way_with
from canary.rules.rollouts.succession import Successor
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.takeover import replace_by

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned

ALARM_WAIT_SECONDS = 30
"""The wait while nothing holds the target any more, but alarms of the replaced canary still fire."""


def replace_rollout(event: ReplaceEvent, tools: Tools) -> Json:
    """The older rollout, and the seconds after which it is worth checking again whether the target is free."""
    lock = tools.records.read_lock(event.target)
    owned = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if owned is None:
        return {"wait_seconds": ALARM_WAIT_SECONDS}
    return {"waits_for": owned.rollout.rollout_id, "wait_seconds": _seconds_until_next(owned, event, tools)}


def _seconds_until_next(owned: Owned, event: ReplaceEvent, tools: Tools) -> int:
    start = Successor(event.requested_at, event.rollout_id)
    way = way_with(owned.rollout, owned.lock.owner, start)
    match way:
        case Problem() | TakeAtOnce():
            return 1
        case Await(is_ours_to_finish=False):
            return REPLACEMENT_WAIT_SECONDS
        case GiveWay() | Await():
            safety = replace_by(start, owned, tools, execution=event.execution, now=event.now)
            return safety.wait_seconds if safety.answer is Answer.WAIT else 1
        case _:
            assert_never(way)


handler = Handler(on(ReplaceEvent), replace_rollout)
