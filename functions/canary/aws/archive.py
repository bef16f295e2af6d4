"""What is recorded, for a person to read: the looks of a rollout, and the rollouts of a target, ended ones included.

No task decides anything from it. A target's rollouts are found by a scan of the whole table: no index lists them, and people
ask rarely. Some thousand rollouts are read in seconds for less than a cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import RecordSchemaError, RecordsRefusedError
from canary.aws.record_items import look_of, rollout_of
from canary.aws.side_items import NOTE, is_note, note_of
from canary.rules.rollouts.notes import Note
from canary.rules.rollouts.rollout import Rollout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.aws.record_items import LookItem


@dataclass(frozen=True, slots=True)
class TargetPast:
    """A target's rollouts, oldest first; the ids of those whose records this version cannot read; and the notes by rollout."""

    rollouts: tuple[Rollout, ...]
    unreadable: tuple[str, ...] = ()
    notes: Mapping[str, tuple[Note, ...]] = field(default_factory=dict)


class Archive:
    """The table of records, read page by page."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - botocore makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table

    def list_looks(self, rollout_id: str, *, after: str = "") -> Iterator[LookItem]:
        """The rollout's looks, oldest first: all of them, or those after the look of the mark `after`.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        for page in self._pages("query", **_looks(rollout_id, f"look#{after}~" if after else "look#")):
            yield from map(look_of, page)

    def newest_look(self, rollout_id: str) -> LookItem | None:
        """The rollout's newest look, if it has had one.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        newest = self._pages("query", **_looks(rollout_id, "look#"), ScanIndexForward=False, Limit=1)
        return next((look_of(item) for page in newest for item in page), None)

    def list_notes(self, rollout_id: str) -> tuple[Note, ...]:
        """The notes on a rollout, oldest first.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        values = {":rollout": {"S": f"rollout#{rollout_id}"}, ":note": {"S": NOTE}}
        condition = "pk = :rollout AND begins_with(sk, :note)"
        pages = self._pages("query", KeyConditionExpression=condition, ExpressionAttributeValues=values)
        return tuple(sorted((note_of(item) for page in pages for item in page), key=lambda note: note.at))

    def list_rollouts(self, target: str) -> tuple[tuple[Rollout, ...], tuple[str, ...]]:
        """The target's rollouts, oldest first, and the ids of those whose records this version cannot read.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        past = self.read_past(target)
        return past.rollouts, past.unreadable

    def read_past(self, target: str) -> TargetPast:
        """The target's rollouts and their notes, in one scan.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        pages = self._pages(
            "scan",
            FilterExpression="#target = :target AND (sk = :rollout OR begins_with(sk, :note))",
            ExpressionAttributeNames={"#target": "target"},
            ExpressionAttributeValues={":target": {"S": target}, ":rollout": {"S": "rollout"}, ":note": {"S": NOTE}},
        )
        found: list[Rollout] = []
        unread: list[str] = []
        notes: dict[str, tuple[Note, ...]] = {}
        for item in (item for page in pages for item in page):
            rollout_id = item["pk"]["S"].removeprefix("rollout#")
            if is_note(item):
                notes[rollout_id] = (*notes.get(rollout_id, ()), note_of(item))
                continue
            try:
                found.append(rollout_of(item))
            except RecordSchemaError:
                unread.append(rollout_id)
        return TargetPast(
            rollouts=tuple(sorted(found, key=lambda rollout: rollout.started_at)),
            unreadable=tuple(sorted(unread)),
            notes={rollout_id: tuple(sorted(some, key=lambda note: note.at)) for rollout_id, some in notes.items()},
        )

    def _pages(self, operation: str, **arguments: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401
        with refusals(f"aws dynamodb {operation} --table-name {self._table}", RecordsRefusedError):
            pages = self._dynamodb.get_paginator(operation).paginate(TableName=self._table, **arguments)
            for page in pages:
                yield page["Items"]


def _looks(rollout_id: str, first: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "pk = :rollout AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":rollout": {"S": f"rollout#{rollout_id}"},
            ":first": {"S": first},
            ":last": {"S": "look~"},
        },
    }
