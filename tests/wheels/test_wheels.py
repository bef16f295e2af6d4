"""Both wheels, built and installed into an empty virtual environment: each works there on its own."""

import json
import os
import re
import signal
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import boto3
import pytest

ROOT = Path(__file__).parents[2]
PRODUCT, EMBEDDED = {"canary", "canary_cdk", "canary_cli", "canary_machine"}, {"embedded_aws"}
APP = """
import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from canary_cdk import Controller, Target, VersionedFunction

app = cdk.App()
stack = cdk.Stack(app, "canary")
code = lambda_.Code.from_inline("def handler(event, context): return 1")
function = lambda_.Function(stack, "Ship", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handler", code=code)
ship = VersionedFunction(stack, "Versioned", function=function, canary=None)
Target(stack, "Target", name="ship", functions=[ship.target_function], controller=Controller(stack, "Controller"))
app.synth()
"""
pytestmark = pytest.mark.slow


def run(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
        str(ROOT / "embedded_aws"),
        folder=folder,
    )
    return {path.name.split("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def python(wheels, tmp_path_factory):
    """The interpreter of an environment with both wheels and their dependencies, and nothing from the repository."""
    home = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    product, embedded = wheels["canary_controller"], wheels["embedded_aws"]
    run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{product}[cdk]", str(embedded), folder=home)
    return python


def contents(wheel):
    with ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def test_each_wheel_holds_its_own_packages_and_nothing_else(wheels):
    assert {name.split("/")[0] for name in contents(wheels["canary_controller"])} == PRODUCT
    assert {name.split("/")[0] for name in contents(wheels["embedded_aws"])} == EMBEDDED


def test_the_wheel_carries_the_machine(wheels):
    assert "canary_machine/rollout.asl.yaml" in contents(wheels["canary_controller"])


def test_a_short_app_with_the_constructs_is_synthesised(python, tmp_path):
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    environ = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}", "CDK_OUTDIR": str(tmp_path / "out")}
    done = subprocess.run(
        [str(python), "app.py"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    template = json.loads((tmp_path / "out" / "canary.template.json").read_text(encoding="utf-8"))
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert {"AWS::StepFunctions::StateMachine", "AWS::DynamoDB::Table", "AWS::Lambda::LayerVersion"} <= types


def test_the_embedded_aws_serves_by_itself(python, tmp_path):
    command = [str(python), "-m", "embedded_aws", "serve", "--port", "0"]
    served = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        said = [served.stdout.readline() for _ in range(2)]
        url = re.search(r"http://127\.0\.0\.1:\d+", said[1])[0]
        client = boto3.client("apigateway", "eu-west-1", endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any")
        assert client.get_rest_apis()["items"] == []
    finally:
        served.send_signal(signal.SIGTERM)
        served.communicate(timeout=20)
    assert served.returncode == 0
