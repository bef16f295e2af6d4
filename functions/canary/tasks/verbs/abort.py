"""Aborts of executions that still check and hold nothing, and of one execution that the call names.

An execution that has no rollout yet has changed nothing, so stopping it is enough. If it takes the lock at that moment, the
verb is weighed again, and the rollout that it began is taken over like any other. A call that names an execution concerns that
execution and its rollout alone, whoever holds the target.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import OwnershipLostError
from canary.aws.executions import input_of, is_running, list_running, stop, target_of
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import Operation
from canary.rules.rollouts.actions import told
from canary.rules.rollouts.steering import Verb
from canary.tasks.verbs.steer import answer_nothing, find_owned, refuse

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.edge.request import OperatorCall
    from canary.rules.rollouts.actions import CalledBy
    from canary.tasks.common.entry import Json, Tools

MACHINE = "canary-rollout"
"""The name of the controller's state machine."""


def abort_named(call: OperatorCall, named: str, caller: CalledBy, tools: Tools) -> Json | None:
    """The answer if the execution that is named holds no target; None if its rollout holds the call's target.

    Raises:
        OwnershipLostError: it has just taken the lock.

    """
    arn = execution_arn(named, tools.call.function_arn)
    if named.startswith("arn:") and named != arn:
        fix = f"name one of {arn.rpartition(':')[0]}"
        return refuse(call.target, (Problem("execution", f"{named} is no execution of this controller", fix),))
    owned, lock = find_owned(call.target, tools)
    if owned is not None and _is_of(owned, arn):
        return None
    if not is_running(tools.clients.stepfunctions, arn) or not _is_checking(arn, tools):
        return answer_nothing(Verb.ABORT, call.target, replace(lock, rollout_id=None) if owned else lock, tools)
    target = target_of(tools.clients.stepfunctions, arn)
    if target != call.target:
        found = f"{named} is an execution for {target or 'no target'}, and the call names {call.target}"
        return refuse(call.target, (Problem("execution", found, "name the execution's own target"),))
    return _stop((arn,), call, caller, tools)


def abort_checks(call: OperatorCall, lock: Lock, caller: CalledBy, tools: Tools) -> Json | None:
    """The answer if executions still check a release for the target, which nobody holds; None if there is none.

    Raises:
        OwnershipLostError: one of them has just taken the lock.

    """
    found = _running(call.target, tools) if lock.rollout_id is None else ()
    return _stop(found, call, caller, tools) if found else None


def execution_arn(named: str, function_arn: str) -> str:
    """The ARN of an execution of the controller's machine by its name or ARN, from the ARN of one of its functions."""
    place = ":".join(function_arn.split(":")[:5]).replace(":lambda:", ":states:", 1)
    return f"{place}:execution:{MACHINE}:{named.rpartition(':')[2]}"


def _running(target: str, tools: Tools) -> tuple[str, ...]:
    """The executions that still check a release for the target."""
    machine = execution_arn("", tools.call.function_arn).rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)
    return tuple(arn for arn in list_running(tools.clients.stepfunctions, machine, target) if _is_checking(arn, tools))


def _is_checking(arn: str, tools: Tools) -> bool:
    """Whether a running execution that holds nothing has begun nothing either: one that is about to end has a record.

    An advance needs no stop: either it has just ended its rollout, or it is refused, because no rollout is parked.
    """
    is_advance = input_of(tools.clients.stepfunctions, arn).get("operation") == Operation.ADVANCE
    return not is_advance and tools.records.find(arn.rpartition(":")[2]) is None


def _is_of(owned: Owned, arn: str) -> bool:
    return owned.rollout.execution == arn or owned.rollout.rollout_id == arn.rpartition(":")[2]


def _stop(executions: tuple[str, ...], call: OperatorCall, caller: CalledBy, tools: Tools) -> Json:
    cause = told("aborted", caller, call.reason)
    for arn in executions:
        stop(tools.clients.stepfunctions, arn, error="Aborted", cause=f"{cause}; it was still checking, and changed nothing")
    owned, _ = find_owned(call.target, tools)
    if owned is not None and owned.lock.owner in executions:
        raise OwnershipLostError(f"execution {owned.lock.owner} took the lock while it was stopped")
    tools.logger.info("executions stopped", target=call.target, executions=executions, reason=cause, caller=caller.name)
    return {"target": call.target, "answer": "STOPPED", "executions": list(executions)}
