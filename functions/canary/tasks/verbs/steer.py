"""What OperateRollout and AuthorizeRollout share: find a target's rollout, and send it a signal for its next look.

A signal is written without owning the rollout. It names all that is wanted, so sending it twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.looks.look_schedule import longest_interval
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.rollouts.actions import UNKNOWN_CALLER, CalledBy
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import LATE_WRITER_SECONDS, SETTLE_SECONDS, Phase
from canary.rules.rollouts.steering import Signal
from canary.rules.rollouts.verbs import Reply, VerbAnswer, reply_to
from canary.tasks.common.registered import find_registered

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.steering import SignalVerb, Verb
    from canary.tasks.common.entry import Json, Tools

ATTEMPTS = 3
"""A signal that another one overtakes is weighed again, this many times in all."""


def find_owned(target: str, tools: Tools) -> tuple[Owned | None, Lock]:
    """The rollout that has the target's lock, with its newest signal, and that lock."""
    lock = tools.records.read_lock(target)
    return (tools.records.find(lock.rollout_id, lock=lock, signal=True) if lock.rollout_id else None), lock


def has_no_veto(_: Owned) -> None:
    """Nothing speaks against a verb that promotes nothing."""


def send(
    verb: SignalVerb,
    target: str,
    tools: Tools,
    *,
    reason: str,
    caller: CalledBy = UNKNOWN_CALLER,
    tolerated_alarms: tuple[str, ...] = (),
    find_veto: Callable[[Owned], str | None] = has_no_veto,
) -> Json:
    """What the verb did, or why it did nothing; ACCEPTED once the signal is recorded.

    `find_veto`: says what speaks against a verb that would be accepted by the rollout's phase.
    """
    for _ in range(ATTEMPTS):
        owned, lock = find_owned(target, tools)
        if owned is None:
            return answer_nothing(verb, target, lock, tools)
        reply = _reply_to(verb, owned, tolerated_alarms)
        if reply.answer is VerbAnswer.ACCEPTED and (veto := find_veto(owned)):
            reply = Reply(VerbAnswer.REFUSED, veto)
        if reply.answer is not VerbAnswer.ACCEPTED:
            return _answer(owned, reply)
        number = owned.signal.number + 1 if owned.signal else 1
        signal = Signal(number, verb, owned.read_at, reason, tolerated_alarms, caller)
        if tools.records.send(owned.rollout.rollout_id, signal):
            tools.logger.info(
                "signal sent", rollout=owned.rollout.rollout_id, verb=verb.value, reason=reason, caller=caller.name
            )
            return _answer(owned, reply)
    return refuse(target, (Problem("verb", f"other verbs overtook {verb} {ATTEMPTS} times", "call it again"),))


def answer_nothing(verb: Verb | SignalVerb, target: str, lock: Lock, tools: Tools) -> Json:
    """The answer if the verb reaches no rollout: there is none, its record was deleted, or the target is unknown."""
    if lock.rollout_id:
        found = f"the record of rollout {lock.rollout_id}, which holds {target}, was deleted"
        fix = f"restore it from the table's backup and {verb} again, or do what the notification Operator Needed says"
        return refuse(target, (Problem("target", found, fix),))
    registered, unknown = find_registered(target, tools)
    if registered is None:
        return refuse(target, unknown)
    return {"target": target, "answer": f"NOTHING_TO_{verb.upper()}"}


def refuse(target: str, problems: tuple[Problem, ...]) -> Json:
    """REFUSED with every problem of the call."""
    return {"target": target, "answer": VerbAnswer.REFUSED.value, "reason": str(RefusedError(problems))}


def _reply_to(verb: SignalVerb, owned: Owned, tolerated_alarms: tuple[str, ...]) -> Reply:
    """As the rules say, where the rollout's own execution will look; nobody else hears a signal."""
    rollout, owner = owned.rollout, owned.lock.owner
    if rollout.phase in {Phase.PREPARING, Phase.SHIFTING} and owner != rollout.execution:
        problem = holder_problem(rollout, owner)
        return Reply(VerbAnswer.REFUSED, f"{problem.value}; {problem.fix}")
    return reply_to(verb, rollout, owned.signal, owned.read_at, tolerated_alarms)


def _answer(owned: Owned, reply: Reply) -> Json:
    rollout = owned.rollout
    answer = {
        "target": rollout.target.name,
        "rollout": rollout.rollout_id,
        "answer": reply.answer.value,
        "phase": rollout.phase.value,
        "reason": reply.reason,
    }
    if reply.answer is not VerbAnswer.ACCEPTED or rollout.phase is Phase.PARKED:
        return answer
    return {**answer, "within_seconds": _longest_to_look(rollout)}


def _longest_to_look(rollout: Rollout) -> int:
    """Seconds until a look has heard a signal, at most, if no task is tried again: a task may take as long as its timeout.

    The look that is just being made may not have read it. Then come the next step's weight and the wait for the next look;
    before the first step, the canary aliases settle too.
    """
    before = LATE_WRITER_SECONDS + SETTLE_SECONDS if rollout.phase is Phase.PREPARING else 0
    return before + 2 * LATE_WRITER_SECONDS + longest_interval(rollout.plan.policy, rollout.plan.look_seconds)
