"""What the promotion's tasks share: a forward pass that must reach its recovery stage."""

from __future__ import annotations

import pytest

from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import Ground, TaskFailedError


def test_the_commit_point_is_written_before_an_alias_moves(ground: Ground):
    walk = ground.walk().take_all()
    ground.aws.faults.add(Fault("MoveBase", "lambda", "UpdateAlias", Mode.KILLED_BEFORE, times=1))
    with pytest.raises(TaskFailedError):
        walk.task("MoveBase")
    assert walk.record.phase == "moving_base"
    assert ground.alias("orders-read", "live") == ("1", {})
    walk.task("MoveBase")

    assert {name: live for name, (live, _) in ground.rig.aliases().items()} == ground.new


def test_a_flip_before_the_aliases_have_settled_is_not_made(ground: Ground):
    walk = ground.walk().move_base()
    with pytest.raises(TaskFailedError, match="the promotion is at based but should be at flipped") as failed:
        walk.task("FlipStage")

    assert failed.value.kind == "StateChangedError"
    assert ground.rig.stage["deploymentId"] == ground.old_deployment


def test_a_canary_that_lost_its_traffic_is_not_promoted(ground: Ground):
    walk = ground.walk().take_all()
    ground.patch("/canarySettings/percentTraffic", "10.0")
    with pytest.raises(TaskFailedError, match="the promotion is at returned but should be at based or flipped") as failed:
        walk.task("MoveBase")

    assert failed.value.kind == "StateChangedError"
    assert {live for live, _ in ground.rig.aliases().values()} == {"1"}


def test_a_rollout_that_bakes_is_not_promoted(ground: Ground):
    walk = ground.walk().shift()
    with pytest.raises(TaskFailedError, match="is shifting; it cannot be promoted") as failed:
        walk.task("MoveBase")

    assert failed.value.kind == "OwnershipLostError"
    assert ground.percent == 25.0
