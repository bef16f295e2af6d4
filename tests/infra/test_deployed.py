"""What only a deployment has: its outputs, its version of the code, and a deletion that is refused while anything moves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.edge.target import target_to_json
from infra.stacks import CONTROLLER
from local.deploy import DeployError, destroy
from local.embedded import EmbeddedAws
from tests.infra.deployed import by_templates, synthesised
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
TARGET = "canary-target-orders"


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Rig]:
    if not request.config.getoption("--deployed"):
        monkeypatch.setattr(Rig, "deployer", staticmethod(by_templates))
    with EmbeddedAws() as aws:
        yield Rig(aws)


def assembly(rig: Rig) -> Path:
    return synthesised(target_to_json(replace(rig.target, role_arn=None)))


def test_a_rollout_runs_from_what_was_deployed(rig: Rig):
    rig.publish()
    ended = rig.run()

    assert (ended.ending, ended.cause) == ("Promoted", "")
    assert rig.is_at_rest()
    assert not rig.aws.permissions.denied


def test_a_running_execution_keeps_the_code_it_started_with(rig: Rig):
    definition = json.loads(
        rig.aws.client("stepfunctions").describe_state_machine(stateMachineArn=rig.controller.machine_arn)["definition"]
    )
    called = definition["States"]["MakeSafe"]["Arguments"]["FunctionName"]
    assert called.endswith(":function:canary-MakeSafe:1")


def test_neither_stack_goes_while_a_rollout_runs(rig: Rig):
    rig.publish()
    arn = rig.start()
    rig.settle(120)
    for stack in (TARGET, CONTROLLER):
        with pytest.raises(DeployError, match=r"is running on orders|is still registered"):
            destroy(rig.aws.client, assembly(rig), stacks=[stack])
    assert rig.finish(arn).ending == "Promoted"


def test_a_canary_of_somebody_else_keeps_the_targets_stack(rig: Rig):
    stage = rig.target.stage
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id,
        stageName=stage.stage_name,
        patchOperations=[{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "5"}],
    )
    with pytest.raises(DeployError, match=r"has a canary at 5\.0 %"):
        destroy(rig.aws.client, assembly(rig), stacks=[TARGET])


def test_at_rest_both_go_and_the_records_stay(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    destroy(rig.aws.client, assembly(rig))

    assert rig.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    names = [parameter["Name"] for parameter in rig.aws.client("ssm").describe_parameters()["Parameters"]]
    assert [name for name in names if name.startswith("/canary/")] == []
    assert rig.records.read_lock("orders").last_rollout_id
