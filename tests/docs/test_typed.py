"""The commands that the pages tell readers to type: each is taken by its program, and each page's commands are run by a test.

What the commands do is tested where the situation for them is: `tests/cli` runs those of the pages about the command `canary`.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from botocore.session import get_session
from typer.main import get_command

from bench.freshness.embedded import make_parser as embedded_parser
from bench.judge.command import make_parser as judge_parser
from bench.ladder.command import make_parser as ladder_parser
from bench.shapes.tables import make_parser as shapes_parser
from canary_cli.app import app
from demo.__main__ import make_parser as demo_parser
from tests.docs.test_commands import environment
from tests.faults.__main__ import make_parser as faults_parser
from verify.__main__ import _parser as verify_parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
INSTALLED = [f"--old-file=.venv/{name}" for name in ("dev", "demo", "docs/installed")]
PROGRAMS = {"canary", "make", "python", "aws", "cdk"}
PARSERS: dict[str, argparse.ArgumentParser] = {
    "bench.freshness.embedded": embedded_parser(),
    "bench.judge": judge_parser(),
    "bench.ladder": ladder_parser(),
    "bench.shapes": shapes_parser(),
    "demo": demo_parser(),
    "tests.faults": faults_parser(),
    "verify": verify_parser(),
}
RENAMED = {"deploy": "codedeploy"}
"""Services that the AWS CLI calls by another name than botocore does."""
OWN = {
    ("cloudformation", "deploy"): {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides"},
    ("lambda", "create-function"): {"--function-name", "--runtime", "--handler", "--role", "--zip-file"},
    ("lambda", "wait"): {"--function-name"},
}
"""Commands that the AWS CLI adds to a service's operations, with the options that the pages use."""
CHECKED_HERE = {"README.md", "bring-your-own.md", "deploy.md", "faults.md", "index.md", "input.md", "notifications.md"}
"""Pages whose commands are `make`'s, other tools', or one of `canary` whose parsing is what matters."""


def typed(page: Path) -> list[list[str]]:
    """The commands on a page, in words: those in shell blocks, and those in running text that have an argument."""
    text = page.read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    rest = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [*blocks.splitlines(), *(" ".join(span.split()) for span in re.findall(r"`([^`]+)`", rest))]
    words = [shlex.split(line) for line in lines if line.split(" ")[0] in PROGRAMS]
    return [command for command in words if len(command) > 1]


def commands(program: str) -> list[tuple[str, ...]]:
    """Every command of a program on all pages, once."""
    return [*dict.fromkeys(tuple(command) for page in PAGES for command in typed(page) if command[0] == program)]


def does_something(command: list[str]) -> bool:
    """Whether the command is more than the name of a verb or of a module."""
    return command[0] != "python" and len(command) > 2


def is_named(page: Path) -> bool:
    """Whether a test names the page."""
    return page.name in CHECKED_HERE or any(f'"{name}"' in source for source in sources() for name in (page.name, page.stem))


@cache
def sources() -> tuple[str, ...]:
    here = Path(__file__)
    return tuple(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")) if path != here)


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(does_something, typed(page)))], ids=lambda page: page.name)
def test_a_test_runs_the_commands_of_each_page(page: Path) -> None:
    assert is_named(page), f"{page.name} has commands and no test names the page; write one that runs them"


@pytest.mark.parametrize("command", commands("canary"), ids=" ".join)
def test_a_command_of_canary_is_taken(command: tuple[str, ...]) -> None:
    known = get_command(app)
    verb, *arguments = command[1:]
    if verb.startswith("-"):
        assert any(verb in option.opts for option in known.params)
    else:
        assert verb in known.commands
        if arguments:
            known.commands[verb].make_context(verb, arguments)


@pytest.mark.parametrize("command", commands("make"), ids=" ".join)
def test_a_command_of_make_is_taken(command: tuple[str, ...]) -> None:
    make = shutil.which("make")
    assert make, "the commands are make's; install it"
    line = [make, "--dry-run", *INSTALLED, "--old-file=node_modules", *command[1:]]
    told = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, check=False, encoding="utf-8")

    assert told.returncode == 0, told.stderr
    if any(word.startswith("ARGS=") for word in command):
        take_python(shlex.split(told.stdout))


@pytest.mark.parametrize("command", commands("python"), ids=" ".join)
def test_a_command_of_python_is_taken(command: tuple[str, ...]) -> None:
    take_python(list(command))


def take_python(words: list[str]) -> None:
    """Fail unless the module exists and takes the arguments."""
    module, *arguments = words[words.index("-m") + 1 :]
    assert find_spec(module), f"there is no module {module}"
    if arguments and module not in sys.stdlib_module_names:
        PARSERS[module].parse_args(arguments)


def operations(words: list[str]) -> Iterator[str]:
    """The options of a command of the AWS CLI, as its operation names them; the operation exists."""
    service, verb, *rest = words
    if own := OWN.get((service, verb)):
        yield from (word for word in rest if word in own)
        return
    model = get_session().get_service_model(RENAMED.get(service, service))
    [operation] = [name for name in model.operation_names if xform_name(name, "-") == verb]
    known = {f"--{xform_name(name, '-')}" for name in model.operation_model(operation).input_shape.members}
    for word in rest:
        if word.startswith("--"):
            option = word.removesuffix("-body") if f"{word}" not in known else word
            assert option in known, f"{service} {verb} has no option {word}"
            yield option


@pytest.mark.parametrize("command", commands("aws"), ids=lambda command: " ".join(command[1:3]))
def test_a_command_of_the_aws_cli_is_one(command: tuple[str, ...]) -> None:
    assert len(list(operations(list(command[1:])))) == len([word for word in command if word.startswith("--")])


@pytest.mark.parametrize("command", [one for one in commands("cdk") if "--context" in one], ids=" ".join)
def test_a_setting_given_to_the_cdk_is_read(command: tuple[str, ...]) -> None:
    name = command[command.index("--context") + 1].partition("=")[0]

    assert f'try_get_context("{name}")' in (ROOT / "app.py").read_text(encoding="utf-8")


def test_what_no_program_takes_would_be_noticed() -> None:
    with pytest.raises(SystemExit):
        take_python(["python", "-m", "verify", "tidy-up"])
    with pytest.raises(AssertionError, match="no option --alias"):
        list(operations(["lambda", "create-alias", "--function-name", "a", "--alias", "live"]))
