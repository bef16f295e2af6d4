"""OperateRollout: an operator's verbs. A person makes the call, so a wrong call gets an answer in words, as data.

Abort first takes over the lock, then stops the owner, then makes the first pass. Pause and resume are signals that the
rollout's next look hears; it stays its execution's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.edge.request import parse_operator_call
from canary.rules.rollouts.steering import DirectVerb, SignalVerb, Verb
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.steer import answer_nothing, find_owned, refuse, send
from canary.tasks.takeover import take_over

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.edge.request import OperatorCall

OWNER = "operator"


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_operator_call(event)
    if call is None:
        return refuse("", problems)
    match call.verb:
        case SignalVerb():
            return send(call.verb, call.target, tools, reason=call.reason)
        case DirectVerb.ABORT:
            return _abort(call, tools)
        case _:
            assert_never(call.verb)


def _abort(call: OperatorCall, tools: Tools) -> Json:
    """The result of the first pass; the sweeper makes those that have to wait. The target need not be registered any more."""
    owned, lock = find_owned(call.target, tools)
    if owned is None:
        return answer_nothing(Verb.ABORT, call.target, lock, tools)
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


handler = Handler(as_it_is, operate_rollout)
