"""FlipStage: base gets the canary's deployment in one patch list."""

from __future__ import annotations

import pytest

from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import SETTLE, Ground, TaskFailedError, Walk


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout whose live aliases have moved and settled."""
    moved = ground.walk().move_base()
    moved.pause(SETTLE + 5)
    return moved


def test_base_gets_the_deployment_and_the_canary_nothing(ground: Ground, walk: Walk):
    answer = walk.task("FlipStage")

    assert answer["wait_seconds"] >= 35
    assert ground.rig.stage["deploymentId"] == walk.record.intent.deployment_id
    assert ground.rig.stage["variables"] == {"lambdaAlias": "live"}
    assert ground.percent == 0.0
    assert walk.record.recovery_stage == "flipped"


def test_a_retry_repeats_the_wait(walk: Walk):
    walk.task("FlipStage")
    before = walk.record

    assert walk.task("FlipStage") == {"deployment": before.intent.deployment_id, "wait_seconds": 35}
    assert walk.record == before


def test_a_refused_flip_reports_the_whole_patch_list(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("FlipStage", "apigateway", "UpdateStage", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="op=copy,from=/canarySettings/deploymentId,path=/deploymentId") as failed:
        walk.task("FlipStage")

    assert failed.value.kind == "AwsRefusedError"
    assert (ground.rig.stage["deploymentId"], ground.percent) == (ground.old_deployment, 100.0)
