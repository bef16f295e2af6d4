"""The commands of docs/laptop.md: three ways to bring one's own API, each with a release promoted and one rolled back."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from demo.__main__ import make_parser, own_account
from demo.own_account import open_own_account
from embedded_aws.dataplane.traffic_file import parse_traffic
from tests.docs.test_commands import command_of, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.accounts import OwnAccount
    from embedded_aws.embedded import EmbeddedAws

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "laptop.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)$(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
TOOLS = {"canary": "canary_cli", "aws": "awscli"}
LIMIT = 900.0
"""Real seconds for a block, only so that a test that hangs ends."""
STEP = 30.0
"""Simulated seconds between two looks at the command's process."""
PAUSE, LONG_PAUSE = 0.05, 0.5
"""Real seconds between two looks: while a rollout passes, and while a program works that waits for nothing."""
ROLLED_BACK = 4
ROLLOUT = re.compile(r"release\.sh|--watch")


class Way(NamedTuple):
    """One section: the command that serves, those that deploy, and the releases."""

    serves: str
    deploys: list[str]
    first: list[str]
    good: str
    bad: str


def blocks(section: str, language: str = "sh") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTIONS[section], re.DOTALL | re.MULTILINE)


def way(section: str, *, first: int = 0) -> Way:
    """A section as a way; ``first`` rollouts come before the two releases."""
    serves, *rest, good, bad = blocks(section)
    return Way(serves, rest[: len(rest) - first], rest[len(rest) - first :], good, bad)


needs_cdk = pytest.mark.skipif(
    not (ROOT / "node_modules" / ".bin" / "cdk").exists(),
    reason="the CDK is not in node_modules; make node_modules installs it",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The repository as a newcomer finds it, without what others left in it; what the commands write stays here."""
    left = {".git", "cdk.out", "ours", "reports", "site"}
    for each in ROOT.iterdir():
        if each.name not in left:
            (tmp_path / each.name).symlink_to(each)
    return tmp_path


class Shell:
    """A shell in the folder, beside the embedded AWS whose time passes meanwhile."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self._aws = aws
        self._folder = folder
        self._bin = folder / "bin-of-the-tests"
        self._bin.mkdir()
        bash, make = shutil.which("bash"), shutil.which("make")
        assert bash
        assert make
        self._bash = bash
        dry = "--dry-run --no-print-directory --old-file=.venv/dev --old-file=node_modules"
        scripts = {name: f'exec {shlex.quote(sys.executable)} -m {module} "$@"' for name, module in TOOLS.items()}
        scripts["python"] = f'exec {shlex.quote(sys.executable)} "$@"'
        scripts["make"] = f'{shlex.quote(make)} {dry} "$@" | grep -v "npm ci\\|^touch" | {shlex.quote(bash)} -e'
        for name, script in scripts.items():
            command = self._bin / name
            command.write_text(f"#!{bash}\nset -o pipefail\n{script}\n", encoding="utf-8")
            command.chmod(0o755)

    def run(self, block: str) -> tuple[int, str]:
        """Run a block to its end; its exit code and what it printed. Variables of earlier blocks are known."""
        state, printed = self._folder / "variables", self._folder / "printed"
        known = state.read_text(encoding="utf-8") if state.exists() else ""
        script = f"set -e\n{known}\ntrap 'echo api=${{api:-}} > {shlex.quote(str(state))}' EXIT\n{block}"
        with printed.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [self._bash, "-c", script], cwd=self._folder, env=self._environment(), stdout=output, stderr=subprocess.STDOUT
            )
            until = time.monotonic() + LIMIT
            pause = PAUSE if ROLLOUT.search(block) else LONG_PAUSE
            while process.poll() is None and time.monotonic() < until:
                self._aws.clock.run_for(STEP)
                time.sleep(pause)
            process.kill()
            code = process.wait()
        self._aws.clock.run_for(4 * STEP)
        return code, printed.read_text(encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": self._aws.region}
        known = environment()
        sources = os.pathsep.join(str(self._folder / part) for part in (".", "functions", "infra"))
        path = os.pathsep.join([str(self._bin), known["PATH"]])
        return {**known, **keys, "AWS_ENDPOINT_URL": self._aws.endpoint_url, "PATH": path, "PYTHONPATH": sources}


def asked_of(serves: str) -> OwnAccount:
    """The account for which a line `make serve` asks."""
    _, *arguments = shlex.split(serves)
    _python, _m, _demo, *options = command_of(*arguments)
    return own_account(make_parser().parse_args(options))


@contextmanager
def opened(given: Way, folder: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell beside the server of a way, which is closed with the block, however that ends."""
    monkeypatch.chdir(folder)
    with open_own_account(asked_of(given.serves), port=0, speed=None, tell=told.append) as aws:
        yield Shell(aws, folder)


def check(given: Way, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Follow a way to its end; what the server told meanwhile."""
    told: list[str] = []
    with opened(given, folder, told, monkeypatch) as shell:
        for block in given.deploys:
            code, out = shell.run(block)
            assert code == 0, out
        for block in (*given.first, given.good):
            code, out = shell.run(block)
            assert (code, "promoted" in out) == (0, True), out
        code, out = shell.run(given.bad)
        assert (code, "rolled_back" in out) == (ROLLED_BACK, True), out
    return told


@pytest.mark.slow
def test_an_api_of_plain_calls_is_registered_by_itself_and_rolled_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = check(way("With plain calls", first=1), folder, monkeypatch)
    assert any("by its definition: GET /items/{n}" in line for line in told)
    assert any("target shop is registered" in line for line in told)


@pytest.mark.slow
@needs_cdk
def test_an_api_of_templates_is_rolled_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = check(way("With templates"), folder, monkeypatch)
    assert any("by its definition: GET /items/{n}" in line for line in told)


@pytest.mark.slow
@needs_cdk
def test_an_api_of_the_cdk_is_rolled_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = check(way("With the CDK"), folder, monkeypatch)
    assert any("by its definition: GET /items/{n}" in line for line in told)


def test_the_pages_traffic_file_is_one() -> None:
    [block] = blocks("Requests", "yaml")
    plan = parse_traffic(yaml.safe_load(block))
    assert [shape.path for shape in plan.shapes] == ["/items/{id}", "/items"]
    assert plan.invocations[0].function == "shop-nightly"


@pytest.mark.parametrize("block", [block for section in ("Requests", "An API without a past") for block in blocks(section)])
def test_each_way_to_serve_is_one_that_serve_knows(block: str) -> None:
    asked = asked_of(block)
    assert asked.targets == Path("ours")
    assert asked.traffic or asked.history_hours
