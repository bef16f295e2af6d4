"""Executions as owners: whether one is running, and how to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.executions import find_running, is_known, is_running, running_targets, start, stop
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tasks.walk import Ground


@pytest.fixture
def arn(ground: Ground) -> Iterator[str]:
    """A running execution."""
    started = ground.rig.start()
    yield started
    ground.aws.faults.clear()
    stop(ground.aws.client("stepfunctions"), started, error="Over", cause="the test is over")


def test_a_running_execution_is_stopped_once(ground: Ground, arn: str):
    client = ground.aws.client("stepfunctions")
    assert is_running(client, arn)
    stop(client, arn, error="RolledBack", cause="OPS-1")
    stop(client, arn, error="TakenOver", cause="OPS-2")
    described = client.describe_execution(executionArn=arn)

    assert not is_running(client, arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "RolledBack", "OPS-1")


def test_an_unknown_execution_does_not_run(ground: Ground, arn: str):
    client = ground.aws.client("stepfunctions")

    assert not is_running(client, f"{arn}-unknown")
    stop(client, f"{arn}-unknown", error="RolledBack", cause="nobody")
    assert is_running(client, arn)


@pytest.mark.parametrize(
    ("operation", "command"), [("DescribeExecution", "describe-execution"), ("StopExecution", "stop-execution")]
)
def test_a_refusal_reports_the_command(ground: Ground, arn: str, operation: str, command: str):
    ground.aws.faults.add(Fault(None, None, operation, Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=f"aws stepfunctions {command} --execution-arn"):
        stop(ground.aws.client("stepfunctions"), arn, error="RolledBack", cause="x")


def test_the_targets_of_running_executions_are_those_of_their_inputs(ground: Ground, arn: str):
    client, machine = ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn
    assert running_targets(client, machine) == {"orders"}
    assert (find_running(client, machine, "orders"), find_running(client, machine, "pay")) == (arn, None)
    stop(client, arn, error="RolledBack", cause="OPS-1")

    assert running_targets(client, machine) == frozenset()


@pytest.mark.parametrize("given", ["[]", "{}", '"orders"', "nothing"])
def test_an_execution_whose_input_names_no_target_may_be_anyones(given: str):
    class Client:
        def get_paginator(self, _: str) -> Client:
            return self

        def paginate(self, **_: object) -> list[dict[str, list[dict[str, str]]]]:
            return [{"executions": [{"executionArn": "arn:x"}]}]

        def describe_execution(self, **_: object) -> dict[str, str]:
            return {"input": given}

    assert running_targets(Client(), "arn:machine") == {None}


def test_executions_that_cannot_be_listed_are_a_refusal(ground: Ground):
    ground.aws.faults.add(Fault(None, None, "ListExecutions", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="aws stepfunctions list-executions --state-machine-arn"):
        running_targets(ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn)


def test_an_execution_is_started_once_under_its_name(ground: Ground):
    client, machine = ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn
    given = {"target": "nobody", "operation": "revert"}
    first, again = (start(client, machine, "started-once", given) for _ in range(2))
    assert first == again
    assert is_known(client, str(first))
    assert not is_known(client, f"{first}-unknown")
    ground.rig.settle(5)
    stop(client, str(first), error="Over", cause="the test is over")

    assert start(client, machine, "started-once", given) is None


def test_an_execution_that_cannot_be_started_is_a_refusal(ground: Ground):
    ground.aws.faults.add(Fault(None, None, "StartExecution", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=r"aws stepfunctions start-execution --state-machine-arn .* --name never"):
        start(ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn, "never", {})
