"""What abort, guard, sweeper and newer starts share: take over the lock, stop the owner, then make one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.executions import stop
from canary.aws.safety import Safety, make_pass
from canary.rules.rollouts.acting import with_action
from canary.rules.rollouts.holder import last_words
from canary.rules.rollouts.replacing import replacement_reason
from canary.rules.rollouts.watch_course import note_reason

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.actions import Action
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.succession import Successor
    from canary.tasks.common.entry import Tools

REPLACEMENT = "replacement"
"""Begins the owner's name while a rollout gives way to a newer start, whose id follows."""


def take_over(owned: Owned, tools: Tools, *, owner: str, reason: str, now: float, action: Action | None = None) -> Safety:
    """One pass for a rollout whose owner is dead or must be stopped; the sweeper makes later passes.

    `action`: the verb that asked for it, which the record keeps.

    Raises:
        OwnershipLostError: someone else took it over at the same moment.
        AwsRefusedError: Step Functions did not stop the owner.

    """
    before = owned.lock.owner or ""
    owned = tools.records.take_over(owned, owner)
    if is_execution(before):
        error, cause = last_words(owned.rollout, reason)
        stop(tools.clients.stepfunctions, before, error=error, cause=cause)
    noted = _noted(owned.rollout, reason, action)
    if noted != owned.rollout:
        owned = tools.records.write(owned, noted)
    return _pass(owned, tools, reason=reason, now=now)


def replace_by(start: Successor, owned: Owned, tools: Tools, *, execution: str, now: float) -> Safety:
    """One pass for a rollout that gives way to a newer start, whose execution is `execution`.

    The record names the newer start from the write on that takes the lock over, so a retry goes on where a call before it died.

    Raises:
        OwnershipLostError: the rollout's owner, or another start, has written since `owned` was read.
        AwsRefusedError: Step Functions did not stop the owner.

    """
    reason = replacement_reason(start, execution)
    owner = f"{REPLACEMENT}:{start.rollout_id}"
    owned = tools.records.replace_owner(owned, replace(owned.rollout, reason=reason, replaced_by=start), owner)
    error, cause = last_words(owned.rollout, reason)
    stop(tools.clients.stepfunctions, owned.rollout.execution, error=error, cause=cause)
    return _pass(owned, tools, reason=reason, now=now)


def _pass(owned: Owned, tools: Tools, *, reason: str, now: float) -> Safety:
    safety = make_pass(tools, owned, now)
    tools.logger.info(
        "taken over",
        rollout=owned.rollout.rollout_id,
        owner=owned.lock.owner,
        reason=reason,
        phase=safety.owned.rollout.phase,
        answer=safety.answer,
        refusals=safety.refusals,
    )
    if safety.refusals:
        tools.count("OperatorNeeded")
    return safety


def _noted(rollout: Rollout, reason: str, action: Action | None) -> Rollout:
    """The rollout with the reason, unless its recovery has one already, and with the verb; one that is over stays as it is."""
    if rollout.phase.is_terminal:
        return rollout
    is_first = rollout.recovery_stage == "start" and not rollout.needs_operator
    noted = note_reason(rollout, reason) if reason and is_first else rollout
    return with_action(noted, action) if action else noted


def is_execution(owner: str) -> bool:
    """Whether an owner is a state machine's execution, not a guard, the sweeper or a person."""
    return owner.startswith("arn:")
