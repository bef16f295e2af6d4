"""ParkRollout: no execution owns the rollout until an advance, and a retry recognises that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.controller import function_name
from tests.tasks.walk import Ground, TaskFailedError, Walk, iso

if TYPE_CHECKING:
    from canary.rules.targets.target import Target

SCHEDULED = {"policy": {"progression": "scheduled", "max_parked_seconds": 7200}}


def shifted(ground: Ground, target: Target | None = None, **changes: Any) -> Walk:
    walk = ground.walk(target, **changes).begin(**SCHEDULED)
    walk.task("PrepareRelease")
    walk.pause(30)
    walk.task("ShiftTraffic")
    return walk


def park(walk: Walk) -> dict[str, Any]:
    return walk.task("ParkRollout", walk.entered)


def test_a_parked_rollout_has_no_execution_and_keeps_its_weight(ground: Ground):
    walk = shifted(ground)
    walk.entered = walk.now
    answer = park(walk)

    assert (answer["outcome"], answer["rollout"], answer["steps"]) == ("parked", walk.rollout_id, 1)
    assert (walk.record.phase, walk.owned.lock.owner, ground.percent) == ("parked", "parked", 25.0)
    assert (answer["weight_percent"], answer["parked_until"]) == (25.0, iso(walk.record.parked_until).replace(".000", ""))
    assert f"--state-machine-arn {ground.rig.controller.machine_arn} --input" in answer["next_step"]
    assert f"--function-name {function_name('OperateRollout')} " in answer["abort"]
    assert walk.record.parked_until - walk.record.parked_since == 7200
    assert ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})["answer"] == "WAIT"


def test_a_retry_finds_the_rollout_parked(ground: Ground):
    walk = shifted(ground)
    walk.entered = walk.now
    first, before = park(walk), walk.owned

    assert park(walk) == first
    assert (walk.owned.lock, walk.record) == (before.lock, before.rollout)


def test_a_rollout_with_all_traffic_cannot_be_parked(ground: Ground):
    walk = ground.walk().take_all()
    with pytest.raises(TaskFailedError, match=r"OwnershipLostError.*is taking_all; it cannot be parked"):
        walk.task("ParkRollout")
