"""What is recorded of a target's past: one rollout with its replayed looks, or what was served at some moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import OwnershipLostError
from canary.rules.judging.history import from_json
from canary.rules.looks.replay import RecordedLook, ReplayedLook, read_look, replay
from canary.rules.rollouts.upgrades import upgrade_history
from canary_cli.exits import CommandError, ExitCode
from canary_cli.reading import names_of_targets
from canary_cli.serving import Serving, in_progress, serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a rollout's looks: the looks, and the frozen history's JSON, None where there was no look."""

    looks: tuple[RecordedLook, ...]
    history: Mapping[str, Any] | None

    def replayed(self, rollout: Rollout) -> tuple[ReplayedLook, ...]:
        """The looks with what each knew; none where the rollout was never looked at."""
        return replay(rollout, from_json(self.history), self.looks) if self.history else ()


def read_recorded(connection: Connection, rollout: Rollout) -> Recorded:
    """What is recorded of the rollout's looks.

    Raises:
        CommandError: one cannot be read, or the history that they rest on was deleted.

    """
    looks = _read_looks(connection, rollout)
    if not looks:
        return Recorded((), None)
    try:
        history = upgrade_history(connection.records.read_history(rollout.rollout_id))
    except OwnershipLostError as error:
        raise CommandError(
            "NoHistory",
            f"the frozen history of rollout {rollout.rollout_id} was deleted, so its evidence cannot be computed again",
            "restore it from the table's backup",
        ) from error
    return Recorded(tuple(looks), history)


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


def _read_looks(connection: Connection, rollout: Rollout) -> list[RecordedLook]:
    try:
        items = connection.archive.list_looks(rollout.rollout_id)
        return [read_look(one.at, one.verdict, one.reason, one.numbers) for one in items]
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(
            "UnreadableLook",
            f"a look of rollout {rollout.rollout_id} cannot be read ({type(error).__name__}: {error})",
            "use the version of canary that the controller had then, or restore the item from the table's backup",
        ) from error
