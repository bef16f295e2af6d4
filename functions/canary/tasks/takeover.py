"""What abort, guard and sweeper share: take over the lock, stop the owner, then make one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.executions import stop
from canary.aws.safety import Safety, make_pass
from canary.rules.rollouts.holder import last_words
from canary.rules.rollouts.watch_course import note_reason

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.tasks.entry import Tools


def take_over(owned: Owned, tools: Tools, *, owner: str, reason: str, now: float) -> Safety:
    """One pass for a rollout whose owner is dead or must be stopped; the sweeper makes later passes.

    Raises:
        OwnershipLostError: someone else took it over at the same moment.
        AwsRefusedError: Step Functions did not stop the owner.

    """
    before = owned.lock.owner or ""
    owned = tools.records.take_over(owned, owner)
    if is_execution(before):
        error, cause = last_words(owned.rollout, reason)
        stop(tools.clients.stepfunctions, before, error=error, cause=cause)
    rollout = owned.rollout
    if reason and not rollout.phase.is_terminal and rollout.recovery_stage == "start" and not rollout.needs_operator:
        owned = tools.records.write(owned, note_reason(owned.rollout, reason))
    safety = make_pass(tools, owned, now)
    tools.logger.info(
        "taken over",
        rollout=owned.rollout.rollout_id,
        owner=owner,
        reason=reason,
        phase=safety.owned.rollout.phase,
        answer=safety.answer,
        refusals=safety.refusals,
    )
    if safety.refusals:
        tools.count("OperatorNeeded")
    return safety


def is_execution(owner: str) -> bool:
    """Whether an owner is a state machine's execution, not a guard, the sweeper or a person."""
    return owner.startswith("arn:")
