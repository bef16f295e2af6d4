"""A rollout followed from poll to poll: what is new of it, and how it ended.

A rollout is followed by its id, or by the execution that may still be checking its release. A parked rollout has ended for
whoever follows it, unless the execution that is to advance it has not taken it yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.record_items import LookItem
from canary.rules.rollouts.rollout import Rollout
from canary_cli.exits import CommandError, ExitCode, exit_code_of

if TYPE_CHECKING:
    from canary_cli.connection import Connection

ENDINGS = {
    "Refused": ExitCode.REFUSED,
    "RolledBack": ExitCode.ROLLED_BACK,
    "Reverted": ExitCode.ROLLED_BACK,
    "NeedsOperator": ExitCode.NEEDS_OPERATOR,
}
"""The exit codes of the errors with which an execution ends."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a rollout, or an execution without one, ended."""

    outcome: str
    reason: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class News:
    """What a poll found. ``looks`` are new since the last poll; ``rollout`` is None while nothing is recorded.

    ``read_at`` is AWS's own time of the poll (epoch seconds).
    """

    read_at: float
    rollout: Rollout | None = None
    looks: tuple[LookItem, ...] = ()
    ending: Ending | None = None


class Follower:
    """Follows one rollout of ``target``. ``execution`` is given where it is to begin or advance the rollout."""

    def __init__(self, target: str, rollout_id: str, execution: str | None = None) -> None:
        self.target = target
        self.rollout_id = rollout_id
        self.execution = execution
        self._mark = ""

    @property
    def own_execution(self) -> str | None:
        """The execution that is to begin the rollout, while it has not; None for one that exists, also to be advanced."""
        is_beginning = self.execution is not None and self.execution.rpartition(":")[2] == self.rollout_id
        return self.execution if is_beginning else None

    def poll(self, connection: Connection) -> News:
        """What is new.

        Raises:
            CommandError: neither a rollout nor an execution of that name exists.
            ControllerError: AWS cannot be asked.

        """
        owned = connection.records.find(self.rollout_id, target=self.target)
        rollout, read_at = (owned.rollout, owned.read_at) if owned else (None, 0.0)
        if rollout is None or (self.execution and rollout.execution != self.execution):
            execution = self.execution or connection.controller.execution(self.rollout_id)
            return News(read_at, rollout, ending=_ending_of(connection, execution))
        self.execution = None
        looks = tuple(connection.archive.list_looks(self.rollout_id, after=self._mark))
        self._mark = looks[-1].at if looks else self._mark
        if rollout.watch and rollout.watch.reverted_by:
            return News(read_at, rollout, looks, _ending_of_revert(connection, rollout.watch.reverted_by))
        exit_code = exit_code_of(rollout)
        outcome = "needs operator" if rollout.needs_operator else rollout.phase.value
        return News(read_at, rollout, looks, None if exit_code is None else Ending(outcome, rollout.reason, exit_code))


def _ending_of_revert(connection: Connection, rollout_id: str) -> Ending | None:
    """How the revert ended that a watch began; None while it goes on. One that went back leaves the condemned release."""
    owned = connection.records.find(rollout_id)
    if owned is None:
        return Ending("reverting", f"the record of rollout {rollout_id} was deleted", ExitCode.FAILED)
    match exit_code_of(owned.rollout):
        case None:
            return None
        case ExitCode.DONE:
            return Ending("reverted", owned.rollout.reason, ExitCode.ROLLED_BACK)
        case _:
            reason = f"the revert did not succeed, and base may still serve the release: {owned.rollout.reason}"
            return Ending("needs operator", reason, ExitCode.NEEDS_OPERATOR)


def _ending_of(connection: Connection, execution: str) -> Ending | None:
    """How an execution ended that has no rollout; None while it runs."""
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        client = connection.client("stepfunctions")
        try:
            described: dict[str, Any] = client.describe_execution(executionArn=execution)
        except client.exceptions.ExecutionDoesNotExist as error:
            name = execution.rpartition(":")[2]
            raise CommandError(
                "UnknownRollout",
                f"no rollout {name} is recorded, and no execution has that name",
                "see canary history TARGET for the rollouts there were",
                ExitCode.USAGE,
            ) from error
    match described["status"]:
        case "RUNNING" | "PENDING_REDRIVE":
            return None
        case "SUCCEEDED":
            output = json.loads(described.get("output") or "{}")
            return Ending(str(output.get("outcome", "unchanged")), str(output.get("reason", "")), ExitCode.DONE)
        case status:
            outcome = str(described.get("error") or status)
            return Ending(outcome, str(described.get("cause") or ""), ENDINGS.get(outcome, ExitCode.FAILED))
