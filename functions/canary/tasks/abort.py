"""The verb abort: of the rollout that holds the target, or of executions that still check and hold nothing.

An execution that has no rollout yet has changed nothing, so stopping it is enough. If it takes the lock at that moment, the
rollout that it began is taken over like any other. A call that names an execution concerns that execution and its rollout
alone, whoever holds the target.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.executions import is_running, list_running, stop, target_of
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.actions import Action, told
from canary.rules.rollouts.steering import Verb
from canary.tasks.steer import answer_nothing, find_owned, refuse
from canary.tasks.takeover import take_over

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.edge.request import OperatorCall
    from canary.rules.rollouts.actions import CalledBy
    from canary.tasks.entry import Json, Tools

OWNER = "operator"
MACHINE = "canary-rollout"
"""The name of the controller's state machine."""


def abort(call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    """The result of the first pass; the sweeper makes those that have to wait. The target need not be registered any more."""
    if call.execution is not None:
        return _abort_execution(call, call.execution, caller, tools)
    owned, lock = find_owned(call.target, tools)
    if owned is not None:
        return _take_over(owned, call, caller, tools)
    if lock.rollout_id is None and (found := _running(call.target, tools)):
        return _stop(found, call, caller, tools)
    return answer_nothing(Verb.ABORT, call.target, lock, tools)


def _abort_execution(call: OperatorCall, named: str, caller: CalledBy, tools: Tools) -> Json:
    arn = execution_arn(named, tools.call.function_arn)
    if named.startswith("arn:") and named != arn:
        fix = f"name one of {arn.rpartition(':')[0]}"
        return refuse(call.target, (Problem("execution", f"{named} is no execution of this controller", fix),))
    owned, lock = find_owned(call.target, tools)
    if owned is not None and _is_of(owned, arn):
        return _take_over(owned, call, caller, tools)
    if not is_running(tools.clients.stepfunctions, arn):
        return answer_nothing(Verb.ABORT, call.target, replace(lock, rollout_id=None) if owned else lock, tools)
    target = target_of(tools.clients.stepfunctions, arn)
    if target != call.target:
        found = f"{named} is an execution for {target or 'no target'}, and the call names {call.target}"
        return refuse(call.target, (Problem("execution", found, "name the execution's own target"),))
    return _stop((arn,), call, caller, tools)


def execution_arn(named: str, function_arn: str) -> str:
    """The ARN of an execution of the controller's machine by its name or ARN, from the ARN of one of its functions."""
    place = ":".join(function_arn.split(":")[:5]).replace(":lambda:", ":states:", 1)
    return f"{place}:execution:{MACHINE}:{named.rpartition(':')[2]}"


def _running(target: str, tools: Tools) -> tuple[str, ...]:
    """The executions that still check a release for the target."""
    machine = execution_arn("", tools.call.function_arn).rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)
    return list_running(tools.clients.stepfunctions, machine, target)


def _is_of(owned: Owned, arn: str) -> bool:
    return owned.rollout.execution == arn or owned.rollout.rollout_id == arn.rpartition(":")[2]


def _stop(executions: tuple[str, ...], call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    """Stop executions that hold nothing; if one has taken the lock meanwhile, take its rollout over."""
    cause = told("aborted", caller, call.reason)
    for arn in executions:
        stop(tools.clients.stepfunctions, arn, error="Aborted", cause=f"{cause}; it was still checking, and changed nothing")
    owned, _ = find_owned(call.target, tools)
    if owned is not None and owned.lock.owner in executions:
        return _take_over(owned, call, caller, tools)
    tools.logger.info("executions stopped", target=call.target, executions=executions, reason=cause, caller=caller.name)
    return {"target": call.target, "answer": "STOPPED", "executions": list(executions)}


def _take_over(owned: Owned, call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    rollout_id = owned.rollout.rollout_id
    safety = take_over(
        owned,
        tools,
        owner=f"{OWNER}:{rollout_id}",
        reason=told("aborted", caller, call.reason),
        now=owned.read_at,
        action=Action(owned.read_at, Verb.ABORT, call.reason, caller),
    )
    return {
        "target": call.target,
        "rollout": rollout_id,
        "answer": safety.answer.value,
        "phase": safety.owned.rollout.phase.value,
        "wait_seconds": safety.wait_seconds,
    }
