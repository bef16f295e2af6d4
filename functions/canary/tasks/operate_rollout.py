"""OperateRollout: an operator's verbs. A person makes the call, so a wrong call gets an answer in words, as data.

Abort first takes over the lock, then stops the owner, then makes the first pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.edge.request import Verb, parse_operator_call
from canary.rules.releases.problems import Problem, RefusedError
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.registered import find_registered
from canary.tasks.takeover import take_over

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.edge.request import OperatorCall

OWNER = "operator"


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_operator_call(event)
    if call is None:
        return _refuse("", problems)
    match call.verb:
        case Verb.ABORT:
            return _abort(call, tools)
        case _:
            assert_never(call.verb)


def _abort(call: OperatorCall, tools: Tools) -> Json:
    """The result of the first pass; the sweeper makes those that have to wait. The target need not be registered any more."""
    lock = tools.records.read_lock(call.target)
    owned = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if owned is None:
        return _answer_nothing(call, lock, tools)
    return _take_over(owned, call, tools)


def _take_over(owned: Owned, call: OperatorCall, tools: Tools) -> Json:
    reason = f"aborted: {call.reason}" if call.reason else "aborted"
    safety = take_over(owned, tools, owner=f"{OWNER}:{owned.rollout.rollout_id}", reason=reason, now=owned.read_at)
    return {
        "target": call.target,
        "rollout": owned.rollout.rollout_id,
        "answer": safety.answer.value,
        "phase": safety.owned.rollout.phase.value,
        "wait_seconds": safety.wait_seconds,
    }


def _answer_nothing(call: OperatorCall, lock: Lock, tools: Tools) -> Json:
    """The answer when no rollout can be aborted: there is none, its record is gone, or the target is unknown."""
    if lock.rollout_id:
        found = f"the record of rollout {lock.rollout_id}, which holds {call.target}, was deleted"
        fix = "restore it from the table's backup and abort again, or do what the notification Operator Needed says"
        return _refuse(call.target, (Problem("target", found, fix),))
    target, unknown = find_registered(call.target, tools)
    if target is None:
        return _refuse(call.target, unknown)
    return {"target": call.target, "answer": "NOTHING_TO_ABORT"}


def _refuse(target: str, problems: tuple[Problem, ...]) -> Json:
    return {"target": target, "answer": "REFUSED", "reason": str(RefusedError(problems))}


handler = Handler(as_it_is, operate_rollout)
