"""GuardRollout: an execution ended without making its target safe; EventBridge says so and this does.

The event is sent at best effort and may come twice (docs/aws.md#status-events): it acts only if that execution still owns the
lock and the phase is not terminal. What it misses, the sweeper finds.
"""

from __future__ import annotations

from canary.edge.events import ExecutionEvent
from canary.tasks.entry import Handler, Json, Tools, on
from canary.tasks.takeover import take_over

OWNER = "guard"


def guard_rollout(event: ExecutionEvent, tools: Tools) -> Json:
    """What was done for the rollout of that execution."""
    rollout_id = event.execution.rsplit(":", 1)[-1]
    held = tools.records.find(rollout_id)
    if held is None or held.rollout.phase.is_terminal or held.lock.owner != event.execution:
        return {"rollout": rollout_id, "answer": "NOTHING_TO_DO"}
    reason = held.rollout.reason or f"the execution ended as {event.status} without making its target safe"
    safety = take_over(held, tools, owner=f"{OWNER}:{rollout_id}", reason=reason, now=event.now)
    return {"rollout": rollout_id, "answer": safety.answer.value}


handler = Handler(on(ExecutionEvent), guard_rollout)
