"""What can happen to the controller's own table: who holds the lock, and edits of the record by someone else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from demo.controller import TABLE
from tests.faults.edits import Account, Edit

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


def record_edits() -> list[Edit]:
    """What happens to the records: they belong to the controller, but anyone with access can edit a table."""
    return [
        Edit("the record is of a newer schema", "records", lambda one: _edit_record(one, _with_schema(99))),
        Edit("the record is deleted", "records", lambda one: _delete_item(one, "rollout")),
        Edit("the history is deleted", "records", lambda one: _delete_item(one, "history")),
    ]


def repair_schema(account: Account) -> None:
    """The record has the schema again that the controller writes."""
    _edit_record(account, _with_schema(SCHEMA_VERSION))


def holder(one: Account) -> str | None:
    """The rollout that holds the target's lock."""
    lock = _item(one, f"target#{one.target.name}", "lock") or {}
    return lock["rollout_id"]["S"] if "rollout_id" in lock else None


def phase_of(one: Account) -> str:
    """The phase of the rollout that holds the target, according to its record."""
    rollout = holder(one)
    item = _item(one, f"rollout#{rollout}", "rollout") if rollout else None
    return str(item["phase"]["S"]) if item else "nobody's"


def _item(one: Account, pk: str, sk: str) -> Json | None:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return one.client("dynamodb").get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")


def _edit_record(one: Account, change: Callable[[Json], Json]) -> None:
    rollout = holder(one)
    item = _item(one, f"rollout#{rollout}", "rollout") if rollout else None
    if item:
        one.client("dynamodb").put_item(TableName=TABLE, Item=change(item))


def _with_schema(version: int) -> Callable[[Json], Json]:
    return lambda item: {**item, "schema_version": {"N": json.dumps(version)}}


def _delete_item(one: Account, kind: str) -> None:
    if rollout := holder(one):
        key = {"pk": {"S": f"rollout#{rollout}"}, "sk": {"S": kind}}
        one.client("dynamodb").delete_item(TableName=TABLE, Key=key)
