"""HoldRollout: the rollout is nobody's until an advance, and a retry finds it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.controller import function_name
from tests.tasks.walk import Ground, TaskFailedError, Walk, iso

if TYPE_CHECKING:
    from canary.rules.target import Target

SCHEDULED = {"policy": {"progression": "scheduled", "max_hold_seconds": 7200}}


def shifted(ground: Ground, target: Target | None = None, **changes: Any) -> Walk:
    walk = ground.walk(target, **changes).begin(**SCHEDULED)
    walk.task("PrepareRelease")
    walk.pause(30)
    walk.task("ShiftTraffic")
    return walk


def hold(walk: Walk) -> dict[str, Any]:
    return walk.task("HoldRollout", walk.entered)


def test_a_held_rollout_has_no_execution_and_keeps_its_weight(ground: Ground):
    walk = shifted(ground)
    walk.entered = walk.now
    answer = hold(walk)

    assert (answer["outcome"], answer["rollout"], answer["steps"]) == ("held", walk.rollout_id, 1)
    assert (walk.record.phase, walk.held.lock.owner, ground.percent) == ("held", "held", 25.0)
    assert (answer["weight_percent"], answer["held_until"]) == (25.0, iso(walk.record.held_until).replace(".000", ""))
    assert f"--state-machine-arn {ground.rig.controller.machine_arn} --input" in answer["next_step"]
    assert f"--function-name {function_name('OperateRollout')} " in answer["abort"]
    assert walk.record.held_until - walk.record.held_since == 7200
    assert ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})["answer"] == "WAIT"


def test_a_retry_finds_what_it_has_done(ground: Ground):
    walk = shifted(ground)
    walk.entered = walk.now
    first, before = hold(walk), walk.held

    assert hold(walk) == first
    assert (walk.held.lock, walk.record) == (before.lock, before.rollout)


def test_a_rollout_with_all_traffic_cannot_be_held(ground: Ground):
    walk = ground.walk().take_all()
    with pytest.raises(TaskFailedError, match=r"OwnershipLostError.*is taking_all; it cannot be held"):
        walk.task("HoldRollout")
