"""The command as a process of its own: signals, streams and colours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ground import ground, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tasks.walk import Ground

__all__ = ["ground", "shared"]

pytestmark = pytest.mark.slow  # each test starts the command in a process of its own

ROOT = Path(__file__).parents[2]
LIMIT = 120.0


def start(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(str(ROOT / folder) for folder in (".", "functions"))
    return subprocess.Popen(
        [sys.executable, "-m", "canary_cli", *arguments],
        env={**os.environ, "PYTHONPATH": path, "TZ": "UTC", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def watched(ground: Ground) -> Iterator[Ground]:
    """A canary with traffic, and an execution that is stopped after the test."""
    arn = ground.rig.start()
    ground.rig.settle(60)
    yield ground
    ground.aws.client("stepfunctions").stop_execution(executionArn=arn)


def cancel(process: subprocess.Popen[str], number: int) -> tuple[int, list[str]]:
    """Send the signal once the command has said something; its exit code and its lines."""
    killer = threading.Timer(LIMIT, process.kill)
    killer.start()
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    rest, errors = process.communicate()
    killer.cancel()
    assert errors == ""
    return process.returncode, [first, *rest.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_detaches_and_leaves_the_rollout_running(watched: Ground, number: int):
    code, lines = cancel(start("watch", "orders", "--json"), number)
    last = json.loads(lines[-1])

    assert code == 130
    assert (last["event"], last["exit_code"]) == ("detached", 130)
    assert last["resume"][0].startswith("canary watch orders --rollout r")
    assert watched.percent == 25.0


def test_a_cancelled_job_can_abort(watched: Ground):
    code, lines = cancel(start("watch", "orders", "--on-cancel", "abort"), signal.SIGTERM)

    assert code == 4
    assert "is rolling_back: base gets all traffic" in lines[-1]
    assert watched.percent is None


def run(*arguments: str, **environ: str) -> str:
    """What the command says on stderr."""
    _, err = start(*arguments, **environ).communicate(timeout=LIMIT)
    return err


def test_nothing_is_coloured_for_who_does_not_want_it():
    terminal = {"TTY_COMPATIBLE": "1", "TERM": "xterm"}
    coloured, plain = run("status", "--nope", **terminal), run("status", "--nope", **terminal, NO_COLOR="1")

    assert "\x1b[1;31merror:" in coloured
    assert "31m" not in plain
    assert "error: No such option" in plain.replace("\x1b[1m", "").replace("\x1b[0m", "")
