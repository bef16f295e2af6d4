"""OperateRollout: the verb abort. The lock is taken over first, then the owner is stopped, then the first pass is made."""

from __future__ import annotations

from canary.aws.errors import RecordGoneError
from canary.edge.request import parse_operator_call
from canary.rules.problems import RefusedError
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.takeover import take_over

OWNER = "operator"


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did; the sweeper makes the passes that have to wait.

    Raises:
        RefusedError: the call cannot be read; nothing was done.
        RecordGoneError: the rollout's record was deleted; nothing was done.

    """
    call, problems = parse_operator_call(event)
    if call is None:
        raise RefusedError(problems)
    lock = tools.records.read_lock(call.target)
    held = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if held is None and lock.rollout_id:
        raise RecordGoneError(
            f"the record of rollout {lock.rollout_id}, which holds {call.target}, was deleted; the notice Operator Needed "
            "says what can be done by hand"
        )
    if held is None:
        return {"target": call.target, "answer": "NOTHING_TO_ABORT"}
    reason = f"aborted: {call.reason}" if call.reason else "aborted"
    safety = take_over(held, tools, owner=f"{OWNER}:{held.rollout.rollout_id}", reason=reason, now=held.read_at)
    return {
        "target": call.target,
        "rollout": held.rollout.rollout_id,
        "answer": safety.answer.value,
        "phase": safety.held.rollout.phase.value,
        "wait_seconds": safety.wait_seconds,
    }


handler = Handler(as_it_is, operate_rollout)
