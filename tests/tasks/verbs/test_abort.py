"""Abort before the lock is taken: an execution that still checks is stopped, and nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import canary.tasks.verbs.abort
from canary.aws.record_items import rollout_item
from canary.tasks.verbs.abort import execution_arn
from embedded_aws.faults.calls import TaskFault, TaskMode
from tests.proofs import CALLER, OPERATOR, signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tasks.walk import Ground

ABORT = {"verb": "abort", "target": "orders", "reason": "OPS-9"}


def described(ground: Ground, arn: str) -> Any:
    return ground.aws.client("stepfunctions").describe_execution(executionArn=arn)


@pytest.fixture
def checking(ground: Ground) -> str:
    """An execution whose checks take long, and no other one that runs."""
    client = ground.aws.client("stepfunctions")
    for one in client.list_executions(stateMachineArn=ground.rig.controller.machine_arn, statusFilter="RUNNING")["executions"]:
        client.stop_execution(executionArn=one["executionArn"])
    ground.rig.publish()
    ground.aws.faults.add(TaskFault("CheckRelease", TaskMode.TIMES_OUT))
    arn = ground.rig.start()
    ground.rig.settle(5)
    assert described(ground, arn)["status"] == "RUNNING"
    return arn


@pytest.mark.parametrize(
    "name",
    [lambda _: {}, lambda arn: {"execution": arn}, lambda arn: {"execution": arn.rpartition(":")[2]}],
    ids=["by target", "by arn", "by name"],
)
def test_a_start_that_still_checks_is_stopped(ground: Ground, checking: str, name: Callable[[str], dict[str, str]]):
    answer = ground.invoke(OPERATOR, signed(ground, {**ABORT, **name(checking)}))

    assert answer == {"target": "orders", "answer": "STOPPED", "executions": [checking]}
    found = described(ground, checking)
    assert (found["status"], found["error"]) == ("ABORTED", "Aborted")
    assert found["cause"] == f"aborted by {CALLER}: OPS-9; it was still checking, and changed nothing"
    assert ground.rig.records.read_lock("orders").rollout_id is None


def test_a_named_execution_that_checks_is_stopped_and_the_rollout_of_another_goes_on(ground: Ground, checking: str):
    walk = ground.walk().shift()
    answer = ground.invoke(OPERATOR, {**ABORT, "execution": checking})

    assert (answer["answer"], described(ground, checking)["status"]) == ("STOPPED", "ABORTED")
    assert (ground.percent, walk.record.actions) == (25.0, ())


def test_the_rollout_of_a_named_execution_is_aborted(ground: Ground):
    walk = ground.walk().shift()
    answer = ground.invoke(OPERATOR, {**ABORT, "execution": walk.execution})

    assert (answer["answer"], answer["rollout"], ground.percent) == ("WAIT", walk.rollout_id, None)


@pytest.mark.parametrize("others", [0, 1], ids=["a free target", "another's target"])
def test_an_execution_that_is_over_leaves_nothing_to_abort(ground: Ground, others: int):
    for _ in range(others):
        ground.walk().shift()
    answer = ground.invoke(OPERATOR, {**ABORT, "execution": "r-over"})

    assert answer == {"target": "orders", "answer": "NOTHING_TO_ABORT"}


@pytest.mark.parametrize(
    ("execution", "said"),
    [
        ("arn:aws:states:eu-west-1:123456789012:execution:payroll:june", "is no execution of this controller"),
        ("arn:aws:states:eu-west-1:210987654321:execution:canary-rollout:r1", "is no execution of this controller"),
        ("arn:aws:states:us-east-1:123456789012:execution:canary-rollout:r1", "is no execution of this controller"),
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:canary-rollout", "not an execution's ARN or name"),
        ("*", "not an execution's ARN or name"),
        ("", "not an execution's ARN or name"),
    ],
)
def test_only_an_execution_of_the_controller_is_stopped(ground: Ground, execution: str, said: str):
    answer = ground.invoke(OPERATOR, {**ABORT, "execution": execution})

    assert answer["answer"] == "REFUSED"
    assert said in answer["reason"]


def test_an_execution_for_another_target_is_refused(ground: Ground, checking: str):
    answer = ground.invoke(OPERATOR, {**ABORT, "target": "pay", "execution": checking})

    assert answer["answer"] == "REFUSED"
    assert "is an execution for orders, and the call names pay" in answer["reason"]
    assert described(ground, checking)["status"] == "RUNNING"


@pytest.mark.parametrize("is_named", [False, True], ids=["by target", "by arn"])
def test_an_execution_whose_rollout_is_over_is_left_to_end(
    ground: Ground,
    request: pytest.FixtureRequest,
    is_named: bool,  # noqa: FBT001
):
    over = ground.walk().promote().record
    checking = request.getfixturevalue("checking")
    name = checking.rpartition(":")[2]
    ground.rig.records._table.put_new(rollout_item(replace(over, rollout_id=name)))
    answer = ground.invoke(OPERATOR, {**ABORT, **({"execution": checking} if is_named else {})})

    assert answer == {"target": "orders", "answer": "NOTHING_TO_ABORT"}
    assert described(ground, checking)["status"] == "RUNNING"


def test_an_advance_is_left_to_its_own_check(ground: Ground):
    ground.aws.faults.add(TaskFault("AdvanceRollout", TaskMode.TIMES_OUT))
    given = json.dumps({"operation": "advance", "target": "orders"})
    machine = ground.rig.controller.machine_arn
    arn = ground.aws.client("stepfunctions").start_execution(stateMachineArn=machine, name="late-advance", input=given)[
        "executionArn"
    ]
    ground.rig.settle(5)
    answer = ground.invoke(OPERATOR, {**ABORT, "execution": arn})

    assert answer == {"target": "orders", "answer": "NOTHING_TO_ABORT"}
    assert described(ground, arn)["status"] == "RUNNING"


def test_only_abort_takes_an_execution(ground: Ground):
    answer = ground.invoke(OPERATOR, {"verb": "pause", "target": "orders", "execution": "r1"})

    assert "execution: only abort takes an execution" in answer["reason"]


def test_an_execution_that_takes_the_lock_meanwhile_is_aborted_as_a_rollout(
    ground: Ground, checking: str, monkeypatch: pytest.MonkeyPatch
):
    stop = canary.tasks.verbs.abort.stop
    walks = []

    def stop_too_late(stepfunctions: Any, arn: str, **words: str) -> None:
        walk = ground.walk().begin()
        taken = ground.rig.records.read_owned(walk.rollout_id, walk.execution)
        ground.rig.records._pass_on(taken, replace(taken.rollout, execution=arn), replace(taken.lock, owner=arn))
        walks.append(walk)
        stop(stepfunctions, arn, **words)

    monkeypatch.setattr(canary.tasks.verbs.abort, "stop", stop_too_late)
    answer = ground.invoke(OPERATOR, ABORT)

    [walk] = walks
    assert (answer["answer"], answer["rollout"], answer["phase"]) == ("WAIT", walk.rollout_id, "rolling_back")
    assert [action.verb for action in walk.record.actions] == ["abort"]
    assert described(ground, checking)["status"] == "ABORTED"


def test_an_executions_arn_is_that_of_the_functions_own_place():
    function = "arn:aws-cn:lambda:cn-north-1:123456789012:function:canary-OperateRollout"
    wanted = "arn:aws-cn:states:cn-north-1:123456789012:execution:canary-rollout:r1"

    assert {execution_arn(named, function) for named in ("r1", wanted)} == {wanted}
