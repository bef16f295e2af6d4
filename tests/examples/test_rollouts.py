"""The SAM example's stack on the embedded AWS, and the examples' release step: a rollout of code, and one of a definition."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from demo.base_history import write_day
from demo.controller import create_controller, register_target
from demo.guest import CONTROLLER
from demo.orders_traffic import OrdersTraffic
from embedded_aws.embedded import EmbeddedAws
from tests.examples.test_templates import EXAMPLES, SAM, TARGET
from tests.rig import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from canary.rules.targets.target import Target

pytestmark = pytest.mark.slow

ROOT = EXAMPLES.parent
LIMIT = 200.0


def resolved(**code: str) -> str:
    """The template after SAM's transform, which makes a function and its role of each `AWS::Serverless::Function`.

    ``code``: other code for a function, by its logical id.
    """
    template = json.loads(json.dumps(SAM))
    del template["Transform"]
    shared = template.pop("Globals")["Function"]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for name, one in {**template["Resources"]}.items():
        if one["Type"] == "AWS::Serverless::Function":
            own = one["Properties"]
            template["Resources"][f"{name}Role"] = {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
            }
            template["Resources"][name] = {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    **shared,
                    "FunctionName": own["FunctionName"],
                    "Code": {"ZipFile": code.get(name, own["InlineCode"])},
                    "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
                },
            }
    return json.dumps(template)


def changed(aws: EmbeddedAws, text: str, verb: str) -> None:
    parameters = [{"ParameterKey": "CreateLogRole", "ParameterValue": "true"}]
    getattr(aws.client("cloudformation"), f"{verb}_stack")(StackName="orders", TemplateBody=text, Parameters=parameters)
    [stack] = aws.client("cloudformation").describe_stacks(StackName="orders")["Stacks"]
    assert stack["StackStatus"] == f"{verb.upper()}_COMPLETE", stack


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[EmbeddedAws, Target]]:
    """The example's stack and its target, with a controller, traffic and history."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        changed(aws, resolved(), "create")
        [stack] = aws.client("cloudformation").describe_stacks(StackName="orders")["Stacks"]
        assert TARGET.stage
        stage = replace(TARGET.stage, rest_api_id=stack["Outputs"][0]["OutputValue"])
        target = replace(TARGET, stage=stage, policy=QUICK)
        create_controller(aws.client)
        register_target(aws.client, target)
        aws.dataplane.add_source(OrdersTraffic(stage, rng=random.Random(7), per_minute=120))
        write_day(aws.metrics, target, until=aws.clock.now(), rng=random.Random(8), per_minute=120, seconds=7200)
        aws.clock.run_for(120)
        yield aws, target


def released(aws: EmbeddedAws, folder: Path) -> tuple[int, str]:
    """The release step as its README types it, with the commands of this Python."""
    bash = shutil.which("bash")
    assert bash
    for name, module in {"canary": "canary_cli", "aws": "awscli"}.items():
        command = folder / name
        command.write_text(f'#!{bash}\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "functions")),
    }
    process = subprocess.Popen(
        [bash, str(EXAMPLES / "release.sh"), "orders", "orders-read", "orders-write"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < until:
        aws.clock.run_for(10)
        time.sleep(0.1)
    process.kill()
    out, _ = process.communicate()
    return process.returncode, out


def stage_of(aws: EmbeddedAws, target: Target) -> dict[str, Any]:
    assert target.stage
    found: dict[str, Any] = aws.client("apigateway").get_stage(
        restApiId=target.stage.rest_api_id, stageName=target.stage.stage_name
    )
    return found


def test_the_sam_example_deploys_and_its_release_is_promoted(world: tuple[EmbeddedAws, Target], tmp_path: Path):
    aws, target = world
    code = SAM["Resources"]["Read"]["Properties"]["InlineCode"].replace('"orders": []', '"orders": ["tea"]')
    changed(aws, resolved(Read=code), "update")
    code_of_start, out = released(aws, tmp_path)
    live = aws.client("lambda").get_alias(FunctionName="orders-read", Name="live")

    assert code_of_start == 0, out
    assert "promoted" in out
    assert live["FunctionVersion"] == "2"
    assert stage_of(aws, target)["variables"] == {"lambdaAlias": "live"}


def test_the_openapi_examples_definition_is_brought_in_by_its_release(world: tuple[EmbeddedAws, Target], tmp_path: Path):
    aws, target = world
    assert target.stage
    before = stage_of(aws, target)["deploymentId"]
    text = (EXAMPLES / "openapi" / "openapi.yaml").read_text(encoding="utf-8")
    head, orders, rest = re.split(r"^(?=  /)", text, flags=re.MULTILINE)
    text = "".join([head, orders, orders.replace("/orders:", "/stock:", 1), rest])
    aws.client("apigateway").put_rest_api(restApiId=target.stage.rest_api_id, mode="overwrite", body=text.encode())
    code, out = released(aws, tmp_path)

    assert code == 0, out
    assert "promoted" in out
    assert stage_of(aws, target)["deploymentId"] != before
    assert "canarySettings" not in stage_of(aws, target)
