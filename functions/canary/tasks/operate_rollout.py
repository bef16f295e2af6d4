"""OperateRollout: an operator's verbs. A person makes the call, so a wrong call gets an answer in words, as data.

Who called is found first (`canary.tasks.verbs.who`). Pause and resume are signals that the rollout's next look hears; it stays
its execution's. Abort, rollback and revert take a release back at once: `canary.tasks.verbs.take_back`. A note is about a
rollout, and is kept in `canary.tasks.verbs.note`.
"""

from __future__ import annotations

from typing import assert_never

from canary.edge.notes import is_note_call
from canary.edge.request import parse_operator_call
from canary.rules.rollouts.steering import DirectVerb, SignalVerb
from canary.tasks.common.entry import Handler, Json, Tools, as_it_is
from canary.tasks.verbs.note import take_note
from canary.tasks.verbs.steer import refuse, send
from canary.tasks.verbs.take_back import take_back
from canary.tasks.verbs.who import find_caller


def operate_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    if is_note_call(event):
        return take_note(event, tools)
    call, problems = parse_operator_call(event)
    if call is None:
        return refuse("", problems)
    caller, wrong = find_caller(event, call, tools)
    if wrong:
        return refuse(call.target, wrong)
    match call.verb:
        case SignalVerb():
            return send(call.verb, call.target, tools, reason=call.reason, caller=caller)
        case DirectVerb():
            return take_back(call.verb, call, caller, tools)
        case _:
            assert_never(call.verb)


handler = Handler(as_it_is, operate_rollout)
