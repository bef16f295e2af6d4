"""The GitHub action and the GitLab template: what they set is what `canary ci` reads, and their script starts a rollout."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from moto.events.models import EventPattern

from canary.aws.notifications import describe
from canary.rules.rollouts.phases import Phase
from canary_cli.app import run
from canary_cli.importing.templates import parse_template
from embedded_aws.events.patterns import check_pattern
from tests.builders import a_rollout
from tests.cli.ci.test_sessions import a_token
from tests.ground import ground, shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tasks.walk import Ground

__all__ = ["ground", "shared"]

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "actions" / "canary" / "action.yml").read_text(encoding="utf-8"))
JOB = yaml.safe_load((ROOT / "gitlab" / "canary.gitlab-ci.yml").read_text(encoding="utf-8"))[".canary"]
STEP = ACTION["runs"]["steps"][-1]
LIMIT = 150.0
SMALL = '[{"weight_percent":25,"bake_seconds":60}]'
KEYS = {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"}
ENDS = "2100-01-31T12:00:00Z"
CONTEXT = {
    "github.sha": "3f9a",
    "github.server_url": "https://git.example",
    "github.repository": "octo/orders",
    "github.run_id": "7",
    "steps.session.outputs.aws-expiration": f'"{ENDS}"',
}


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """A text of the action with its expressions evaluated."""
    known = CONTEXT | {f"inputs.{name}": value for name, value in inputs.items()}
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)


def variables_of_the_action(**given: str) -> dict[str, str]:
    defaults = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    return {name: filled(text, {**defaults, **given}) for name, text in STEP["env"].items()}


def known_variables(capsys: pytest.CaptureFixture[str]) -> set[str]:
    run(["ci", "--help"])
    return set(re.findall(r"CANARY_[A-Z_]+", capsys.readouterr().out))


def test_every_variable_of_the_templates_is_read(capsys: pytest.CaptureFixture[str]):
    known = known_variables(capsys)
    script = JOB["script"][0]
    assert known == {*STEP["env"], "CANARY_SUMMARY"}
    assert {*re.findall(r"(CANARY_\w+)=", script)} <= known
    assert "CANARY_SUMMARY=" in STEP["run"]


def test_every_input_of_the_action_is_used():
    text = json.dumps(ACTION["runs"])
    assert {name for name in ACTION["inputs"] if f"inputs.{name} " not in text} == set()


def test_no_script_holds_an_expression_and_every_action_is_pinned_by_its_commit():
    steps = ACTION["runs"]["steps"]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)


def begun(script: str, variables: Mapping[str, str], folder: Path, ground: Ground) -> subprocess.Popen[str]:
    """The script under bash, with this project's command on the PATH and nobody's settings."""
    bash = shutil.which("bash")
    assert bash
    (folder / "canary" / "bin").mkdir(parents=True)
    command = folder / "canary" / "bin" / "canary"
    command.write_text(f'#!{bash}\nexec {shlex.quote(sys.executable)} -m canary_cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AWS_") or name == "AWS_EC2_METADATA_DISABLED"
        },
        "AWS_ENDPOINT_URL": ground.aws.endpoint_url,
        "AWS_DEFAULT_REGION": ground.aws.region,
        "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "functions")),
        "RUNNER_TEMP": str(folder),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        **variables,
    }
    return subprocess.Popen(
        [bash, "-e", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run_to_its_end(script: str, variables: Mapping[str, str], folder: Path, ground: Ground) -> tuple[int, str]:
    """The script's exit code and output; simulated time passes while it runs."""
    process = begun(script, variables, folder, ground)
    until = time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < until:
        ground.rig.settle(10)
        time.sleep(0.1)
    process.kill()
    out, _ = process.communicate()
    return process.returncode, out


@pytest.mark.slow
def test_the_action_is_green_after_a_promotion_and_its_summary_has_the_report(ground: Ground, tmp_path: Path):
    variables = variables_of_the_action(
        target="orders", functions="orders-read=2 orders-write=2", set=f"steps={SMALL} when_unproven=roll_back"
    )
    code, out = run_to_its_end(STEP["run"], {**KEYS, **variables}, tmp_path, ground)

    assert code == 0, out
    assert ": PROMOTE: " in out
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Promoted: orders")
    assert "repository octo/orders" in summary


@pytest.mark.slow
def test_the_gitlab_job_is_red_after_a_rollback_and_leaves_the_report(ground: Ground, tmp_path: Path):
    ground.rig.publish(FAILING_SHARE=0.9)
    variables = {
        **KEYS,  # botocore prefers them: on the simulated clock the session of a web identity has ended already
        "CANARY_ID_TOKEN": a_token({"exp": 4_000_000_000}),
        "CANARY_ROLE": "arn:aws:iam::123456789012:role/deployer",
        "CANARY_REGION": ground.aws.region,
        "CANARY_TARGET": "orders",
        "CANARY_SET": f"steps={SMALL} when_unproven=roll_back",
        "CI_PIPELINE_ID": "7",
        "CI_PIPELINE_URL": "https://git.example/octo/orders/-/pipelines/7",
        "CI_COMMIT_SHA": "3f9a",
        "CI_PROJECT_PATH": "octo/orders",
        "CI_JOB_TIMEOUT": "21600",
    }
    code, out = run_to_its_end(JOB["script"][0], variables, tmp_path, ground)

    assert code == 4, out
    assert (tmp_path / "canary.md").read_text(encoding="utf-8").startswith("# Rolled back: orders")


@pytest.mark.slow
def test_the_action_that_does_not_wait_is_green_at_once_and_one_whose_session_is_short_is_red(ground: Ground, tmp_path: Path):
    short = {**variables_of_the_action(target="orders"), "CANARY_SESSION_ENDS": '"2001-01-31T12:00:00Z"'}
    refused, told = run_to_its_end(STEP["run"], {**KEYS, **short}, tmp_path / "short", ground)
    code, out = run_to_its_end(
        STEP["run"], {**KEYS, **variables_of_the_action(target="orders", wait="false")}, tmp_path / "long", ground
    )

    assert (refused, code) == (2, 0), out
    assert "the session of the credentials ends in 0 s; nothing was started" in told


STATUSES = parse_template((ROOT / "examples" / "commit_status" / "template.yaml").read_text(encoding="utf-8"))
EVENTS = {
    "Promoted": ("Rollout Promoted", {"phase": Phase.WATCHING}, "success"),
    "RolledBack": ("Rollout Ended", {"phase": Phase.ROLLED_BACK}, "failure"),
    "OperatorNeeded": ("Operator Needed", {"phase": Phase.ROLLING_BACK}, "error"),
}


def rules() -> dict[str, Any]:
    return {name: one["Properties"] for name, one in STATUSES["Resources"].items() if one["Type"] == "AWS::Events::Rule"}


@pytest.mark.parametrize("name", EVENTS)
def test_an_ending_becomes_a_commit_status(name: str):
    kind, changes, state = EVENTS[name]
    detail = describe(a_rollout(labels={"commit": "3f9a", "repository": "octo/orders"}, **changes))
    event = json.loads(json.dumps({"source": "canary", "detail-type": kind, "detail": detail}))
    matching = [rule for rule, one in rules().items() if EventPattern.load(pattern_of(one)).matches_event(event)]
    [target] = rules()[name]["Targets"]
    template, words = target["InputTransformer"]["InputTemplate"]["Fn::Sub"]
    chosen = {word: STATUSES["Mappings"]["Forges"]["github"][find["Fn::FindInMap"][2]] for word, find in words.items()}
    body = re.sub(r"\$\{(\w+)\}", lambda found: chosen[found[1]], template)
    paths = target["InputTransformer"]["InputPathsMap"]
    body = re.sub(r"<(\w+)>", lambda found: str(event["detail"][paths[found[1]].removeprefix("$.detail.")]), body)

    assert matching == [name]
    assert target["HttpParameters"]["PathParameterValues"] == ["$.detail.labels.commit"]
    assert json.loads(body)["state"] == state
    assert json.loads(body)["context"] == "canary/orders"
    assert len(json.loads(body)["description"]) <= 140


def test_a_status_that_cannot_be_posted_alerts_the_topic():
    resources = STATUSES["Resources"]
    [alarm] = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    queues = {target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for rule in rules().values() for target in rule["Targets"]}

    assert queues == {alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]} == {"Unposted"}
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert alarm["AlarmActions"] == [{"Ref": "Alerts"}]
    assert "Default" not in STATUSES["Parameters"]["Alerts"]


def pattern_of(rule: Mapping[str, Any]) -> str:
    return json.dumps(rule["EventPattern"]).replace('{"Ref": "Repository"}', '"octo/orders"')


@pytest.mark.parametrize("name", rules())
def test_the_patterns_are_valid_and_take_no_commit_that_would_change_the_path(name: str):
    rule = rules()[name]
    check_pattern(pattern_of(rule))
    detail = {"labels": {"commit": "a/../b", "repository": "octo/orders"}, "watch": {"end": "condemned"}}
    event = {"source": "canary", "detail-type": rule["EventPattern"]["detail-type"][0], "detail": detail}

    assert not EventPattern.load(pattern_of(rule)).matches_event(event)
    detail["labels"]["commit"] = "3f9a"
    assert EventPattern.load(pattern_of(rule)).matches_event(event)
