"""AdvanceRollout: this execution takes the next step of a parked rollout.

Schedules deliver at least once, sometimes late, and while another execution runs (docs/aws.md#schedule-delivery). So the task
changes nothing unless a parked rollout is waiting for exactly this advance. Nothing to do is a success; too late is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.locks import PARKED_OWNER
from canary.edge.events import InputEvent
from canary.edge.proofs import started_by
from canary.edge.request import parse_advance
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.releases.release import Operation, find_untimely
from canary.rules.rollouts.acting import with_action
from canary.rules.rollouts.actions import Action, CalledBy
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watch_course import cut_short
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.registered import find_registered

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.rules.releases.release import Advance
    from canary.rules.rollouts.rollout import Rollout


def advance_rollout(event: InputEvent, tools: Tools) -> Json:
    """ADVANCE if this execution now owns the rollout, UNCHANGED, or REFUSED with every problem at once."""
    advance, problems = parse_advance(event.input)
    if advance is None:
        return _refuse(problems)
    lock = tools.records.read_lock(advance.target)
    owned = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if owned and owned.lock.owner == event.execution:
        return _taken(owned.rollout)
    if problems := _find_problems(advance, lock, event, tools):
        return _refuse(problems, advance.target)
    if owned and owned.rollout.phase is Phase.WATCHING:
        return _end_watch(owned, event, tools)
    if nothing := _find_nothing_to_do(advance, lock, owned):
        return _answer("UNCHANGED", target=advance.target, reason=nothing)
    return _take(owned, advance, event, tools) if owned else _answer("UNCHANGED", target=advance.target)


def _find_problems(advance: Advance, lock: Lock, event: InputEvent, tools: Tools) -> tuple[Problem, ...]:
    """Why this advance is invalid now. A locked target may have been unregistered since, so only a free one is looked up."""
    untimely = find_untimely(advance.schedule, event.now) if advance.schedule else None
    _, unknown = find_registered(advance.target, tools) if lock.rollout_id is None else (None, ())
    return (*((untimely,) if untimely else ()), *unknown)


def _find_nothing_to_do(advance: Advance, lock: Lock, owned: Owned | None) -> str | None:
    if advance.schedule and advance.schedule.is_spent(lock.scheduled_at):
        return "this scheduled time was already handled"
    if owned is None:
        return f"no rollout is parked on {advance.target}"
    if owned.rollout.phase is not Phase.PARKED or owned.lock.owner != PARKED_OWNER:
        holder = holder_problem(owned.rollout, owned.lock.owner)
        return f"{holder.value}; {holder.fix}"
    return None


def _end_watch(owned: Owned, event: InputEvent, tools: Tools) -> Json:
    """An advance has nothing to take here, but the target need not be watched any longer either."""
    name = owned.rollout.rollout_id
    ended = tools.records.finish(
        owned, cut_short(owned.rollout, event.now, reason=f"the execution {event.rollout_id} advanced")
    )
    tools.notifications.report_end(ended.rollout, tools.records)
    return _answer("UNCHANGED", target=owned.rollout.target.name, reason=f"rollout {name} is promoted; its watch is over now")


def _take(owned: Owned, advance: Advance, event: InputEvent, tools: Tools) -> Json:
    rollout = replace(
        owned.rollout,
        execution=event.execution,
        phase=Phase.SHIFTING,
        park_after=owned.rollout.step.index + 1,
        parked_since=None,
        parked_until=None,
        scheduled_at=advance.schedule.scheduled_at if advance.schedule else owned.rollout.scheduled_at,
        tally=replace(owned.rollout.tally, advances=owned.rollout.tally.advances + 1),
    )
    caller = CalledBy(claimed=started_by(event.input, event.execution).claims, request_id=event.execution)
    rollout = with_action(rollout, Action(event.now, Operation.ADVANCE, advance.reason, caller))
    taken = tools.records.take_parked(owned, rollout)
    tools.logger.info("rollout advanced", rollout=rollout.rollout_id, execution=event.execution, reason=advance.reason)
    return _taken(taken.rollout)


def _taken(rollout: Rollout) -> Json:
    return _answer("ADVANCE", target=rollout.target.name, rollout_id=rollout.rollout_id)


def _refuse(problems: tuple[Problem, ...], target: str = "") -> Json:
    return _answer("REFUSED", target=target, reason=str(RefusedError(problems)))


def _answer(start: str, **found: str) -> Json:
    return {"start": start, "target": "", "reason": "", "rollout_id": "", **found}


handler = Handler(on(InputEvent), advance_rollout)
