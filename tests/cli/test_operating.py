"""docs/operating.md: every command on it runs, in a situation in which someone would type it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canary_cli.app import app
from canary_cli.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
COMMANDS = [one for one in dict.fromkeys(re.findall(r"`(canary [^`]+)`", PAGE)) if "TARGET" not in one and one.count(" ") > 1]
RETRY, NOTE, REVERT = "canary start orders --retry", "canary note ROLLOUT", "canary revert orders"
LOOK_AHEAD = ("canary doctor orders", "canary plan orders", "canary backtest orders")
SERVES = "canary dashboard"
"""Runs until it is stopped; `test_showing.py` starts it with these options."""

AT_REST = (RETRY, NOTE, REVERT, "canary start orders --watch", *LOOK_AHEAD)
"""What is typed once a rollout is over, by how it begins; all the others are for one that is in progress."""


def words_of(command: str, rollout_id: str) -> list[str]:
    """The words of a command; a question is answered beforehand, and nobody waits in a test."""
    words = [rollout_id if word == "ROLLOUT" else word for word in shlex.split(command)[1:]]
    return [*(word for word in words if word != "--watch"), *(["--yes"] if words[0] == "promote" else [])]


def test_the_page_names_every_verb_of_an_operator():
    verbs = {command.split()[1] for command in COMMANDS}
    known = {command.name for command in app.registered_commands}

    assert verbs <= known
    assert known - verbs == {"advance", "adopt", "ci", "drill", "import", "try"}


@pytest.mark.parametrize("command", [one for one in COMMANDS if not one.startswith((*AT_REST, SERVES))])
def test_a_command_for_a_rollout_in_progress_runs(command: str, ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    if command.startswith("canary resume"):
        assert canary("pause", "orders").code == ExitCode.DONE
    told = canary(*words_of(command, walk.rollout_id), *(["--timeout", "1m"] if " watch " in command else []))

    assert told.code == (ExitCode.STILL_RUNNING if " watch " in command else ExitCode.DONE), told.err


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith((RETRY, NOTE))])
def test_a_command_after_a_rollback_runs(command: str, ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    while walk.record.phase != "rolled_back":  # the verb makes the next pass as soon as it may be
        assert canary("rollback", "orders").code == ExitCode.DONE
        walk.pause(61)
    told = canary(*words_of(command, walk.rollout_id))

    assert told.code == ExitCode.DONE, told.err


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith(REVERT)])
def test_a_command_after_a_promotion_runs(command: str, ground: Ground, canary: Canary):
    walk = ground.walk().promote()
    told = canary(*words_of(command, walk.rollout_id))

    assert told.code == ExitCode.DONE, told.err


@pytest.mark.parametrize("command", LOOK_AHEAD)
def test_a_command_before_a_start_runs(command: str, canary: Canary):
    assert command in COMMANDS
    assert canary(*words_of(command, "")).code == ExitCode.DONE
