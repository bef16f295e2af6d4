"""The commands that the README tells to type, typed: the very lines of the Makefile, by the Python that runs the tests.

Only the installation is left out, and a free port is taken for a fixed one.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 240

pytestmark = pytest.mark.slow


def command_of(*arguments: str) -> list[str]:
    """The one command that make would run for a target once everything is installed."""
    make = shutil.which("make")
    assert make, "the commands are make's; install it"
    asked = [make, "--dry-run", "--old-file=.venv/demo", *arguments]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True, text=True).stdout.strip()
    python, *rest = shlex.split(told)
    assert python == ".venv/bin/python"
    return [sys.executable, *rest]


def environment() -> dict[str, str]:
    """As a newcomer's: no credentials. The sources are found without being installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COV_", "COVERAGE_", "PYTEST_"))}
    return kept | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")]), "PATH": f"{BIN}{os.pathsep}{kept['PATH']}"}


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`make serve` on a free port, with the file that holds what it printed; it is over when the block is."""
    command = command_of("serve")
    command[command.index("--port") + 1] = "0"
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "printed").open("w+") as printed:
        with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=printed, stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield process, Path(printed.name)
            finally:
                process.kill()


def wait_for(pattern: str, process: subprocess.Popen[str], printed: Path) -> str:
    """What was printed once the pattern is in it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        if re.search(pattern, printed.read_text(), re.MULTILINE):
            return printed.read_text()
        time.sleep(0.2)
    raise AssertionError(f"{pattern} was not printed within {SECONDS} s (exit status {process.poll()}):\n{printed.read_text()}")


def test_the_demo_runs_one_scenario() -> None:
    ran = subprocess.run(
        command_of("demo", "ONLY=healthy"),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Promoted" in ran.stdout
    assert ran.stderr == ""


def test_an_unknown_scenario_is_refused_by_name() -> None:
    ran = subprocess.run(
        command_of("demo", "ONLY=nosuch"),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )

    assert ran.returncode == 2
    assert "healthy" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_command_that_serve_prints_can_be_pasted() -> None:
    bash = shutil.which("bash")
    if bash is None or not shutil.which("aws", path=environment()["PATH"]):
        pytest.skip("the AWS CLI is not installed beside this Python; make test installs it")
    with serving() as (process, printed):
        text = wait_for(r"^curl ", process, printed)
        script = "\n".join(["set -e", "shopt -s expand_aliases", text])
        pasted = subprocess.run(
            [bash, "-c", script],
            env=environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS,
        )
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=60)

    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert '"status": "RUNNING"' in pasted.stdout
    assert '"stageName"' in pasted.stdout
    assert ended == 0


def test_serve_ends_on_the_signal_that_ctrl_c_sends() -> None:
    with serving() as (process, printed):
        wait_for(r"^curl ", process, printed)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=60) == 0
