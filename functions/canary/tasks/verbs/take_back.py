"""What OperateRollout does for abort, rollback and revert: an abort of the target's rollout, or the begin of a revert.

An abort takes over the lock on the condition that the rollout is still as it was read. So a rollout that reaches its commit
point in the same moment is not aborted: the verb reads it again and does what its new phase asks for. The same follows if a
write of the rollout is in the way of the verb's.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, assert_never

from canary.aws.errors import OwnershipLostError, RecordsRefusedError
from canary.aws.executions import is_known, is_running, start
from canary.aws.table import is_conflict
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import GrantedOperation
from canary.rules.rollouts.actions import Action, told
from canary.rules.rollouts.grants import MOST_REVERTS, VALID_SECONDS, Grant, GrantKind, names_of_reverts
from canary.rules.rollouts.phases import SETTLE_SECONDS, Phase
from canary.rules.rollouts.report import machine_of
from canary.rules.rollouts.returns import Course, nothing_to, return_by
from canary.rules.rollouts.steering import DirectVerb, Verb
from canary.rules.rollouts.verbs import VerbAnswer
from canary.tasks.common.takeover import take_over
from canary.tasks.verbs.abort import abort_checks, abort_named
from canary.tasks.verbs.steer import ATTEMPTS, answer_nothing, find_owned, refuse

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.edge.request import OperatorCall
    from canary.rules.rollouts.actions import CalledBy
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.live import Intent
    from canary.tasks.common.entry import Json, Tools

OWNER = "operator"
PROMOTION_SECONDS = 2 * SETTLE_SECONDS
"""What a promotion past its commit point still takes, at least: its live aliases settle, and then its flip."""


def take_back(verb: DirectVerb, call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    """What the verb did, or why it did nothing. The target need not be registered any more for an abort."""
    for _ in range(ATTEMPTS):
        try:
            named = abort_named(call, call.execution, caller, tools) if call.execution is not None else None
            return named or _take_back(verb, call, caller, tools)
        except (OwnershipLostError, RecordsRefusedError) as error:
            if isinstance(error, RecordsRefusedError) and not is_conflict(error.__cause__):
                raise
            tools.logger.info("verb weighed again", target=call.target, verb=verb.value, reason=str(error))
    found = f"the rollout of {call.target} changed {ATTEMPTS} times while {verb} was carried out"
    return refuse(call.target, (Problem("verb", found, "call it again"),))


def _take_back(verb: DirectVerb, call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    held, lock = find_owned(call.target, tools)
    owned = held or _find_promoted(verb, lock, tools)
    if owned is None:
        return abort_checks(call, lock, caller, tools) or _answer_nothing(verb, call, lock, tools)
    returned = return_by(verb, held.rollout if held else None, owned.rollout, to=call.to)
    match returned.course:
        case Course.NOTHING:
            return {"target": call.target, "answer": nothing_to(verb), "reason": returned.reason}
        case Course.REFUSED:
            return _answer(owned.rollout, VerbAnswer.REFUSED, returned.reason)
        case Course.UNCHANGED:
            return {**_answer(owned.rollout, VerbAnswer.UNCHANGED, returned.reason), **_describe_running(owned.rollout)}
        case Course.ABORT:
            return _abort(verb, owned, call, caller, tools)
        case Course.REVERT | Course.REVERT_AGAIN:
            begin = _revert if returned.course is Course.REVERT else _revert_again
            return begin(verb, owned, call, caller, returned.reason, tools)
        case _:
            assert_never(returned.course)


def _find_promoted(verb: DirectVerb, lock: Lock, tools: Tools) -> Owned | None:
    """The rollout whose release base serves; an abort concerns only a rollout that has not ended."""
    if verb is DirectVerb.ABORT or lock.rollout_id or lock.promoted_rollout_id is None:
        return None
    return tools.records.find(lock.promoted_rollout_id, lock=lock)


def _answer_nothing(verb: DirectVerb, call: OperatorCall, lock: Lock, tools: Tools) -> Json:
    """No rollout is in progress, and none is known that was promoted; or its record was deleted."""
    answer = answer_nothing(Verb(verb), call.target, lock, tools)
    if answer["answer"] == VerbAnswer.REFUSED or verb is DirectVerb.ABORT:
        return answer
    if lock.promoted_rollout_id:
        found = f"the record of rollout {lock.promoted_rollout_id}, which was promoted last, was deleted"
        return refuse(call.target, (Problem("target", found, f"start the release that {call.target} is to serve"),))
    return {"target": call.target, "answer": nothing_to(verb), "reason": "no rollout was promoted on this target"}


def _abort(verb: DirectVerb, owned: Owned, call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    """The result of the first pass; the sweeper makes those that have to wait."""
    rollout = owned.rollout
    safety = take_over(
        owned,
        tools,
        owner=f"{OWNER}:{rollout.rollout_id}",
        reason=told("aborted", caller, call.reason),
        now=owned.read_at,
        action=Action(owned.read_at, verb, call.reason, caller),
    )
    return {
        "target": call.target,
        "rollout": rollout.rollout_id,
        "answer": safety.answer.value,
        "phase": safety.owned.rollout.phase.value,
        "wait_seconds": safety.wait_seconds,
        **_describe_return(rollout, None),
    }


def _revert_again(verb: DirectVerb, owned: Owned, call: OperatorCall, caller: CalledBy, reason: str, tools: Tools) -> Json:
    """Begin the execution that reverts what a revert was to take back; it waits until that one is rolled back."""
    aborted = owned.rollout
    promoted = tools.records.find(str(aborted.reverts), lock=owned.lock)
    if promoted is None:
        found = f"the record of rollout {aborted.reverts}, which was promoted last, was deleted"
        return refuse(call.target, (Problem("target", found, f"start the release that {call.target} is to serve"),))
    answer = _revert(verb, promoted, call, caller, reason, tools, aborted=aborted)
    return {**answer, "phase": aborted.phase.value, "wait_seconds": max(0, ceil(aborted.not_before - owned.read_at))}


def _revert(
    verb: DirectVerb,
    owned: Owned,
    call: OperatorCall,
    caller: CalledBy,
    reason: str,
    tools: Tools,
    *,
    aborted: Rollout | None = None,
) -> Json:
    """Begin the execution that reverts the rollout, unless one that does it runs already; `aborted` no longer does."""
    rollout = owned.rollout
    to = tools.records.find(call.to, lock=owned.lock) if call.to else None
    if call.to and (to is None or to.rollout.phase is not Phase.PROMOTED or to.rollout.target.name != call.target):
        fix = f"name one that canary history {call.target} shows as promoted"
        return refuse(call.target, (Problem("to", f"rollout {call.to} was never promoted on {call.target}", fix),))
    described = _describe_return(rollout, to.rollout if to else None)
    action = Action(owned.read_at, verb, call.reason, caller)
    begun = _begin(rollout, call, action, tools, aborted=aborted.rollout_id if aborted else None)
    if begun is None:
        tried = f"{MOST_REVERTS} executions have tried to revert rollout {rollout.rollout_id}"
        return refuse(call.target, (Problem("target", tried, f"start the release that {call.target} is to serve"),))
    grant, execution, is_new = begun
    if grant.to != call.to:
        found = f"execution {grant.execution} is reverting rollout {grant.rollout} to another release"
        return {**_answer(rollout, VerbAnswer.REFUSED, f"{found}; let it end first"), "execution": execution}
    answer = VerbAnswer.ACCEPTED if is_new else VerbAnswer.UNCHANGED
    said = reason if is_new else f"execution {grant.execution} is reverting it already"
    tools.logger.info("revert begun", rollout=rollout.rollout_id, execution=execution, answer=answer.value)
    wait = PROMOTION_SECONDS if rollout.phase is Phase.MOVING_BASE else 0
    names = {"revert": grant.execution, "execution": execution, "wait_seconds": wait}
    return {**_answer(rollout, answer, said), **names, **described}


def _begin(
    rollout: Rollout, call: OperatorCall, action: Action, tools: Tools, *, aborted: str | None = None
) -> tuple[Grant, str, bool] | None:
    """The grant and the execution that reverts the rollout, and whether it is a new one; None if all names are used.

    `aborted`: a revert whose execution may still be rolling it back, so that it does not count.

    Raises:
        OwnershipLostError: another call was faster.

    """
    client, names = tools.clients.stepfunctions, names_of_reverts(rollout.rollout_id)
    grants = tools.records.read_grants(names)
    given = [grants[name] for name in names if name in grants]
    for grant in (one for one in given[-1:] if one.execution != aborted):
        execution = f"{rollout.execution.rpartition(':')[0]}:{grant.execution}"
        if is_running(client, execution):
            return grant, execution, False
        if _may_still_begin(grant, rollout, call, action.at) and not is_known(client, execution):
            return grant, _start(grant, rollout, tools), True
    unused = [name for name in names if name not in grants]
    if not unused:
        return None
    grant = Grant(unused[0], GrantKind.REVERT, call.target, action.at, rollout.rollout_id, call.to, call.reason, action)
    if not tools.records.give(grant):
        raise OwnershipLostError(f"another call begins the execution {grant.execution}")
    return grant, _start(grant, rollout, tools), True


def _may_still_begin(grant: Grant, rollout: Rollout, call: OperatorCall, now: float) -> bool:
    """Whether a grant whose execution did not begin, because its function died, is what this call asks for."""
    is_same = (grant.rollout, grant.to) == (rollout.rollout_id, call.to)
    return is_same and now < grant.given_at + VALID_SECONDS


def _start(grant: Grant, rollout: Rollout, tools: Tools) -> str:
    """Start the granted execution. Two calls that start it at once make the same request, and so start it once.

    Raises:
        OwnershipLostError: it has ended already.

    """
    given = {"operation": GrantedOperation.REVERT.value, "target": grant.target, "rollout": grant.rollout}
    more = {key: value for key, value in (("to", grant.to), ("reason", grant.reason)) if value}
    execution = start(tools.clients.stepfunctions, machine_of(rollout), grant.execution, {**given, **more})
    if execution is None:
        raise OwnershipLostError(f"the execution {grant.execution} has ended meanwhile")
    return execution


def _answer(rollout: Rollout, answer: VerbAnswer, reason: str) -> Json:
    return {
        "target": rollout.target.name,
        "rollout": rollout.rollout_id,
        "answer": answer.value,
        "phase": rollout.phase.value,
        "reason": reason,
    }


def _describe_running(revert: Rollout) -> Json:
    """A revert that is under way: what it takes back, what base serves now and what it will serve."""
    now = {"functions": dict(revert.snapshot.live), "deployment": revert.snapshot.deployment_id}
    return {
        "revert": revert.rollout_id,
        "execution": revert.execution,
        "takes_back": revert.reverts,
        "now": now,
        "afterwards": _describe_release(revert.intent),
    }


def _describe_return(rollout: Rollout, to: Rollout | None) -> Json:
    """Which rollout's release is taken back; what it brought, and what is served afterwards."""
    base = rollout.snapshot
    before = {"functions": dict(base.live), "deployment": base.deployment_id}
    return {
        "takes_back": rollout.rollout_id,
        "now": _describe_release(rollout.intent),
        "afterwards": _describe_release(to.intent) if to else before,
    }


def _describe_release(intent: Intent) -> Json:
    return {"functions": dict(intent.versions), "deployment": intent.deployment_id}
