"""Which other rollout holds a target, and who it is for the text of a refusal. It is read before the target itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.aws.locks import Lock, describe_holder
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.holder import holder_problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout

if TYPE_CHECKING:
    from canary.aws.record_reads import RecordReads


@dataclass(frozen=True, slots=True)
class Holder:
    """The rollout that holds a target; None if its record is gone. ``problem`` says who it is to a start that is refused."""

    lock: Lock
    rollout: Rollout | None
    problem: Problem


def find_holder(lock: Lock, rollout_id: str, execution: str, records: RecordReads) -> Holder | None:
    """The other rollout that holds the target. Its effects are not the start's problems and are not reported."""
    if lock.rollout_id is None or is_own(lock, rollout_id, execution):
        return None
    owned = records.find(lock.rollout_id, lock=lock)
    if owned is None:
        return Holder(lock, None, Problem("target", describe_holder(lock), "a target takes one rollout at a time"))
    if owned.rollout.phase is Phase.WATCHING:  # its release is base already; TakeLock ends the watch
        return None
    return Holder(lock, owned.rollout, holder_problem(owned.rollout, lock.owner))


def find_newer_lock(before: Lock, records: RecordReads) -> Lock | None:
    """The lock, if a rollout took the target since `before` was read; its effects are in the way, then."""
    lock = records.read_lock(before.target)
    return lock if lock.rollout_id not in {None, before.rollout_id} else None


def is_own(lock: Lock, rollout_id: str, execution: str) -> bool:
    """Whether this execution already holds the lock, because an answer of TakeLock was lost."""
    return (lock.rollout_id, lock.owner) == (rollout_id, execution)
