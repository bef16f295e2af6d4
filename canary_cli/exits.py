"""How the command ends: its exit codes, and the error that carries one."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.rollouts.rollout import Rollout


class ExitCode(enum.IntEnum):
    """What a script learns from the command."""

    DONE = 0
    """Promoted, unchanged or parked; or the verb is done."""
    FAILED = 1
    """The command itself failed."""
    USAGE = 2
    REFUSED = 3
    ROLLED_BACK = 4
    NEEDS_OPERATOR = 5
    STILL_RUNNING = 6
    """At `--timeout`."""
    CANNOT_TELL = 7
    """AWS cannot be asked: the credentials or the network."""
    DETACHED = 130


WORST_FIRST = (
    ExitCode.FAILED,
    ExitCode.CANNOT_TELL,
    ExitCode.NEEDS_OPERATOR,
    ExitCode.ROLLED_BACK,
    ExitCode.REFUSED,
    ExitCode.STILL_RUNNING,
    ExitCode.DETACHED,
)


class CommandError(Exception):
    """The command cannot do what was asked. ``code`` is one word for programs, ``fix`` what to do."""

    def __init__(self, code: str, message: str, fix: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.exit_code = exit_code


def worst_of(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of several rollouts together."""
    found = {*codes}
    return next((code for code in WORST_FIRST if code in found), ExitCode.DONE)


def exit_code_of(rollout: Rollout) -> ExitCode | None:
    """The exit code of a rollout that has ended, is parked or needs an operator; None while it goes on."""
    if rollout.needs_operator:
        return ExitCode.NEEDS_OPERATOR
    match rollout.phase:
        case Phase.PROMOTED if rollout.watch and rollout.watch.reverted_by:
            return ExitCode.ROLLED_BACK
        case Phase.PROMOTED | Phase.PARKED:
            return ExitCode.DONE
        case Phase.ROLLED_BACK:
            return ExitCode.ROLLED_BACK
        case Phase.REFUSED:
            return ExitCode.REFUSED
        case _:
            return None
