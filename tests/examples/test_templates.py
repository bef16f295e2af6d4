"""The examples for other tools, as far as no account is needed: linted, validated, and with the documented log format."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary.edge.target import require_target
from canary.rules.targets.access_log import LOG_FORMAT
from canary_cli.importing.templates import parse_template
from embedded_aws.awslambda.zips import zip_of

EXAMPLES = Path(__file__).parents[2] / "examples"
PROVIDERS = Path("/opt/tf-plugins")
SERVERLESS = parse_template((EXAMPLES / "serverless" / "serverless.yml").read_text(encoding="utf-8"))
TARGET = require_target(yaml.safe_load((EXAMPLES / "target.yaml").read_text(encoding="utf-8")))


def framework_of(function: str) -> str:
    """The logical id that Serverless gives a function."""
    return function[0].upper() + function[1:].replace("-", "Dash") + "LambdaFunction"


def as_deployed() -> dict[str, Any]:
    """The template that Serverless makes of its file: the resources, and a function for each of its own."""
    functions = {
        framework_of(name): {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": one["name"],
                "Handler": one["handler"],
                "Runtime": SERVERLESS["provider"]["runtime"],
                "Role": "arn:aws:iam::123456789012:role/orders",
                "Code": {"S3Bucket": "deployments", "S3Key": "orders.zip"},
            },
        }
        for name, one in SERVERLESS["functions"].items()
    }
    resources = SERVERLESS["resources"]
    return {"Resources": {**functions, **resources["Resources"]}, "Outputs": resources["Outputs"]}


STATUSES = parse_template((EXAMPLES / "commit_status" / "template.yaml").read_text(encoding="utf-8"))
SAM = parse_template((EXAMPLES / "sam" / "template.yaml").read_text(encoding="utf-8"))


def linted(body: dict[str, Any]) -> list[str]:
    from cfnlint.api import lint

    return [f"{match.rule.id} {match.message}" for match in lint(json.dumps(body))]


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", [SAM, as_deployed(), parse_template((EXAMPLES / "commit_status" / "template.yaml").read_text(encoding="utf-8"))]
)
def test_cfn_lint_finds_nothing(body: dict[str, Any]):
    assert linted(body) == []


@pytest.mark.parametrize("resources", [SAM["Resources"], as_deployed()["Resources"]])
def test_the_stage_and_the_aliases_are_what_a_target_needs(resources: dict[str, Any]):
    stage = resources["ProdStage"]["Properties"]
    called = re.findall(r"\{!?stageVariables\.(\w+)\}/invocations", json.dumps(resources["Api"]))
    aliases = {one["Properties"]["Name"] for one in resources.values() if one["Type"] == "AWS::Lambda::Alias"}

    assert stage["AccessLogSetting"]["Format"] == LOG_FORMAT
    assert {*called} == {*stage["Variables"]} == {TARGET.stage.alias_variable}
    assert aliases == {TARGET.functions[0].live, TARGET.functions[0].canary}
    assert resources["AccessLog"]["Properties"]["LogGroupName"] == TARGET.access_log_group
    assert [one["Type"] for one in resources.values()].count("AWS::Lambda::Permission") == 2 * len(TARGET.functions)


def test_serverless_reads_no_variable_of_api_gateways_as_its_own():
    text = (EXAMPLES / "serverless" / "serverless.yml").read_text(encoding="utf-8")
    known = {
        "AWS::Partition",
        "AWS::Region",
        "AWS::AccountId",
        "Api",
        *(f"{framework_of(f.name)}.Arn" for f in TARGET.functions),
    }
    assert {*re.findall(r"\$\{([^}]*)\}", text)} <= known


def test_the_stack_policy_names_what_the_controller_moves():
    policy = json.loads((EXAMPLES / "sam" / "stack-policy.json").read_text(encoding="utf-8"))
    named = {one.removeprefix("LogicalResourceId/") for one in policy["Statement"][1]["Resource"]}
    moved = {"AWS::Lambda::Alias", "AWS::ApiGateway::Stage"}
    assert named == {name for name, one in SAM["Resources"].items() if one["Type"] in moved}


def test_terraform_writes_the_documented_log_format():
    assert (EXAMPLES / "terraform" / "access-log.json").read_text(encoding="utf-8").strip() == LOG_FORMAT


@pytest.mark.slow
def test_terraform_validates_the_example(tmp_path: Path):
    terraform = shutil.which("terraform")
    if terraform is None or not PROVIDERS.is_dir():
        pytest.skip(f"terraform or a mirror of its AWS provider in {PROVIDERS} is missing")
    for name in ("main.tf", "access-log.json"):
        shutil.copy(EXAMPLES / "terraform" / name, tmp_path)
    code = (EXAMPLES / "serverless" / "handler.py").read_text(encoding="utf-8")
    (tmp_path / "handler.zip").write_bytes(zip_of({"handler.py": code}))
    for arguments in (["fmt", "-check"], ["init", "-input=false", f"-plugin-dir={PROVIDERS}"], ["validate"]):
        ran = subprocess.run(
            [terraform, *arguments, "-no-color"] if arguments != ["fmt", "-check"] else [terraform, *arguments],
            cwd=tmp_path,
            env={"PATH": str(Path(terraform).parent), "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
