"""What is recorded of a target's past: one rollout with its replayed looks, or what was served at some moment."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from canary.aws.calls import refusals
from canary.aws.errors import HistoryGoneError, LookUnreadableError
from canary.aws.reports import recorded
from canary_cli.exits import CommandError, ExitCode
from canary_cli.reading import names_of_targets
from canary_cli.serving import Serving, in_progress, serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.aws.reports.recorded import Recorded
    from canary.rules.looks.replay import RecordedLook
    from canary.rules.rollouts.rollout import Rollout
    from canary_cli.connection import Connection

EXECUTION = ":execution:"


def find_rollout(connection: Connection, subject: str) -> Rollout | None:
    """The rollout that a target, a rollout's id or an execution's ARN stands for; None for a target that never had one.

    Raises:
        CommandError: there is no such target, and no such rollout is recorded.

    """
    for rollout_id in _candidates(connection, subject):
        if owned := connection.records.find(rollout_id):
            return owned.rollout
    if subject in names_of_targets(connection):
        return None
    raise CommandError(
        "UnknownRollout",
        f"no rollout is recorded for {subject!r}",
        "name a target, a rollout's id or an execution's ARN; canary history TARGET lists the rollouts",
        ExitCode.USAGE,
    )


def find_revert(connection: Connection, rollout: Rollout) -> Rollout | None:
    """The rollout that takes this one's release back because its watch condemned it; None if there is none."""
    name = rollout.watch.reverted_by if rollout.watch else None
    owned = connection.records.find(name) if name else None
    return owned.rollout if owned else None


def read_recorded(connection: Connection, rollout: Rollout) -> Recorded:
    """What is recorded of the rollout's looks.

    Raises:
        CommandError: one cannot be read, or the history that they rest on was deleted.

    """
    with _readable():
        try:
            return recorded.read_recorded(connection.records, connection.archive, rollout.rollout_id)
        except HistoryGoneError as error:
            raise CommandError("NoHistory", str(error), "restore it from the table's backup") from error


def read_serving(connection: Connection, target: str, at: float) -> Serving:
    """What the target served at `at` (epoch seconds), as far as its records can be read.

    Raises:
        CommandError: a look cannot be read.

    """
    rollouts, _ = connection.archive.list_rollouts(target)
    running = in_progress(rollouts, at)
    return serving_at(rollouts, _read_looks(connection, running) if running else (), at)


def _candidates(connection: Connection, subject: str) -> Iterator[str]:
    """The rollouts that may be meant, the likeliest first."""
    if EXECUTION in subject:
        yield subject.rpartition(":")[2]
        yield from _named_by(connection, subject)
        return
    lock = connection.records.read_lock(subject)
    yield from filter(None, (lock.rollout_id, lock.last_rollout_id))
    yield subject


def _named_by(connection: Connection, execution: str) -> Iterator[str]:
    """The rollout that an execution advanced: its output names it, or the rollout's record names the execution."""
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        described = connection.client("stepfunctions").describe_execution(executionArn=execution)
    given, ended = (json.loads(described.get(key) or "{}") for key in ("input", "output"))
    yield from filter(None, [ended.get("rollout")])
    rollouts, _ = connection.archive.list_rollouts(str(given.get("target")))
    yield from (rollout.rollout_id for rollout in rollouts if rollout.execution == execution)


def _read_looks(connection: Connection, rollout: Rollout) -> Sequence[RecordedLook]:
    with _readable():
        return recorded.read_looks(connection.archive, rollout.rollout_id)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except LookUnreadableError as error:
        fix = "use the version of canary that the controller had then, or restore the item from the table's backup"
        raise CommandError("UnreadableLook", str(error), fix) from error
