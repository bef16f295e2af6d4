"""SweepTargets: every target is looked at, and one's trouble keeps nobody from the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from canary.aws.errors import OwnershipLostError
from canary.rules.phases import Phase
from canary.tasks.sweep_targets import _never_write
from local.controller import TARGET_PREFIX
from tests.tasks.test_advance_rollout import held
from tests.tasks.walk import Ground, iso, lock_key

FULL, BETWEEN = 0, 120
"""Seconds into a period of five minutes."""


def sweep(ground: Ground, into: int = FULL) -> dict[str, Any]:
    """The minute's tick, so many seconds into the period before this one: a tick is never ahead of the clock."""
    due = (ground.aws.clock.now() // 300 - 1) * 300 + into
    return dict(ground.invoke("SweepTargets", {"time": iso(due)})["targets"])


def test_a_target_at_rest_is_left(ground: Ground):
    assert sweep(ground) == {"orders": "AT_REST"}
    assert sweep(ground, BETWEEN) == {"orders": "AT_REST"}


def test_a_dead_rollout_is_taken_over_and_made_safe(ground: Ground):
    walk = ground.walk().shift()
    assert sweep(ground, BETWEEN) == {"orders": "NOT_DUE"}
    assert ground.percent == 25.0
    assert sweep(ground) == {"orders": "WAIT"}
    assert (ground.percent, walk.held.lock.owner) == (None, "sweeper")
    assert walk.record.reason == "the execution ended without making its target safe"
    walk.pause(61)
    assert sweep(ground, BETWEEN) == {"orders": "WAIT"}
    walk.pause(31)
    assert sweep(ground, BETWEEN) == {"orders": "SAFE"}

    assert ground.rig.is_at_rest()
    assert walk.record.phase == "rolled_back"


def test_a_running_execution_keeps_its_rollout(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    assert sweep(ground) == {"orders": "OWNED"}
    assert ground.rig.record_of(arn).lock.owner == arn
    ground.aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert sweep(ground) == {"orders": "WAIT"}

    assert ground.percent is None


def test_a_broken_target_keeps_nobody_from_the_others(ground: Ground):
    ground.walk().shift()
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}broken", Type="String", Value="{")
    try:
        answers = sweep(ground)
    finally:
        ground.aws.client("ssm").delete_parameter(Name=f"{TARGET_PREFIX}broken")

    assert answers["broken"].startswith("NOT_SWEPT: ")
    assert answers["orders"] == "WAIT"
    assert ground.percent is None


def test_a_canary_that_came_back_after_its_end_is_removed(ground: Ground):
    walk = ground.walk().shift()
    canary = ground.rig.stage["canarySettings"]
    walk.end()
    assert sweep(ground) == {"orders": "AT_REST"}
    restore_canary(ground, canary["deploymentId"])

    assert sweep(ground, BETWEEN) == {"orders": "AT_REST"}
    assert sweep(ground) == {"orders": "WAIT"}
    assert ground.percent is None
    assert (walk.record.phase, walk.held.lock.rollout_id) == ("rolling_back", walk.rollout_id)
    assert f"the canary of rollout {walk.rollout_id} was back after its end" in walk.record.reason


def test_a_promoted_canary_that_came_back_is_removed_and_stays_promoted(ground: Ground):
    walk = ground.walk().promote()
    restore_canary(ground, walk.record.intent.deployment_id, percent="0.0")

    assert sweep(ground) == {"orders": "SAFE"}
    assert ground.percent is None
    assert walk.record.phase == "promoted"
    assert ground.rig.aliases() == {name: (version, version) for name, version in ground.new.items()}


def test_a_foreign_canary_is_left(ground: Ground):
    ground.walk().shift().end()
    ground.patch("/canarySettings/percentTraffic", "5.0")

    assert sweep(ground) == {"orders": "AT_REST"}
    assert ground.percent == 5.0


def test_an_alias_target_that_is_free_is_at_rest(ground: Ground):
    walk = ground.walk(ground.ship).begin()
    held = walk.held
    ground.rig.records.finish(held, replace(held.rollout, phase=Phase.ROLLED_BACK))

    assert sweep(ground) == {"orders": "AT_REST", "orders-ship": "AT_REST"}


def test_a_lock_without_its_rollout_is_not_due(ground: Ground):
    words = {"rollout_id": {"S": "gone"}, "held_by": {"S": "somebody"}, "fencing": {"N": "1"}}
    table = ground.rig.controller.table
    ground.aws.client("dynamodb").put_item(TableName=table, Item={**lock_key("orders"), **words})

    assert sweep(ground) == {"orders": "NOT_DUE"}


def restore_canary(ground: Ground, deployment: str, percent: str = "50.0") -> None:
    """A late writer attaches it again, in one list."""
    stage = ground.rig.target.stage
    values = {"deploymentId": deployment, "stageVariableOverrides/lambdaAlias": "canary", "percentTraffic": percent}
    ground.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[
            {"op": "replace", "path": f"/canarySettings/{name}", "value": value} for name, value in values.items()
        ],
    )


def test_a_free_target_is_only_read():
    with pytest.raises(OwnershipLostError, match="is only read"):
        _never_write()


def test_a_held_rollout_is_looked_at_once_a_period(ground: Ground):
    walk = held(ground)
    ground.rig.settle(400)

    assert sweep(ground, BETWEEN) == {"orders": "HELD"}
    assert walk.record.tally.held_looks == 0
    assert sweep(ground) == {"orders": "HELD"}
    assert (walk.record.tally.held_looks, walk.record.phase, ground.percent) == (1, "held", 25.0)
