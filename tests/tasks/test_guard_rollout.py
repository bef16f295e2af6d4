"""GuardRollout: acts only on the end of an execution that still owns its rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.tasks.test_advance_rollout import advance, parked
from tests.tasks.walk import Ground, iso

if TYPE_CHECKING:
    from tests.tasks.walk import Walk


def tell(ground: Ground, walk: Walk, execution: str | None = None) -> dict[str, Any]:
    """EventBridge reports that the execution was aborted."""
    machine = ground.rig.controller.machine_arn
    detail = {"executionArn": execution or walk.execution, "stateMachineArn": machine, "status": "ABORTED"}
    return ground.invoke("GuardRollout", {"detail": detail, "time": iso(walk.now)})


def test_the_canary_of_a_dead_execution_is_removed(ground: Ground):
    walk = ground.walk().shift()

    assert tell(ground, walk) == {"rollout": walk.rollout_id, "answer": "WAIT"}
    assert ground.percent is None
    assert walk.owned.lock.owner == f"guard:{walk.rollout_id}"
    assert walk.record.reason == "the execution ended as ABORTED without making its target safe"


def test_a_second_delivery_finds_nothing_to_do(ground: Ground):
    walk = ground.walk().shift()
    tell(ground, walk)
    before = walk.owned

    assert tell(ground, walk)["answer"] == "NOTHING_TO_DO"
    assert (walk.record, walk.owned.lock) == (before.rollout, before.lock)


def test_the_recorded_reason_stays(ground: Ground):
    walk = ground.walk().shift()
    walk.pause(60)
    ground.fire()
    reason = walk.look()["reason"]
    tell(ground, walk)

    assert walk.record.reason == reason


def test_someone_elses_execution_is_ignored(ground: Ground):
    walk = ground.walk().shift()
    answer = tell(ground, walk, f"{walk.execution}-of-someone")

    assert answer == {"execution": f"{walk.execution}-of-someone", "answer": "NOTHING_TO_DO"}
    assert ground.percent == 25.0


def test_an_ended_rollout_is_left_alone(ground: Ground):
    walk = ground.walk().shift()
    walk.end()
    before = walk.record

    assert tell(ground, walk)["answer"] == "NOTHING_TO_DO"
    assert walk.record == before


def test_an_advance_that_died_is_found_by_its_ownership(ground: Ground):
    walk = parked(ground)
    advance(walk)
    ground.walk()

    assert tell(ground, walk, walk.record.execution) == {"rollout": walk.rollout_id, "answer": "WAIT"}
    assert ground.percent is None


def test_the_execution_before_an_advance_owns_nothing_any_more(ground: Ground):
    walk = parked(ground)
    advance(walk)

    assert tell(ground, walk)["answer"] == "NOTHING_TO_DO"
    assert ground.percent == 25.0
