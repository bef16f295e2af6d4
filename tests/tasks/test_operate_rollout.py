"""OperateRollout: abort takes over the lock, stops the owner and makes the first pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.controller import TARGET_PREFIX
from tests.tasks.test_trouble import delete_record

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_abort_removes_the_canary(ground: Ground):
    walk = ground.walk().shift()
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders", "reason": "OPS-9"})

    assert answer == {
        "target": "orders",
        "rollout": walk.rollout_id,
        "answer": "WAIT",
        "phase": "rolling_back",
        "wait_seconds": 61,
        "takes_back": walk.rollout_id,
        "now": {"functions": ground.new, "deployment": walk.record.intent.deployment_id},
        "afterwards": {"functions": ground.old, "deployment": ground.old_deployment},
    }
    assert ground.percent is None
    assert (walk.record.reason, walk.owned.lock.owner) == ("aborted: OPS-9", f"operator:{walk.rollout_id}")


def test_abort_stops_the_execution_that_runs(ground: Ground):
    arn = ground.rig.start()
    ground.rig.settle(100)
    ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})
    described = ground.aws.client("stepfunctions").describe_execution(executionArn=arn)

    cause = "aborted; base gets all traffic again, and the controller removes the canary"
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "RolledBack", cause)
    assert ground.percent is None


def test_without_a_rollout_there_is_nothing_to_abort(ground: Ground):
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})

    assert answer == {"target": "orders", "answer": "NOTHING_TO_ABORT"}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            {"verb": "abrot", "target": "orders"},
            'verb: not one of abort, pause, resume, rollback, revert, got "abrot"; did you mean abort?',
        ),
        ({"verb": "abort"}, "target: is missing; give the name of a registered target"),
        ({"verb": "abort", "target": "orders", "force": True}, "force: unknown field"),
        (["abort", "orders"], "input: not a mapping, got a list of 2"),
        ("abort", 'input: not a mapping, got "abort"'),
        (None, "input: not a mapping, got null"),
    ],
)
def test_a_wrong_call_is_answered_in_words_and_does_nothing(ground: Ground, call: object, said: str):
    ground.walk().shift()
    answer = ground.invoke("OperateRollout", call)

    assert (answer["target"], answer["answer"]) == ("", "REFUSED")
    assert said in answer["reason"]
    assert ground.percent == 25.0


def test_an_unknown_target_is_refused_with_those_that_are_registered(ground: Ground):
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "odrers"})

    assert (answer["target"], answer["answer"]) == ("odrers", "REFUSED")
    assert "no target odrers is registered; registered targets: orders" in answer["reason"]


def test_a_rollout_of_a_target_that_is_no_longer_registered_is_aborted(ground: Ground):
    ground.walk().shift()
    ground.aws.client("ssm").delete_parameter(Name=f"{TARGET_PREFIX}orders")
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})

    assert (answer["answer"], ground.percent) == ("WAIT", None)


def test_a_lock_without_a_record_is_reported(ground: Ground):
    walk = ground.walk().begin()
    delete_record(ground, walk)
    answer = ground.invoke("OperateRollout", {"verb": "abort", "target": "orders"})

    assert answer["answer"] == "REFUSED"
    assert f"the record of rollout {walk.rollout_id}, which holds orders, was deleted" in answer["reason"]


def test_a_start_in_between_reports_the_abort_and_not_the_sweeper(ground: Ground):
    walk = ground.walk().shift()
    ground.invoke("OperateRollout", {"verb": "abort", "target": "orders", "reason": "OPS-9"})
    ground.rig.records.take_over(walk.owned, "sweeper")
    refused = ground.walk().check()

    assert f"rollout {walk.rollout_id} is being rolled back on orders" in refused["reason"]
    assert "reason: aborted: OPS-9" in refused["reason"]
    assert "sweeper" not in refused["reason"]
