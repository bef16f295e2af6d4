"""OperateRollout: an operator's verbs. A person makes the call, so a wrong call gets an answer in words, as data.

Pause and resume are signals that the rollout's next look hears; it stays its execution's. Abort, rollback and revert take a
release back at once: `canary.tasks.take_back`.
"""

from __future__ import annotations

from typing import assert_never

from canary.edge.request import parse_operator_call
from canary.rules.rollouts.steering import DirectVerb, SignalVerb
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.steer import refuse, send
from canary.tasks.take_back import take_back


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_operator_call(event)
    if call is None:
        return refuse("", problems)
    match call.verb:
        case SignalVerb():
            return send(call.verb, call.target, tools, reason=call.reason)
        case DirectVerb():
            return take_back(call.verb, call, tools)
        case _:
            assert_never(call.verb)


handler = Handler(as_it_is, operate_rollout)
