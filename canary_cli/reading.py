"""What AWS says of a target: its lock, its rollout, the newest look, what is live, and its alarms.

Records and lock are needed. Whatever else cannot be read is named and left out, so that a status with few permissions still
says what the controller does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from canary.aws.alarms import read_alarms
from canary.aws.calls import refusals
from canary.aws.errors import ControllerError, RecordSchemaError
from canary.aws.locks import Lock
from canary.aws.record_items import LookItem, Outline
from canary.aws.targets import list_targets, read_target
from canary.edge.target import target_from_json
from canary.rules.looks.alarm_readings import AlarmReading
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.steering import Signal
from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.live import Live
from canary.rules.targets.target import Target
from canary_cli.connection import TARGET_PREFIX
from canary_cli.exits import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary_cli.connection import Connection

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read of one target at ``now`` (epoch seconds, AWS's own time where records were read).

    ``rollout`` is the one in progress, or else the last one; of a record that another version wrote there is only ``outline``.
    ``signal``: the newest verb sent to its looks. ``look`` is
    its newest look, and ``step_looks`` are those of its present step. ``history`` is what the judge froze at its start,
    ``given_reason`` what its execution was started with. ``unread`` says what could not be read, one sentence each.
    """

    target: Target
    lock: Lock
    now: float
    rollout: Rollout | None = None
    outline: Outline | None = None
    signal: Signal | None = None
    look: LookItem | None = None
    step_looks: tuple[LookItem, ...] = ()
    history: Mapping[str, object] | None = None
    given_reason: str = ""
    live: Live | None = None
    alarms: tuple[AlarmReading, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def is_in_progress(self) -> bool:
        """Whether a rollout holds the target."""
        return self.lock.rollout_id is not None


def names_of_targets(connection: Connection) -> tuple[str, ...]:
    """Every registered target, and every other one that a rollout still holds."""
    registered = list_targets(connection.client("ssm"), TARGET_PREFIX)
    return tuple(sorted({*registered, *connection.records.list_unfinished().targets}))


def read_status(connection: Connection, name: str) -> Reading:
    """Everything of one target.

    Raises:
        CommandError: the record of the rollout that holds it was deleted.
        ControllerError: the records or the target cannot be read.

    """
    unread: list[str] = []
    try:
        lock, rollout, now, signal = _read_steered(connection, name)
        outline = None
    except RecordSchemaError as error:
        lock, rollout, now, signal = connection.records.read_lock(name), None, time.time(), None
        outline = connection.records.find_outline(str(lock.rollout_id or lock.last_rollout_id))
        unread.append(f"{error}; or install the version of canary that the controller has")
    target = rollout.target if rollout and lock.rollout_id else _registered(connection, name)

    def attempt(read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except ControllerError as error:
            unread.append(str(error))
            return None

    rollout_id = rollout.rollout_id if rollout else ""
    is_judged = bool(rollout and lock.rollout_id and rollout.evidence)
    ours = [alarm.name for alarm in target_alarms(target)]
    return Reading(
        target=target,
        lock=lock,
        now=now,
        rollout=rollout,
        outline=outline,
        signal=signal,
        look=attempt(lambda: connection.archive.newest_look(rollout_id)) if rollout else None,
        step_looks=(attempt(lambda: _step_looks(connection, rollout)) or ()) if rollout and is_judged else (),
        history=attempt(lambda: connection.records.read_history(rollout_id)) if is_judged else None,
        given_reason=(attempt(lambda: _given_reason(connection, rollout)) or "") if rollout and lock.rollout_id else "",
        live=attempt(lambda: connection.shifter(target).read_live()),
        alarms=attempt(lambda: read_alarms(connection.client("cloudwatch"), ours, target.alarms)) or (),
        unread=tuple(unread),
    )


def read_rollout(connection: Connection, name: str) -> tuple[Lock, Rollout | None, float]:
    """The target's lock, the rollout that holds it or held it last, and AWS's time of the read (epoch seconds).

    Raises:
        CommandError: the record of the rollout that holds it was deleted.
        RecordsRefusedError: the records cannot be read.

    """
    return _read_steered(connection, name)[:3]


def _read_steered(connection: Connection, name: str) -> tuple[Lock, Rollout | None, float, Signal | None]:
    """As `read_rollout`, with the newest signal."""
    lock = connection.records.read_lock(name)
    wanted = lock.rollout_id or lock.last_rollout_id
    owned = connection.records.find(wanted, target=name, signal=True) if wanted else None
    if lock.rollout_id and owned is None:
        raise CommandError(
            "RecordGone",
            f"the record of rollout {lock.rollout_id}, which holds {name}, was deleted",
            "restore it from the table's backup, or do what the notification Operator Needed says",
        )
    return (owned.lock, owned.rollout, owned.read_at, owned.signal) if owned else (lock, None, time.time(), None)


def _step_looks(connection: Connection, rollout: Rollout) -> tuple[LookItem, ...]:
    """The looks since the present step began."""
    return tuple(connection.archive.list_looks(rollout.rollout_id, after=rollout.step.entered))


def _registered(connection: Connection, name: str) -> Target:
    return target_from_json(read_target(connection.client("ssm"), TARGET_PREFIX, name))


def _given_reason(connection: Connection, rollout: Rollout) -> str:
    """The reason in the input of the rollout's execution."""
    with refusals(f"aws stepfunctions describe-execution --execution-arn {rollout.execution}"):
        described = connection.client("stepfunctions").describe_execution(executionArn=rollout.execution)
    try:
        return str(json.loads(described["input"]).get("reason", ""))
    except (ValueError, LookupError, AttributeError):
        return ""
