"""AuthorizeRollout: the verb start_below_floor begins the one execution that it allows, and CheckRelease accepts no other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.rollouts.grants import Grant, GrantKind, sha256_of
from canary.rules.targets.floor import Floor
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import TaskFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tasks.walk import Ground, Walk

FLOOR = Floor(min_steps=2, min_bake_seconds=120)
BELOW = "floor.min_steps: policy quick (changed) has 1 step, and at least 2 are required"
ONE_STEP = {"policy": {"steps": [{"weight_percent": 10.0, "bake_seconds": 300}]}, "release": {"deployment": "present"}}


@pytest.fixture
def walk(ground: Ground) -> Iterator[Walk]:
    """A start of a target with a floor; its executions are stopped after the test."""
    yield ground.walk(floor=FLOOR)
    machine = ground.rig.controller.machine_arn
    client = ground.aws.client("stepfunctions")
    for one in client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        client.stop_execution(executionArn=one["executionArn"])


def allow(ground: Ground, called: str, **more: Any) -> dict[str, Any]:
    call = {"verb": "start_below_floor", "target": "orders", "reason": "OPS-7", "name": called, "input": ONE_STEP}
    return ground.invoke("AuthorizeRollout", {**call, **more})


def test_a_start_below_the_floor_begins_with_what_was_allowed_and_the_record_says_so(ground: Ground, walk: Walk):
    answer = allow(ground, "hotfix-1")
    ground.rig.settle(20)
    rollout = ground.rig.records.find("hotfix-1").rollout

    assert answer == {
        "target": "orders",
        "rollout": "hotfix-1",
        "answer": "ACCEPTED",
        "reason": f"allowed below the floor: {BELOW}",
        "execution": walk.execution.replace(walk.rollout_id, "hotfix-1"),
    }
    assert (rollout.below_floor.found, rollout.below_floor.reason) == ((BELOW,), "OPS-7")
    assert f"below the target's floor, which an authorizer allowed (OPS-7): {BELOW}" in rollout.plan.notes


def test_a_repeated_call_starts_nothing_more(ground: Ground, walk: Walk):
    first, second = allow(ground, "hotfix-2"), allow(ground, "hotfix-2", reason="again")
    ground.aws.stop_execution(first["execution"])
    third = allow(ground, "hotfix-2")

    assert (second["answer"], second["execution"]) == ("UNCHANGED", first["execution"])
    assert (third["answer"], "execution" in third) == ("UNCHANGED", False)
    assert walk.target.floor == FLOOR


def test_a_call_whose_function_died_after_the_grant_starts_the_execution_when_repeated(ground: Ground, walk: Walk):
    ground.aws.faults.add(Fault("AuthorizeRollout", "stepfunctions", "StartExecution", Mode.REFUSED, times=1))
    with pytest.raises(TaskFailedError, match="AwsRefusedError"):
        allow(ground, "hotfix-3")
    answer = allow(ground, "hotfix-3")

    assert answer["execution"] == walk.execution.replace(walk.rollout_id, "hotfix-3")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"input": {**ONE_STEP, "reason": "other"}}, "the name hotfix-4 was used for another start"),
        ({}, "and a start is allowed for 600 seconds"),
    ],
)
def test_a_name_is_good_for_one_start_and_for_ten_minutes(ground: Ground, walk: Walk, changed: dict[str, Any], said: str):
    assert walk.target.floor == FLOOR
    allow(ground, "hotfix-4")
    ground.aws.clock.run_for(601 if not changed else 1)
    answer = allow(ground, "hotfix-4", **changed)

    assert (answer["answer"], said in answer["reason"]) == ("REFUSED", True), answer
    assert answer["reason"].endswith("call it again with a new name")
    table, key = ground.rig.controller.table, {"pk": {"S": "grant#hotfix-4"}, "sk": {"S": "grant"}}
    ground.aws.client("dynamodb").delete_item(TableName=table, Key=key)


def test_a_name_that_an_ended_execution_has_is_refused(ground: Ground, walk: Walk):
    client, machine = ground.aws.client("stepfunctions"), ground.rig.controller.machine_arn
    client.start_execution(stateMachineArn=machine, name="used", input=json.dumps({"target": "nobody"}))
    ground.rig.settle(30)
    answer = allow(ground, "used")

    assert "the name used belongs to an execution that has ended" in answer["reason"]
    assert walk.target.floor == FLOOR


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"input": {}}, "input.policy: policy quick keeps the floor of orders, so no authorizer is needed"),
        ({"input": {"policy": "hotfixed"}}, 'policy: not a shipped policy, got "hotfixed"'),
        ({"input": {**ONE_STEP, "operation": "advance"}}, "operation"),
        ({"input": {**ONE_STEP, "target": "payments"}}, 'input.target: the call\'s target is "orders", got "payments"'),
        ({"target": "payments"}, "no target payments is registered"),
        ({"reason": " "}, "reason: a start below the floor needs a reason, got none"),
        ({"name": "a b"}, "name: not an execution's name"),
        ({"tolerate_alarms": ["a"]}, "tolerate_alarms: only promote tolerates alarms"),
        ({"verb": "promote"}, "name: only start_below_floor starts an execution; remove name"),
    ],
)
def test_a_wrong_call_is_refused_with_what_to_do(ground: Ground, walk: Walk, call: dict[str, Any], said: str):
    answer = allow(ground, "hotfix-5", **call)

    assert answer["answer"] == "REFUSED"
    assert said in answer["reason"]
    assert ground.rig.records.find("hotfix-5") is None
    assert walk.target.floor == FLOOR


def test_name_and_input_must_be_given(ground: Ground):
    answer = ground.invoke("AuthorizeRollout", {"verb": "start_below_floor", "target": "orders", "reason": "OPS-7"})

    assert "name: is missing; give the execution a new name" in answer["reason"]
    assert "input: is missing; give the input of the start" in answer["reason"]


def test_an_execution_that_nobody_allowed_is_refused_by_its_floor(walk: Walk):
    answer = walk.check(**ONE_STEP)

    assert answer["start"] == "REFUSED"
    assert answer["reason"].startswith(BELOW)
    assert "canary start orders --below-floor --reason <why>" in answer["reason"]


@pytest.mark.parametrize(
    ("changed", "is_accepted"),
    [
        ({}, True),
        ({"execution": "other"}, False),
        ({"target": "payments"}, False),
        ({"input_sha256": "0" * 64}, False),
        ({"given_at": -601.0}, False),
    ],
)
def test_a_grant_allows_its_own_execution_with_its_own_input_alone(walk: Walk, changed: dict[str, Any], *, is_accepted: bool):
    whole = {**ONE_STEP["policy"]["steps"][0], "weight_percent": 10}
    given = {"target": "orders", **ONE_STEP, "policy": {"steps": [whole]}}
    at = walk.now + changed.pop("given_at", 0.0)
    grant = Grant(walk.rollout_id, GrantKind.START_BELOW_FLOOR, "orders", at, reason="OPS-7", input_sha256=sha256_of(given))
    walk.ground.rig.records.give(replace(grant, **changed))
    walk.requested_at = walk.now
    answer = walk.check(**ONE_STEP)

    assert (answer["start"] == "READY") is is_accepted, answer
