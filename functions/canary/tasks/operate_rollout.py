"""OperateRollout: an operator's verbs. A person makes the call, so a wrong call gets an answer in words, as data.

Abort first takes over the lock, then stops the owner, then makes the first pass (`canary.tasks.abort`). Pause and resume are
signals that the rollout's next look hears; it stays its execution's. Who called is found first (`canary.tasks.who`).
"""

from __future__ import annotations

from typing import assert_never

from canary.edge.request import parse_operator_call
from canary.rules.rollouts.steering import OperatorVerb, Verb
from canary.tasks.abort import abort
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.steer import refuse, send
from canary.tasks.who import find_caller


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_operator_call(event)
    if call is None:
        return refuse("", problems)
    caller, wrong = find_caller(event, call, tools)
    if wrong:
        return refuse(call.target, wrong)
    match call.verb:
        case OperatorVerb.ABORT:
            return abort(call, caller, tools)
        case OperatorVerb.PAUSE | OperatorVerb.RESUME:
            return send(Verb(call.verb), call.target, tools, reason=call.reason, caller=caller)
        case _:
            assert_never(call.verb)


handler = Handler(as_it_is, operate_rollout)
