"""Runs the commands that the README tells readers to type: the Makefile's own lines, with the Python of the tests.

Only the installation is left out, and a free port replaces the fixed one.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 300
README = (ROOT / "README.md").read_text(encoding="utf-8")
COST_IN_README = (
    r"took (?P<transitions>\d+) state transitions, (?P<calls>\d+) Lambda calls and (?P<metrics>\d+) requested "
    r"metrics, (?P<dollars>\$[\d.]+) at the list prices of (?P<day>[\d-]+) in (?P<region>[\w-]+)"
)
COST_IN_DEMO = (
    r"cost (?P<dollars>\$[\d.]+): (?P<transitions>\d+) transitions, (?P<calls>\d+) Lambda calls, (?P<metrics>\d+) metrics "
    r"requested \(list prices of (?P<day>[\d-]+), (?P<region>[\w-]+)\)"
)

pytestmark = pytest.mark.slow


def command_of(*arguments: str) -> list[str]:
    """The one command that make would run for a target once everything is installed."""
    make = shutil.which("make")
    assert make, "the commands are make's; install it"
    told = run(make, "--dry-run", "--old-file=.venv/demo", *arguments)
    python, *rest = shlex.split(told.stdout)
    assert python == ".venv/bin/python"
    return [sys.executable, *rest]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the repository to its end."""
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=False, text=True, timeout=SECONDS)


def environment() -> dict[str, str]:
    """A newcomer's environment: no credentials. The sources are found without being installed."""
    ours = ("AWS_", "COV_", "COVERAGE_", "MAKE", "MFLAGS", "PYTEST_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    sources = os.pathsep.join([str(ROOT), str(ROOT / "functions")])
    return kept | {"PYTHONPATH": sources, "PATH": os.pathsep.join([str(BIN), kept["PATH"]])}


def priced(pattern: str, text: str) -> dict[str, str]:
    """The only price in a text, with what it is for."""
    [found] = re.finditer(pattern, " ".join(text.split()))
    return found.groupdict()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`make serve` on a free port, with the file of its output; it stops at the end of the block."""
    command, path = command_of("serve"), folder / "printed"
    command[command.index("--port") + 1] = "0"
    with (
        path.open("w", encoding="utf-8") as printed,
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=printed, stderr=subprocess.STDOUT, text=True) as process,
    ):
        try:
            yield process, path
        finally:
            process.kill()


def wait_for(pattern: str, process: subprocess.Popen[str], printed: Path) -> str:
    """The output once the pattern is in it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        text = printed.read_text(encoding="utf-8")
        if re.search(pattern, text, re.MULTILINE):
            return text
        time.sleep(0.2)
    raise AssertionError(
        f"{pattern} was not printed within {SECONDS} s (exit status {process.poll()}):\n{printed.read_text(encoding='utf-8')}"
    )


def test_the_demo_runs_one_scenario() -> None:
    ran = run(*command_of("demo", "ONLY=healthy"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"\bpromoted\b", ran.stdout, re.IGNORECASE)
    assert "all as expected" in ran.stdout
    assert ran.stderr == ""
    assert priced(COST_IN_README, README) == priced(COST_IN_DEMO, ran.stdout), "the README tells another price than the demo"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (["deploy"], "deploy --require-approval broadening canary"),
        (["deploy", "TARGETS=ours"], "deploy --require-approval broadening --context targets=ours --all"),
        (
            ["deploy", "MAIL=a@b.org", "PAGES=c@d.org"],
            "deploy --require-approval broadening --context notification_email=a@b.org --context page_email=c@d.org canary",
        ),
        (["bootstrap"], "bootstrap"),
        (["destroy", "TARGETS=ours"], "destroy --context targets=ours --all"),
        (["synth"], "synth --quiet"),
    ],
    ids=" ".join,
)
def test_only_targets_of_a_folder_that_is_named_are_deployed(typed: list[str], asked: str) -> None:
    make = shutil.which("make")
    assert make, "the commands are make's; install it"
    told = run(make, "--dry-run", "--old-file=.venv/dev", "--old-file=node_modules", *typed)

    assert told.stdout.split()[1:] == ["node_modules/.bin/cdk", *asked.split()]


def test_an_unknown_scenario_is_refused_by_name() -> None:
    ran = run(*command_of("demo", "ONLY=nosuch"))

    assert ran.returncode == 2
    assert "nosuch" in ran.stderr
    assert "healthy" in ran.stderr
    assert "Traceback" not in ran.stderr


def first_ten_minutes() -> str:
    """What the README tells readers to type after the commands that `make serve` prints."""
    chapter = README.partition("\n## The first ten minutes\n")[2].partition("\n## ")[0]
    lines = [
        line for block in re.findall(r"^```sh\n(.*?)^```$", chapter, re.DOTALL | re.MULTILINE) for line in block.splitlines()
    ]
    assert {line.split()[0] for line in lines} == {"canary"}
    return "\n".join(lines)


def test_every_command_that_serve_prints_and_the_first_ten_minutes_can_be_pasted(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None or not find_spec("awscli"):
        pytest.skip("the AWS CLI is not installed beside this Python; make .venv/dev installs it")
    with serving(tmp_path) as (process, printed):
        text = wait_for(r"^curl .*\n", process, printed)
        python = shlex.quote(sys.executable)
        tools = f'aws() {{ {python} -m awscli "$@"; }}\ncanary() {{ {python} -m canary_cli "$@"; }}'
        pasted = run(bash, "-c", f"set -e\n{tools}\n{text}\n{first_ten_minutes()}")
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=SECONDS)

    assert pasted.returncode == 0, text + pasted.stdout + pasted.stderr
    assert '"status": "RUNNING"' in pasted.stdout
    assert "orders: a start would begin a rollout, as far as can be seen" in pasted.stdout
    assert re.search(r"^orders: rollout orders-\S+: promoted", pasted.stdout, re.MULTILINE)
    assert re.search(r"^Rollout orders-\S+ of orders: promoted", pasted.stdout, re.MULTILINE)
    assert "change failure rate  0.0 % (0 of 1)" in pasted.stdout
    assert "unchanged: the release is what base already runs" in pasted.stdout
    assert '"stageName"' in pasted.stdout
    assert ended == 0


def test_serve_ends_on_the_signal_that_ctrl_c_sends(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, printed):
        wait_for(r"^curl .*\n", process, printed)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=SECONDS) == 0
