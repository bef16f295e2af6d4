"""CheckRelease for a revert: whether the controller began it, and whether the earlier release can come back at once.

Only an execution with a grant gets an answer that changes anything. Nobody waits for its end as they do for a start, so a
refusal is also sent as a notification.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import RecordSchemaError
from canary.aws.notifications import LONGEST_CAUSE
from canary.aws.surveys import survey
from canary.edge.revert import parse_revert
from canary.edge.target import target_from_json
from canary.rules.checks.draft import is_unchanged
from canary.rules.checks.function_checks import WAIT_SECONDS, find_pending
from canary.rules.checks.reverts import draft_revert, earlier_release, find_revert_problems, slower_way
from canary.rules.messages.kinds import NotificationKind
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.rollouts.acting import with_action
from canary.rules.rollouts.codec import encode
from canary.rules.rollouts.grants import find_ungranted, not_begun
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import SETTLE_SECONDS, Phase
from canary.tasks.common.registered import find_registered

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Start
    from canary.edge.events import CheckEvent
    from canary.rules.releases.release import Revert
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target
    from canary.tasks.common.entry import Json, Tools

MOST_WAITS = 40
"""How often a revert waits for the promotion that it is to revert: twenty minutes, well beyond what a promotion takes."""


def check_revert(event: CheckEvent, tools: Tools) -> Json:
    """READY with the draft of the revert, UNCHANGED, WAIT, or REFUSED."""
    revert, problems = parse_revert(event.input)
    if revert is None:
        return _refuse(tools, (*problems, not_begun(event.rollout_id)))
    start = tools.records.read_start(revert.target, event.rollout_id, grant=True)
    begun_at = event.now - event.waits * WAIT_SECONDS
    if why := find_ungranted(start.grant, revert, event.rollout_id, begun_at):
        return _refuse(tools, (why,))
    return _check(revert, start, event, tools)


def _check(revert: Revert, start: Start, event: CheckEvent, tools: Tools) -> Json:
    """The answer to an execution that the controller began."""
    lock = start.lock
    is_own = (lock.rollout_id, lock.owner) == (event.rollout_id, event.execution)
    if start.is_recorded and not is_own:
        found = f"the execution name {event.rollout_id} was used before: the records have a rollout with that name"
        return _tell(revert, (Problem("name", found, "revert again"),), event, tools)
    reverted = tools.records.find(revert.rollout, lock=lock)
    if reverted is None:
        gone = Problem("rollout", f"the record of rollout {revert.rollout} was deleted", "start the earlier release")
        return _tell(revert, (gone,), event, tools)
    is_watched = lock.rollout_id == revert.rollout and reverted.rollout.phase is Phase.WATCHING
    if lock.rollout_id is not None and not is_own and not is_watched:  # TakeLock ends the watch
        return _wait_for_holder(revert, start, event, tools)
    if lock.promoted_rollout_id != revert.rollout:
        return _answer_superseded(revert, reverted.rollout, lock.promoted_rollout_id, event, tools)
    registered, unknown = find_registered(revert.target, tools)
    if registered is None:
        return _tell(revert, unknown, event, tools)
    return _check_target(target_from_json(registered), revert, reverted.rollout, start, event=event, tools=tools)


def _check_target(target: Target, revert: Revert, reverted: Rollout, start: Start, *, event: CheckEvent, tools: Tools) -> Json:
    to = tools.records.find(revert.to, lock=start.lock) if revert.to else None
    if revert.to and (to is None or to.rollout.phase is not Phase.PROMOTED or to.rollout.target.name != target.name):
        found = f"rollout {revert.to} was never promoted on {target.name}, or its record was deleted"
        return _tell(revert, (Problem("to", found, "name one that canary history shows as promoted"),), event, tools)
    earlier = earlier_release(target, reverted, to.rollout if to else None)
    promoted = {start.lock.deployment_id: start.lock.fingerprint} if start.lock.fingerprint else {}
    seen = survey(tools.clients, target, earlier.release, {str(one): mark for one, mark in promoted.items()})
    if problems := find_revert_problems(target, earlier, seen):
        return _tell(revert, (*problems, slower_way(target, earlier, seen)), event, tools)
    if pending := find_pending(seen.functions):
        late = (*pending, slower_way(target, earlier, seen))
        return _wait(revert, event, tools) if event.waits < MOST_WAITS else _tell(revert, late, event, tools)
    draft = draft_revert(
        rollout_id=event.rollout_id,
        execution=event.execution,
        now=event.now,
        target=target,
        revert=revert,
        reverted=reverted,
        earlier=earlier,
        survey=seen,
    )
    settled_at = _settled_at(start.lock, reverted, event.now, tools)
    draft = replace(draft, aliases_settle_until=max(draft.aliases_settle_until, settled_at))
    if start.grant and start.grant.action:
        draft = with_action(draft, start.grant.action)
    if is_unchanged(draft):
        return _unchanged(revert, "base already serves the earlier release")
    tools.logger.info("revert checked", rollout=event.rollout_id, target=target.name, reverts=revert.rollout)
    return {
        "start": "READY",
        "target": target.name,
        "reason": draft.reason,
        "fencing_token": start.lock.fencing_token,
        "draft": encode(draft),
    }


def _settled_at(lock: Lock, reverted: Rollout, now: float, tools: Tools) -> float:
    """When the canary aliases have settled that the last rollout left, if it is not the one to revert."""
    if lock.last_rollout_id in {None, reverted.rollout_id}:
        return 0.0
    try:
        last = tools.records.find(str(lock.last_rollout_id), lock=lock)
    except RecordSchemaError:  # another version of the controller wrote it, so nothing is known of its end
        return now + SETTLE_SECONDS
    return last.rollout.aliases_settle_until if last else 0.0


def _wait_for_holder(revert: Revert, start: Start, event: CheckEvent, tools: Tools) -> Json:
    """Wait for the promotion that is to be reverted, or for an aborted revert of it to end; for no other rollout."""
    lock = start.lock
    holder = tools.records.find(str(lock.rollout_id), lock=lock)
    is_of_it = lock.rollout_id == revert.rollout or (holder is not None and holder.rollout.reverts == revert.rollout)
    if is_of_it and event.waits < MOST_WAITS:
        return _wait(revert, event, tools)
    fix = f"take back what is running: canary rollback {revert.target}"
    problem = holder_problem(holder.rollout, lock.owner) if holder else Problem("target", f"{lock.rollout_id} holds it", fix)
    return _tell(revert, (problem,), event, tools)


def _answer_superseded(revert: Revert, reverted: Rollout, promoted: str | None, event: CheckEvent, tools: Tools) -> Json:
    """Base does not serve the release that is to be taken back: its promotion went back, or another one followed."""
    if reverted.phase is Phase.ROLLED_BACK:
        return _unchanged(revert, f"rollout {revert.rollout} was rolled back in the end, and base serves what it served before")
    found = f"rollout {promoted} was promoted after rollout {revert.rollout}, which was to be reverted"
    problem = Problem("rollout", found, f"take the newer one back: canary rollback {revert.target}")
    return _tell(revert, (problem,), event, tools)


def _unchanged(revert: Revert, reason: str) -> Json:
    return {"start": "UNCHANGED", "target": revert.target, "reason": reason}


def _wait(revert: Revert, event: CheckEvent, tools: Tools) -> Json:
    tools.logger.info("revert waits", rollout=event.rollout_id, target=revert.target, waits=event.waits)
    return {
        "start": "WAIT",
        "target": revert.target,
        "reason": f"rollout {revert.rollout} is not ready to be reverted",
        "wait_seconds": WAIT_SECONDS,
    }


def _tell(revert: Revert, problems: tuple[Problem, ...], event: CheckEvent, tools: Tools) -> Json:
    """Refuse, and let an operator know: whoever asked for the revert has had their answer already."""
    detail = {"target": revert.target, "rollout": event.rollout_id, "execution": event.execution, "phase": "refused"}
    reason = f"rollout {revert.rollout} is not reverted: {RefusedError(problems)}"
    tools.notifications.tell(NotificationKind.OPERATOR_NEEDED, {**detail, "reason": reason[:LONGEST_CAUSE]})
    return _refuse(tools, problems)


def _refuse(tools: Tools, problems: tuple[Problem, ...]) -> Json:
    reason = str(RefusedError(problems))
    tools.logger.info("revert refused", reason=reason)
    return {"start": "REFUSED", "target": "", "reason": reason}
