"""What abort, guard, sweeper and newer starts share: take over the lock, stop the owner, then make one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.executions import stop
from canary.aws.safety import Safety, make_pass
from canary.rules.rollouts.holder import last_words
from canary.rules.rollouts.replacing import replacement_reason

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.succession import Successor
    from canary.tasks.entry import Tools

REPLACEMENT = "replacement"
"""Begins the owner's name while a rollout gives way to a newer start, whose id follows."""


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
        owned = tools.records.write(owned, replace(owned.rollout, reason=reason))
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
    owned = tools.records.hand_over(owned, replace(owned.rollout, reason=reason, replaced_by=start), owner)
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


def is_execution(owner: str) -> bool:
    """Whether an owner is a state machine's execution, not a guard, the sweeper or a person."""
    return owner.startswith("arn:")
