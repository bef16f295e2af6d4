"""The releases of a target that were taken back, and what follows when one of them is asked for again.

A schedule or a pipeline asks for the newest of everything, and so for a release that was taken back days ago. Such a start is
refused unless it says that it means to retry. Two rollouts bring the same release if they bring the same function versions, the
same variables and the same definition, whatever their inputs named. The policy does not matter.
"""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.releases.identity import ReleaseIdentity
from canary.rules.releases.problems import Problem, cut
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import iso
from canary.rules.targets.policy import AfterRollback

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy

TAKEN_BACK = frozenset({Phase.ROLLED_BACK})
"""The phases in which a rollout ends whose release is not to start again by mistake."""

REVERT_REASON = "rollout {} is taken back"
"""How the reason of a revert begins."""

MOST_KEPT = 20
"""Releases of a target that are kept, the newest first: about 10 KB, which every start reads."""

LONGEST_REASON = 200
"""Characters of the reason that are kept. The rollout's record has all of them, for as long as it is kept."""


class TakenBackBy(enum.StrEnum):
    """How a release was taken back: by the end of its own rollout, or by a later revert of it."""

    ROLLED_BACK = Phase.ROLLED_BACK
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A release that was taken back: its rollout, when (epoch seconds), how, and why."""

    identity: ReleaseIdentity
    rollout_id: str
    ended_at: float
    reason: str
    phase: TakenBackBy = TakenBackBy.ROLLED_BACK

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        ended = self.phase.value.replace("_", " ")
        return f"rollout {self.rollout_id} of the same release was {ended} at {iso(self.ended_at)}{why}"


def identify(rollout: Rollout) -> ReleaseIdentity:
    """Which release the rollout brings; that of a draft may have no deployment yet."""
    intent = rollout.intent
    code = json.dumps([dict(intent.versions), dict(intent.promoted_variables)], sort_keys=True)
    return ReleaseIdentity(hashlib.sha256(code.encode()).hexdigest(), rollout.plan.fingerprint, intent.deployment_id)


def after_end(kept: tuple[TakenBack, ...], ended: Rollout) -> tuple[TakenBack, ...]:
    """What is kept from the end of this rollout on. A release that was promoted after all is no longer among it.

    A revert takes the other release back once it is promoted. One that was rolled back itself says nothing against what it was
    to bring back, and a rollout that gave way to a newer one says nothing about its release.
    """
    identity, moment, reason = identify(ended), ended.ended_at or ended.started_at, ended.reason[:LONGEST_REASON]
    if ended.phase in {Phase.WATCHING, Phase.PROMOTED}:
        left = tuple(one for one in kept if not one.identity.is_same_as(identity))
        if ended.reverts is None or ended.takes_back is None:
            return left
        return take_back(left, TakenBack(ended.takes_back, ended.reverts, moment, reason, TakenBackBy.REVERTED))
    if ended.phase in TAKEN_BACK and ended.reverts is None and ended.replaced_by is None:
        return take_back(kept, TakenBack(identity, ended.rollout_id, moment, reason, TakenBackBy.ROLLED_BACK))
    return kept


def take_back(kept: tuple[TakenBack, ...], newest: TakenBack) -> tuple[TakenBack, ...]:
    """What is kept with one release more, each release once."""
    others = (one for one in kept if not one.identity.is_same_as(newest.identity))
    return (newest, *others)[:MOST_KEPT]


def find_earlier(kept: tuple[TakenBack, ...], draft: Rollout) -> TakenBack | None:
    """The last rollout of the release that a draft brings, if it was rolled back."""
    identity = identify(draft)
    return next((one for one in kept if one.identity.is_same_as(identity)), None)


def find_alike(kept: tuple[TakenBack, ...], draft: Rollout) -> TakenBack | None:
    """The last rollout of the draft's versions and variables that was rolled back, whatever its definition was."""
    code = identify(draft).code
    return next((one for one in kept if one.identity.code == code), None)


def find_repetition(earlier: TakenBack | None, draft: Rollout, *, is_retry: bool) -> tuple[Problem, ...]:
    """Why a release that was rolled back earlier cannot start: the input does not say that it means to, nor does the policy."""
    if earlier is None or is_retry or draft.plan.policy.after_rollback is AfterRollback.ALLOW:
        return ()
    fix = 'publish a new release; or, if this one was not at fault, start it again with "retry": true and a reason'
    return (Problem("release", str(earlier), fix),)


def find_unread(unread: str, target: str, policy: Policy, *, is_retry: bool) -> tuple[Problem, ...]:
    """Why nothing can start while it cannot be read which releases were rolled back. Who retries or allows it need not know."""
    if not unread or is_retry or policy.after_rollback is AfterRollback.ALLOW:
        return ()
    found = f"which releases of {target} were rolled back cannot be read, because someone edited the item: {cut(unread)}"
    place = f"the item target#{target}, taken_back, of the records' table"
    fix = f'restore or delete {place}; or start with "retry": true and a reason'
    return (Problem("release", found, fix),)


def note_unread(draft: Rollout, unread: str) -> Rollout:
    """The draft, which says that it could not be checked against the releases that were rolled back."""
    if not unread:
        return draft
    note = "which releases were rolled back before could not be read, so this one was not compared with them"
    return replace(draft, plan=replace(draft.plan, notes=(*draft.plan.notes, note)))


def mark_retry(draft: Rollout, earlier: TakenBack | None) -> Rollout:
    """The draft, which says of which earlier rollout it is a retry."""
    if earlier is None:
        return draft
    notes = (*draft.plan.notes, f"this is a retry: {earlier}")
    return replace(draft, retry_of=earlier.rollout_id, plan=replace(draft.plan, notes=notes))
