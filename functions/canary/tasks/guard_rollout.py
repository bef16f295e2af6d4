"""GuardRollout: makes the target safe after an execution ended without doing so; EventBridge reports the end.

The event is sent at best effort and may come twice (docs/aws.md#status-events). So the guard acts only if that execution still
owns the lock and the phase is not terminal. The sweeper finds what the guard misses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.edge.events import ExecutionEvent
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.takeover import take_over

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned

OWNER = "guard"


def guard_rollout(event: ExecutionEvent, tools: Tools) -> Json:
    """What was done for the rollout of that execution."""
    owned = _find_owned(event.execution, tools)
    if owned is None or owned.rollout.phase.is_terminal:
        return {"execution": event.execution, "answer": "NOTHING_TO_DO"}
    rollout_id = owned.rollout.rollout_id
    reason = owned.rollout.reason or f"the execution ended as {event.status} without making its target safe"
    safety = take_over(owned, tools, owner=f"{OWNER}:{rollout_id}", reason=reason, now=event.now)
    return {"rollout": rollout_id, "answer": safety.answer.value}


def _find_owned(execution: str, tools: Tools) -> Owned | None:
    """The rollout that this execution owns: the one with its own name, or one that it advanced or reverts after its watch."""
    owned = tools.records.find(execution.rsplit(":", 1)[-1])
    if owned and (owned.lock.owner != execution or owned.lock.rollout_id == owned.rollout.rollout_id):
        return owned if owned.lock.owner == execution else None
    lock = next((one for one in tools.records.read_open() if one.owner == execution), None)
    return tools.records.find(str(lock.rollout_id), lock=lock) if lock else None


handler = Handler(on(ExecutionEvent), guard_rollout)
