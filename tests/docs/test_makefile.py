"""The descriptions of make's targets, and that CI runs what `make check` runs."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ALL_SLOW

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
FUNCTIONS = (ROOT / "infra" / "canary_cdk" / "functions.py").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALLED = [f"--old-file={name}" for name in (".venv/dev", ".venv/test", ".venv/demo", ".venv/docs/installed", "node_modules")]


def make(*arguments: str) -> list[str]:
    """The lines that make prints."""
    program = shutil.which("make")
    assert program, "the commands are make's; install it"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "COVERAGE"))}
    return subprocess.run(
        [program, *arguments], cwd=ROOT, env=environ, capture_output=True, check=True, encoding="utf-8"
    ).stdout.splitlines()


def told(*arguments: str) -> list[str]:
    """The commands that make would run once everything is installed."""
    return [line for line in make("--dry-run", *INSTALLED, *arguments) if not line.startswith("make: ")]


def typed_by_ci() -> list[list[str]]:
    """The arguments of each call of make."""
    return [shlex.split(line)[1:] for line in re.findall(r"\bmake .*$", CI, re.MULTILINE) if "`" not in line]


def test_help_describes_every_target_that_is_typed() -> None:
    described = dict(line.split("\t") for line in make("help"))
    [phony] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert set(described) == set(phony.split()) - {"runtime-tests"}
    assert all(described.values())


@pytest.mark.parametrize(("given", "port"), [([], "4566"), (["PORT=5000"], "5000"), (["PORT=0"], "0"), (["PORT=a b"], "a b")])
def test_serve_takes_a_port(given: list[str], port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    (command,) = told("serve", *given)
    assert shlex.split(command)[-4:] == ["--port", port, "--speed", "60"]


def test_ci_begins_with_the_readmes_test_command() -> None:
    assert "\nmake test\n" in README
    assert typed_by_ci()[0][0] == "test"


def test_ci_runs_what_check_runs_and_each_only_once() -> None:
    ran = [line for arguments in typed_by_ci() for line in told(*arguments)]

    assert sorted(ran) == sorted(told("check"))
    assert len([line for line in ran if 'pytest -q -n 2 --allow-hosts=127.0.0.1 -m "not slow" --cov' in line]) == 1


def test_coverage_is_measured_only_where_it_is_asked_for() -> None:
    assert "--cov" not in "".join(told("test"))
    assert "--cov" in "".join(told("test", "COVERAGE=1"))


def test_the_runtime_is_that_of_the_functions() -> None:
    assert re.findall(r"^RUNTIME := (.*)$", MAKEFILE, re.MULTILINE) == [
        name.replace("_", ".") for name in re.findall(r"Runtime\.PYTHON_(\d_\d+)", FUNCTIONS)
    ]


@pytest.mark.parametrize("found", ["", "/opt/a folder/python"], ids=["none", "one"])
def test_the_runtimes_suites_run_where_there_is_one(tmp_path: Path, found: str) -> None:
    shell = tmp_path / "sh"
    shell.write_text(f"#!/bin/sh\necho '{found}'\n", encoding="utf-8")
    shell.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    ran = make("runtime", f"PATH={path}", "MAKE=printf '%s\\n'")

    if found:
        assert f"PYTHON={found}" in ran
        assert ran[-1] == "runtime-tests"
    else:
        assert ran == ["no Python 3.13 is on the PATH or in pyenv, so nothing is tested on the runtime of the functions"]


def test_an_installation_says_what_it_is_about_and_leaves_the_rest_to_a_terminal() -> None:
    commands = "\n".join(make("--dry-run", "--what-if=requirements-demo.txt", "demo"))

    assert 'echo "installing the packages of requirements-demo.txt into .venv' in commands
    assert "[ -t 1 ] || quiet=--quiet" in commands


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        (["LIVE=1"], ["live", "--port", "8470"]),
        (["LIVE=1", "PORT=0"], ["live", "--port", "0"]),
        (["ONLY=slow"], ["rollouts", "--only", "slow"]),
        ([], ["rollouts"]),
    ],
)
def test_the_demo_runs_its_scenarios_or_a_live_page(
    given: list[str], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "LIVE", "ONLY"):
        monkeypatch.delenv(name, raising=False)
    (command,) = told("demo", *given)
    assert shlex.split(command)[3:] == arguments


def test_the_quick_tests_import_only_what_make_test_installs() -> None:
    installed = (ROOT / "requirements-test.txt").read_text(encoding="utf-8")
    assert not {"aws-cdk-lib", "constructs", "jsii", "mypy"} & set(re.findall(r"^([\w-]+)==", installed, re.MULTILINE))

    not_installed = re.compile(
        r"^(?:import|from) (?:(?:aws_cdk|cdk_nag|constructs|jsii|canary_cdk|app|mypy)\b|infra\.stacks)", re.MULTILINE
    )
    modules = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    assert [path for path, text in modules.items() if not_installed.search(text) and not ALL_SLOW.search(text)] == []
