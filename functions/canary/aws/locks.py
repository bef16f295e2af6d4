"""A target's lock: who holds it, how it is kept as an item of the table, and the condition that it is still as it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from canary.aws.table import Item
    from canary.rules.rollouts.rollout import Rollout

PARKED_OWNER = "parked"
"""The owner of a rollout that is parked between its steps: no execution owns it until an advance takes it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A target's lock. ``rollout_id`` and ``owner`` are None while it is free.

    ``last_rollout_id``: the last rollout that held it. ``fingerprint``: of the last promoted API definition, which is frozen in
    ``deployment_id``. ``scheduled_at``: the newest scheduled time (epoch seconds) that was acted on.
    ``promoted_rollout_id``: the last rollout that was promoted, whose release base serves.
    """

    target: str
    fencing_token: int = 0
    rollout_id: str | None = None
    owner: str | None = None
    last_rollout_id: str | None = None
    fingerprint: str | None = None
    deployment_id: str | None = None
    scheduled_at: float | None = None
    promoted_rollout_id: str | None = None


def describe_holder(lock: Lock) -> str:
    """Who holds a lock and what to do, without reading the rollout; see `canary.rules.rollouts.holder`."""
    if lock.owner == PARKED_OWNER:
        return f"rollout {lock.rollout_id} is parked on {lock.target}; advance it, or abort it with the verb abort"
    if not str(lock.owner).startswith("arn:"):
        return (
            f"the controller is making {lock.target} safe after rollout {lock.rollout_id}; wait a few minutes until it is free"
        )
    return (
        f"rollout {lock.rollout_id} is running on {lock.target} (owner {lock.owner}); "
        "wait for its end, or abort it with the verb abort"
    )


def with_promoted(lock: Lock, rollout: Rollout) -> Lock:
    """The lock with what base serves from now on, which may be what it serves already."""
    deployment_id = rollout.intent.deployment_id
    if rollout.phase not in {Phase.WATCHING, Phase.PROMOTED}:
        return lock
    lock = replace(lock, promoted_rollout_id=rollout.rollout_id)
    if deployment_id == rollout.snapshot.deployment_id:
        return lock
    return replace(lock, fingerprint=rollout.plan.fingerprint, deployment_id=deployment_id)


def same_lock(lock: Lock) -> tuple[str, Item]:
    """The condition, with its values, that a lock has not changed since it was read."""
    return (
        "fencing_token = :fencing_token AND rollout_id = :rollout AND held_by = :owner",
        {
            ":fencing_token": {"N": str(lock.fencing_token)},
            ":rollout": {"S": str(lock.rollout_id)},
            ":owner": {"S": str(lock.owner)},
        },
    )


def lock_key(target: str) -> Item:
    """The key of a target's lock."""
    return {"pk": {"S": f"target#{target}"}, "sk": {"S": "lock"}}


def lock_item(lock: Lock) -> Item:
    """A lock as an item; an attribute without a value is left out."""
    words = {
        "rollout_id": lock.rollout_id,
        "held_by": lock.owner,
        "last_rollout_id": lock.last_rollout_id,
        "fingerprint": lock.fingerprint,
        "deployment_id": lock.deployment_id,
        "promoted_rollout_id": lock.promoted_rollout_id,
    }
    present: Item = {name: {"S": word} for name, word in words.items() if word}
    if lock.scheduled_at is not None:
        present["scheduled_at"] = {"N": str(lock.scheduled_at)}
    return {**lock_key(lock.target), "fencing_token": {"N": str(lock.fencing_token)}, **present}


def lock_of(target: str, item: Item) -> Lock:
    """The lock of an item; an empty item is a lock that was never taken."""

    def word(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return Lock(
        target=target,
        fencing_token=int(item["fencing_token"]["N"]) if "fencing_token" in item else 0,
        rollout_id=word("rollout_id"),
        owner=word("held_by"),
        last_rollout_id=word("last_rollout_id"),
        fingerprint=word("fingerprint"),
        deployment_id=word("deployment_id"),
        scheduled_at=float(item["scheduled_at"]["N"]) if "scheduled_at" in item else None,
        promoted_rollout_id=word("promoted_rollout_id"),
    )
