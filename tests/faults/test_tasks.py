"""Each Task fails once and always, and the execution is stopped at each state: the target ends whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary_machine.definition import load, states_of, task_names
from embedded_aws.faults.calls import StopFault, TaskFault, TaskMode
from tests.faults.verdicts import FAILING, MINUTE, check_whole_and_truthful, publish, roll_out

if TYPE_CHECKING:
    from tests.rig import Rig

TASKS = task_names(load())
RECOVERY = {"MakeSafe", "WhichEnding", "SafetySettle"}
PENDING = "VersionActivation"
REPLACING = {"ReplaceRollout", "ReplacementSettle"}
"""Entered only by a start that finds another rollout; `test_replacing.py` breaks off those."""

STOPPED = [
    name
    for name, state in states_of(load())
    if state["Type"] not in {"Succeed", "Fail"} and name != "Begin" and name not in REPLACING
]


def sampled(names: list[str], sample: str) -> list[object]:
    """All of them; `make test` runs only the sample, `make check` all."""
    return [name if name == sample else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("task", sampled(TASKS, "MakeSafe"))
def test_a_task_that_fails_once_does_not_leave_the_target_between(rig: Rig, task: str):
    before = publish(rig, **FAILING if task in RECOVERY else {})
    rig.aws.faults.add(TaskFault(task, TaskMode.FAILS, times=1))
    arn, ended = roll_out(rig, task)
    check_whole_and_truthful(rig, before, arn, ended)


@pytest.mark.parametrize("task", sampled(TASKS, "MoveBase"))
def test_a_task_that_lambda_refuses_once_is_tried_again(rig: Rig, task: str):
    before = publish(rig, **FAILING if task in RECOVERY else {})
    rig.aws.faults.add(TaskFault(task, TaskMode.FAILS, times=1, error="Lambda.TooManyRequestsException"))
    arn, ended = roll_out(rig, task)

    assert ended.ending == ("RolledBack" if task in RECOVERY else "Promoted")
    check_whole_and_truthful(rig, before, arn, ended, settle=60)


@pytest.mark.parametrize("task", sampled(TASKS, "MoveBase"))
def test_a_task_that_always_fails_leaves_the_target_whole(rig: Rig, task: str):
    before = publish(rig, **FAILING if task in RECOVERY else {})
    rig.aws.faults.add(TaskFault(task, TaskMode.FAILS))
    arn, ended = roll_out(rig, task)
    check_whole_and_truthful(rig, before, arn, ended)


@pytest.mark.parametrize("task", sampled(TASKS, "MakeSafe"))
def test_a_task_that_times_out_and_writes_late_leaves_the_target_whole(rig: Rig, task: str):
    before = publish(rig, **FAILING if task in RECOVERY else {})
    rig.aws.faults.add(TaskFault(task, TaskMode.TIMES_OUT, times=4, runs_after=50))
    arn, ended = roll_out(rig, task)
    check_whole_and_truthful(rig, before, arn, ended)


@pytest.mark.parametrize("state", sampled(STOPPED, "MoveBase"))
def test_an_execution_stopped_at_a_state_leaves_the_target_whole(rig: Rig, state: str):
    if state == PENDING:
        rig.aws.lambdas.states.delay_new_versions("orders-read", MINUTE)
    before = publish(rig, **FAILING if state in RECOVERY else {})
    rig.aws.faults.add(StopFault(state))
    arn, ended = roll_out(rig, state)

    assert ended.status == "ABORTED"
    check_stopped(rig, before, arn, ended)


def check_stopped(rig: Rig, before: object, arn: str, ended: object) -> None:
    if rig.record_of(arn) is None:
        assert rig.is_at_rest()
        return
    check_whole_and_truthful(rig, before, arn, ended)
