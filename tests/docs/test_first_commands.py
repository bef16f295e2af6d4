"""The README's ways from nothing to the first rollout: as few commands as it says, and each command exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from canary_cli.app import app, run
from tests.docs.test_readme import NUMBERS, README

ROOT = Path(__file__).parents[2]
DEPLOYING = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
PARTED = re.split(r"^(\*\*An API .*?: (\w+) commands?\.\*\*)", README, flags=re.MULTILINE)
WAYS = {heading: (count, text) for heading, count, text in zip(PARTED[1::3], PARTED[2::3], PARTED[3::3], strict=True)}
COUNTS = {name: number for number, name in NUMBERS.items()} | {"nine": 9, "ten": 10}


def commands_of(text: str) -> list[str]:
    """The lines of the first shell block."""
    [block] = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[:1]
    return block.splitlines()


ALL = sorted({command for _, text in WAYS.values() for command in commands_of(text)})


def test_the_ways_are_those_of_cdk_and_of_anything_else() -> None:
    assert [re.findall("a CDK app|anything else", heading) for heading in WAYS] == [["a CDK app"], ["anything else"]]


@pytest.mark.parametrize("heading", WAYS)
def test_a_way_has_as_many_commands_as_its_heading_says(heading: str) -> None:
    count, text = WAYS[heading]

    assert len(commands_of(text)) == COUNTS[count] <= (8 if "CDK" in heading else 10)
    assert commands_of(text)[-1].startswith("canary start ")


@pytest.mark.parametrize("command", [one for one in ALL if one.startswith("canary ")])
def test_a_command_of_ours_has_these_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, verb, *options = shlex.split(command)
    run([verb, "--help"])
    told = capsys.readouterr().out

    assert verb in {one.name for one in app.registered_commands}
    assert [option for option in options if option.startswith("--") and option not in told] == []


def test_no_other_program_is_needed_than_those() -> None:
    assert {shlex.split(command)[0] for command in ALL} == {"git", "cd", "make", "export", "pip", "cdk", "canary"}


def test_pip_installs_parts_that_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [installed] = [command for command in ALL if command.startswith("pip ")]
    [parts] = re.findall(r"\[(.*)\]", installed)

    assert set(parts.split(",")) == set(project["optional-dependencies"])


def test_the_variables_of_make_are_read() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    typed = [*ALL, *re.findall(r"^make .*", DEPLOYING, re.MULTILINE)]
    given = {name for command in typed if command.startswith("make ") for name in re.findall(r" ([A-Z]+)=", command)}

    assert given == {"MAIL", "PAGES", "TARGETS"}
    assert [name for name in given if f"$({name})" not in makefile] == []


def test_the_outputs_are_those_of_the_stack() -> None:
    stack = (ROOT / "infra" / "stacks.py").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|", DEPLOYING, re.MULTILINE)

    assert told == re.findall(r'self\._tell\(\s*"(\w+)"', stack)
