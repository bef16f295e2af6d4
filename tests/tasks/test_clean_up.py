"""CleanUp: no canary is left, and only then does the watch begin, or is the lock free."""

from __future__ import annotations

import pytest

from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import SETTLE, Ground, TaskFailedError, Walk


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout whose stage is flipped and settled."""
    flipped = ground.walk().move_base()
    flipped.pause(SETTLE + 5)
    flipped.task("FlipStage")
    flipped.pause(SETTLE + 5)
    return flipped


def test_the_promotion_ends_with_its_summary_and_a_free_lock(ground: Ground, walk: Walk):
    answer = walk.task("CleanUp")

    assert (answer["outcome"], answer["rollout"], answer["target"]) == ("promoted", walk.rollout_id, "orders")
    assert ground.rig.is_at_rest()
    assert ground.rig.aliases() == {name: (version, "1") for name, version in ground.new.items()}
    assert (walk.record.phase, walk.record.ended_at) == ("promoted", walk.now)
    lock = ground.rig.records.read_lock("orders")
    assert (lock.last_rollout_id, lock.deployment_id) == (walk.rollout_id, ground.rig.stage["deploymentId"])


def test_a_refused_removal_keeps_the_lock(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("CleanUp", "apigateway", "UpdateStage", Mode.REFUSED))
    with pytest.raises(TaskFailedError, match="op=remove,path=/canarySettings") as failed:
        walk.task("CleanUp")

    assert failed.value.kind == "AwsRefusedError"
    assert walk.record.phase == "moving_base"
    assert ground.rig.records.read_lock("orders").rollout_id == walk.rollout_id
    ground.aws.faults.clear()
    walk.task("CleanUp")
    assert ground.rig.is_at_rest()


def test_an_ended_rollout_has_no_owner_to_clean_up(walk: Walk):
    walk.task("CleanUp")
    with pytest.raises(TaskFailedError, match="is now owned by nobody") as failed:
        walk.task("CleanUp")

    assert failed.value.kind == "OwnershipLostError"


def test_a_canary_alias_that_cannot_go_back_stays_at_base_and_the_release_is_promoted(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("CleanUp", "lambda", "UpdateAlias", Mode.REFUSED))
    answer = walk.task("CleanUp")

    assert (answer["outcome"], ground.rig.is_at_rest()) == ("promoted", True)
    assert ground.rig.aliases() == {name: (version, version) for name, version in ground.new.items()}
    noted = [note for note in walk.record.plan.notes if "where a revert could begin without waiting" in note]
    assert [note.partition(" points")[0] for note in noted] == ["alias orders-read:canary", "alias orders-write:canary"]
