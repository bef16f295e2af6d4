"""What is recorded, for a person to read: the looks of a rollout, and the rollouts of a target, ended ones included.

No task decides anything from it. A target's rollouts are found by a scan of the whole table: no index lists them, and people
ask rarely. Some thousand rollouts are read in seconds for less than a cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import RecordSchemaError, RecordsRefusedError
from canary.aws.record_items import look_of, rollout_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.aws.record_items import LookItem
    from canary.rules.rollouts.rollout import Rollout


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

    def list_rollouts(self, target: str) -> tuple[tuple[Rollout, ...], tuple[str, ...]]:
        """The target's rollouts, oldest first, and the ids of those whose records this version cannot read.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        wanted = {":target": {"S": target}, ":rollout": {"S": "rollout"}}
        pages = self._pages(
            "scan",
            FilterExpression="sk = :rollout AND #target = :target",
            ExpressionAttributeNames={"#target": "target"},
            ExpressionAttributeValues=wanted,
        )
        found: list[Rollout] = []
        unread: list[str] = []
        for item in (item for page in pages for item in page):
            try:
                found.append(rollout_of(item))
            except RecordSchemaError:
                unread.append(item["pk"]["S"].removeprefix("rollout#"))
        return tuple(sorted(found, key=lambda rollout: rollout.started_at)), tuple(sorted(unread))

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
