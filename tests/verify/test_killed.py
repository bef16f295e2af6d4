"""`python -m verify` in a separate process, reached over the network and ended from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded_aws.embedded import EmbeddedAws
from tests.verify.scratch_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SPEED = 20.0
LIMIT = 300.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[World]:
    """An account whose time passes by itself, twenty seconds in each real second."""
    with EmbeddedAws(speed=SPEED) as aws:
        aws.clock.start()
        yield World(aws, tmp_path / "ledgers")


def started(world: World, *arguments: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")])}
    command = [sys.executable, "-m", "verify", *world.arguments("--speed", str(SPEED), *arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def begun(world: World) -> subprocess.Popen[str]:
    """A run that has created its API and is in the middle of a question."""
    process = started(world, "--yes", "--only", "stage-propagation")
    assert process.stdout is not None
    assert any(line.startswith("asking ") for line in process.stdout), "it never came to a question"
    end = time.monotonic() + LIMIT
    while not world.left():
        assert time.monotonic() < end, "it never made its API"
        time.sleep(0.05)
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status, and everything that it printed."""
    try:
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    return process.returncode, output


def test_what_a_kill_left_is_removed_by_clean_up(served: World) -> None:
    process = begun(served)
    process.send_signal(signal.SIGKILL)
    assert ended(process)[0] == -signal.SIGKILL
    (api,) = served.left()
    (ledger,) = served.folder.glob("*.jsonl")
    assert api == f"api {ledger.stem}"

    status, output = ended(started(served, "clean-up"))
    assert (status, served.left()) == (0, []), output
    assert output.endswith(f"nothing is left of {ledger.stem}\n")
    assert not ledger.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_is_stopped_removes_everything(served: World, number: signal.Signals) -> None:
    process = begun(served)
    assert served.left()
    process.send_signal(number)

    status, output = ended(process)
    assert (status, served.left()) == (130, []), output
    assert output.endswith("everything that was created has been removed\n")
    assert not list(served.folder.glob("*.jsonl"))


def test_a_process_without_a_reader_removes_everything(served: World) -> None:
    process = begun(served)
    assert process.stdout is not None
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    process.wait(LIMIT)

    assert served.left() == []
    assert not list(served.folder.glob("*.jsonl"))
