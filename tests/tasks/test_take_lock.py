"""TakeLock: writes lock and snapshot together, once, unless the target was taken since the checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.rollouts.phases import Phase
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError

if TYPE_CHECKING:
    from tests.tasks.walk import Walk


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout that passed the checks."""
    checked = ground.walk()
    checked.check()
    return checked


def free(ground: Ground, walk: Walk) -> None:
    """The other rollout ends."""
    owned = walk.owned
    ground.rig.records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))


def test_lock_and_snapshot_are_recorded_together(ground: Ground, walk: Walk):
    assert walk.lock() == {"lock": "TAKEN", "rollout": walk.rollout_id}

    lock = ground.rig.records.read_lock("orders")
    assert (lock.fencing_token, lock.rollout_id, lock.owner) == (1, walk.rollout_id, walk.execution)
    assert (walk.record.phase, walk.record.snapshot.deployment_id) == ("preparing", ground.old_deployment)


def test_taking_again_after_a_lost_reply_is_success(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("TakeLock", "dynamodb", "TransactWriteItems", Mode.KILLED_AFTER, times=1))
    with pytest.raises(TaskFailedError):
        walk.lock()
    assert walk.lock() == {"lock": "TAKEN", "rollout": walk.rollout_id}

    assert ground.rig.records.read_lock("orders").fencing_token == 1
    assert walk.record.revision == 0


def test_a_target_that_another_rollout_holds_is_not_taken(ground: Ground, walk: Walk):
    other = ground.walk().begin()
    with pytest.raises(TaskFailedError, match=f"rollout {other.rollout_id} is running on orders") as failed:
        walk.lock()

    assert failed.value.kind == "LockedError"
    assert ground.rig.records.find(walk.rollout_id) is None
    assert ground.rig.records.read_lock("orders").rollout_id == other.rollout_id


def test_a_target_that_was_taken_and_freed_meanwhile_is_checked_again(ground: Ground, walk: Walk):
    free(ground, ground.walk().begin())
    with pytest.raises(TaskFailedError, match="was taken and freed since it was checked at fencing token 0") as failed:
        walk.lock()
    assert failed.value.kind == "StaleFencingTokenError"
    assert ground.rig.records.find(walk.rollout_id) is None

    walk.check(retry=True, reason="the other rollout of this release ended only for the test")
    assert walk.checked["fencing_token"] == 2
    assert walk.lock() == {"lock": "TAKEN", "rollout": walk.rollout_id}


def test_an_event_without_its_draft_names_what_is_missing(walk: Walk):
    with pytest.raises(TaskFailedError, match="not a LockEvent: draft") as failed:
        walk.task("TakeLock", fencing_token=0)

    assert failed.value.kind == "EventError"
