"""The help: its groups, one example for each verb, and the examples run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from canary_cli.app import app, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

VERBS = [command.name for command in app.registered_commands]
SEE, STEER = {"status", "watch", "history", "explain"}, {"start", "advance", "abort"}


def example_of(verb: str) -> str:
    epilogs = {command.name: str(command.epilog) for command in app.registered_commands}
    assert epilogs[verb].startswith("Example: canary ")
    return epilogs[verb].removeprefix("Example: ")


def test_the_help_groups_the_verbs(capsys: pytest.CaptureFixture[str]):
    assert run([]) == 0
    told = capsys.readouterr().out
    see, _, steer = told.partition("Steer")

    assert "See" in see
    assert {verb for verb in SEE if re.search(rf"\b{verb}\b", see)} == SEE
    assert {verb for verb in STEER if re.search(rf"\b{verb}\b", steer)} == STEER


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_its_example(verb: str, capsys: pytest.CaptureFixture[str]):
    assert run([verb, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())

    assert f"Usage: canary {verb}" in told
    assert told.count("Example: canary") == 1
    assert "--endpoint-url" in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    assert run(["--version"]) == 0
    assert re.fullmatch(r"canary \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [["status", "--nope"], ["nope"], ["abort"], ["status", "-o", "yaml"]])
def test_wrong_use_ends_with_2_and_says_where_help_is(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--help" in err


@pytest.mark.parametrize("option", [["--json"], ["-o", "json"], ["--output=json"]])
def test_wrong_use_is_told_to_programs_in_json(option: list[str], canary: Callable[..., Told]):
    told = canary("status", "--nope", *option)

    assert (told.code, told.error["code"], told.error["exit_code"]) == (2, "Usage", 2)
    assert told.error["fix"] == "see canary status --help"


@pytest.mark.parametrize("verb", VERBS)
def test_each_example_runs(verb: str, ground: Ground, canary: Callable[..., Told]):
    ground.aws.client("lambda")
    words = shlex.split(example_of(verb).replace("orders-read=7", "orders-read=2"))[1:]
    told = canary(*[word for word in words if word != "--watch"])
    running = ground.aws.client("stepfunctions").list_executions(
        stateMachineArn=ground.rig.controller.machine_arn, statusFilter="RUNNING"
    )["executions"]
    for one in running:
        ground.aws.client("stepfunctions").stop_execution(executionArn=one["executionArn"])

    assert told.code in {0, 3}, told.err  # a release may be refused; the command was understood
    assert told.err == ""
