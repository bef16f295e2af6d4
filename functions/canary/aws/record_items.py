"""A rollout's items in the table: its record, its looks and its frozen history, as DynamoDB keeps them and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.errors import RecordSchemaError
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary.rules.rollouts.upgrades import READABLE, upgrade

if TYPE_CHECKING:
    from canary.aws.table import Item


@dataclass(frozen=True, slots=True)
class LookItem:
    """One look as recorded."""

    rollout_id: str
    at: str
    verdict: str
    reason: str
    numbers: Mapping[str, Any]


def expires(moment: int | None) -> Item:
    """The table's time to live, in epoch seconds; nothing where an item is to stay."""
    return {} if moment is None else {"expires_at": {"N": str(moment)}}


def rollout_key(rollout_id: str) -> Item:
    """The key of a rollout's record."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "rollout"}}


def rollout_item(rollout: Rollout) -> Item:
    """A rollout as an item. An end that was not reported yet is listed by the index of what is open."""
    return {
        **rollout_key(rollout.rollout_id),
        "target": {"S": rollout.target.name},
        "phase": {"S": rollout.phase.value},
        "reason": {"S": rollout.reason},
        "needs_operator": {"BOOL": rollout.needs_operator},
        "revision": {"N": str(rollout.revision)},
        "schema_version": {"N": str(SCHEMA_VERSION)},
        "record": {"S": json.dumps(encode(rollout), separators=(",", ":"))},
        **({"rollout_id": {"S": rollout.rollout_id}} if rollout.phase.is_terminal and not rollout.is_end_told else {}),
    }


def rollout_of(item: Item) -> Rollout:
    """The rollout of a record that this code can read.

    Raises:
        RecordSchemaError: another version of the controller wrote it, or someone edited it.

    """
    if (found := int(item["schema_version"]["N"])) not in READABLE:
        raise RecordSchemaError(
            f"the record has schema {found}, and this controller reads schemas {READABLE[0]} to {READABLE[-1]}; "
            "deploy the version that wrote it until its rollout has ended"
        )
    try:
        return decode(Rollout, upgrade(json.loads(item["record"]["S"]), found))
    except (AttributeError, TypeError, KeyError, ValueError, ArithmeticError) as error:
        raise RecordSchemaError(
            f"the record {item['pk']['S']} is not a valid record of schema {found} ({type(error).__name__}: {error}); "
            "restore it, or deploy the version that wrote it"
        ) from error


@dataclass(frozen=True, slots=True)
class Outline:
    """What any version of the controller can read of a rollout's record."""

    rollout_id: str
    phase: str
    reason: str
    needs_operator: bool


def outline_of(item: Item) -> Outline:
    """The outline of a record, whatever its schema."""
    rollout_id = item["pk"]["S"].removeprefix("rollout#")
    return Outline(rollout_id, item["phase"]["S"], item["reason"]["S"], item["needs_operator"]["BOOL"])


def history_key(rollout_id: str) -> Item:
    """The key of a rollout's frozen history."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "history"}}


def history_item(rollout_id: str, history: Mapping[str, Any]) -> Item:
    """The judge's JSON of the frozen history as an item."""
    return {
        **history_key(rollout_id),
        "history": {"S": json.dumps(dict(history), separators=(",", ":"))},
    }


def look_key(rollout_id: str, at: str) -> Item:
    """The key of the look with the mark `at`."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": f"look#{at}"}}


def look_item(look: LookItem) -> Item:
    """A look as an item."""
    return {
        **look_key(look.rollout_id, look.at),
        "verdict": {"S": look.verdict},
        "reason": {"S": look.reason},
        "numbers": {"S": json.dumps(dict(look.numbers), separators=(",", ":"))},
    }


def look_of(item: Item) -> LookItem:
    """The look of an item."""
    return LookItem(
        rollout_id=item["pk"]["S"].removeprefix("rollout#"),
        at=item["sk"]["S"].removeprefix("look#"),
        verdict=item["verdict"]["S"],
        reason=item["reason"]["S"],
        numbers=json.loads(item["numbers"]["S"]),
    )
