"""OperateRollout: abort takes the lock over, stops the owner and makes the first pass."""

from __future__ import annotations

import pytest

from tests.tasks.test_trouble import delete_record
from tests.tasks.walk import Ground, TaskFailedError


def test_abort_takes_the_canary_away(ground: Ground):
    walk = ground.walk().shift()
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders", "reason": "OPS-9"})

    assert answer == {
        "target": "orders",
        "rollout": walk.rollout_id,
        "answer": "WAIT",
        "phase": "rolling_back",
        "wait_seconds": 60,
    }
    assert ground.percent is None
    assert (walk.record.reason, walk.held.lock.owner) == ("aborted: OPS-9", f"operator:{walk.rollout_id}")


def test_abort_stops_the_execution_that_runs(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})
    described = ground.aws.client("stepfunctions").describe_execution(executionArn=arn)

    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "TakenOver", "aborted")
    assert ground.percent is None


def test_without_a_rollout_there_is_nothing_to_abort(ground: Ground):
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})

    assert answer == {"target": "orders", "answer": "NOTHING_TO_ABORT"}


def test_a_call_that_cannot_be_read_does_nothing(ground: Ground):
    ground.walk().shift()
    with pytest.raises(TaskFailedError, match="abort") as failed:
        ground.invoke("OperateRollout", {"verb": "stop", "target": "orders"})

    assert failed.value.kind == "RefusedError"
    assert ground.percent == 25.0


def test_a_deleted_record_is_no_rollout_to_abort(ground: Ground):
    walk = ground.walk().begin()
    delete_record(ground, walk)
    with pytest.raises(TaskFailedError, match=f"the record of rollout {walk.rollout_id}, which holds orders, was deleted"):
        ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})
