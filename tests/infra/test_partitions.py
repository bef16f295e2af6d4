"""The templates in China and in GovCloud, where ARNs begin differently."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from canary_cdk.machine import INTEGRATION
from canary_machine.definition import load, states_of
from examples.orders_app.app import build as build_sample
from infra.stacks import ControllerStack, TargetStack
from infra.targets import load_targets
from tests.infra.conftest import ROOT, SETTINGS, Assembly, _synthesise
from tests.infra.orders_world import CONTEXT
from tests.infra.templates import text

pytestmark = pytest.mark.slow

ELSEWHERE = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@pytest.fixture(scope="module", params=ELSEWHERE)
def partition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def assembly(partition: str, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Controller, target and sample for one Region of the partition."""
    env = cdk.Environment(account="123456789012", region=ELSEWHERE[partition])

    def build(app: cdk.App) -> None:
        app.node.set_context("connection", CONTEXT["connection"].replace("arn:aws:", f"arn:{partition}:"))
        app.node.set_context("repository", CONTEXT["repository"])
        ControllerStack(app, env=env)
        for target in load_targets(ROOT / "targets"):
            TargetStack(app, target=target, env=env)
        build_sample(app, env=env)

    return _synthesise(build, tmp_path_factory.mktemp(partition))


def test_no_template_names_the_commercial_partition(assembly: Assembly) -> None:
    named = {stack: json.dumps(template.body).count("arn:aws:") for stack, template in assembly.templates.items()}

    assert named == dict.fromkeys(assembly.templates, 0)
    assert {"canary", "canary-target-orders", "orders", "orders-pipeline", "orders-schedules"} == {*assembly.templates}


def test_the_machine_calls_lambda_in_its_own_partition(assembly: Assembly, partition: str) -> None:
    machine = assembly.templates["canary"].only("AWS::StepFunctions::StateMachine")
    definition = text(machine["DefinitionString"]).replace("<Partition>", partition)
    tasks = [state for _, state in states_of(json.loads(definition)) if state["Type"] == "Task"]

    assert {task["Resource"] for task in tasks} == {f"arn:{partition}:states:::lambda:invoke"}


def test_every_resource_of_the_definition_is_written_for_the_commercial_partition() -> None:
    assert all(state["Resource"].startswith(INTEGRATION) for _, state in states_of(load()) if state["Type"] == "Task")


def test_the_sample_is_made_with_the_settings_of_the_product() -> None:
    sample = json.loads(Path(ROOT / "examples" / "orders_app" / "cdk.json").read_text(encoding="utf-8"))

    assert {**sample, "context": {**sample["context"], "connection": "", "repository": ""}} == {
        **SETTINGS,
        "app": sample["app"],
        "context": {**SETTINGS["context"], "connection": "", "repository": ""},
    }
