"""The pages on CI and on other tools, and the examples' READMEs: their commands exist, and their tables are computed."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import yaml

from canary.rules.reports.amounts import lasting
from canary.rules.targets.policy import SHIPPED, WhenUnproven
from canary_cli.app import app, run
from canary_cli.ci.waiting import longest_wait_seconds
from canary_cli.exits import ExitCode
from tests.docs.test_readme import blocks, tables

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
COMING = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
READMES = sorted((ROOT / "examples").glob("*/README.md"))
OWN = {"deploy", "wait"}
"""Commands of the AWS CLI that are no operations of a service."""


def lines_of(text: str) -> list[list[str]]:
    """The words of each command in the page's shell blocks."""
    lines = "".join(blocks(text, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines]


COMMANDS = [words for text in (CI, COMING, *(one.read_text(encoding="utf-8") for one in READMES)) for words in lines_of(text)]


def test_the_longest_runs_are_those_of_the_policies():
    [rows] = [rows for name, rows in tables(CI) if name == "policy"]
    decided = {name: replace(policy, when_unproven=WhenUnproven.ROLL_BACK) for name, policy in SHIPPED.items()}
    assert rows == [
        [f"`{name}`", lasting(longest_wait_seconds(policy)), lasting(longest_wait_seconds(decided[name]))]
        for name, policy in SHIPPED.items()
    ]


def test_every_exit_code_of_a_job_is_on_the_page():
    [rows] = [rows for name, rows in tables(CI) if name == "ending"]
    assert {int(row[2]) for row in rows} == {code.value for code in ExitCode} - {ExitCode.FAILED, ExitCode.DETACHED}


def test_the_workflow_gives_the_action_what_it_takes():
    action = yaml.safe_load((ROOT / "actions" / "canary" / "action.yml").read_text(encoding="utf-8"))
    workflow, _ = (yaml.safe_load(block) for block in blocks(CI, "yaml"))
    [step] = workflow["jobs"]["rollout"]["steps"]
    needed = {name for name, one in action["inputs"].items() if one.get("required")}

    assert needed <= {*step["with"]} <= {*action["inputs"]}
    assert workflow["permissions"]["id-token"] == "write"
    assert int(step["with"]["timeout-minutes"]) < workflow["jobs"]["rollout"]["timeout-minutes"]


def test_the_gitlab_job_sets_variables_that_are_read():
    _, pipeline = (yaml.safe_load(block) for block in blocks(CI, "yaml"))
    text = (ROOT / "gitlab" / "canary.gitlab-ci.yml").read_text(encoding="utf-8")

    assert {name for name in pipeline["rollout"]["variables"] if name not in text} == set()
    assert pipeline["rollout"]["extends"] in yaml.safe_load(text)


def test_the_trust_policy_is_json():
    [policy] = (json.loads(block) for block in blocks(CI, "json"))
    assert policy["Statement"][0]["Action"] == "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "canary"], ids=" ".join)
def test_a_command_has_the_options_that_the_page_gives_it(words: list[str], capsys: pytest.CaptureFixture[str]):
    run([words[1], "--help"])
    told = capsys.readouterr().out
    assert words[1] in {command.name for command in app.registered_commands}
    assert [option for option in words if option.startswith("--") and option not in told] == []


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "aws" and words[2] not in OWN], ids=" ".join)
def test_a_call_of_aws_exists(words: list[str]):
    model = boto3.client(words[1], region_name="eu-west-1").meta.service_model
    operation = "".join(part.capitalize() for part in words[2].split("-"))
    known = {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower() for name in model.operation_model(operation).input_shape.members}
    assert {word.removeprefix("--") for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_a_readme_ends_with_the_release_step_and_names_files_that_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]

    assert ["../release.sh", "orders", "orders-read", "orders-write"] in lines_of(text)
    assert [link for link in links if not (path.parent / link).exists()] == []
