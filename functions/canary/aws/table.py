"""The records' table: items read consistently, and written in transactions with their conditions.

It knows DynamoDB's calls and its two answers of failure. What the items mean is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import answered_at, code_of, refusals
from canary.aws.errors import RecordsRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = dict[str, dict[str, Any]]
Operation = dict[str, Any]
"""One part of a transaction, in DynamoDB's own form."""

MOST_KEYS = 100
"""The most items that one BatchGetItem reads (docs/aws.md#batch-get-item)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Items by their keys, and AWS's own time of the read."""

    items: Mapping[tuple[str, str], Item]
    at: float

    def item(self, key: Item) -> Item | None:
        """The item of that key, if it is there."""
        return self.items.get((key["pk"]["S"], key["sk"]["S"]))


class Table:
    """One table of one account and Region."""

    def __init__(self, dynamodb: Any, name: str) -> None:  # noqa: ANN401
        self._dynamodb = dynamodb
        self._name = name

    def read(self, *keys: Item) -> Found:
        """Items read consistently, though not at one instant; writers check that the items are unchanged.

        Raises:
            RecordsRefusedError: DynamoDB refused, or did not return all items.

        """
        asked = {self._name: {"Keys": list(keys), "ConsistentRead": True}}
        with refusals(f"aws dynamodb batch-get-item (table {self._name})", RecordsRefusedError):
            answer: dict[str, Any] = self._dynamodb.batch_get_item(RequestItems=asked)
        if answer.get("UnprocessedKeys"):
            raise RecordsRefusedError(f"DynamoDB did not return all items of table {self._name}; the call is retried")
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"].get(self._name, [])}
        return Found(found, answered_at(answer))

    def list_index(self, index: str) -> list[tuple[str, str]]:
        """The keys of the items in an index, each split at its first #, in order.

        Raises:
            RecordsRefusedError: DynamoDB refused.

        """
        with refusals(f"aws dynamodb scan --table-name {self._name} --index-name {index}", RecordsRefusedError):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._name, IndexName=index)
            keys = [item["pk"]["S"].partition("#") for page in pages for item in page["Items"]]
        return sorted((kind, name) for kind, _, name in keys)

    def put(self, item: Item, condition: str | None = None, values: Item | None = None) -> Operation:
        """Write the item if the condition holds."""
        put: dict[str, Any] = {"TableName": self._name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def check(self, key: Item, condition: str, values: Item) -> Operation:
        """Write nothing, and let the transaction fail unless the condition holds."""
        return {
            "ConditionCheck": {
                "TableName": self._name,
                "Key": key,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def put_newest(self, item: Item, number: str) -> bool:
        """Write an item over the one whose attribute ``number`` is one lower; False if someone else was faster.

        Raises:
            RecordsRefusedError: DynamoDB refused for any other reason.

        """
        before = {":before": {"N": str(int(item[number]["N"]) - 1)}}
        condition = f"attribute_not_exists({number}) OR {number} = :before"
        return self._put_if(item, ConditionExpression=condition, ExpressionAttributeValues=before)

    def put_new(self, item: Item) -> bool:
        """Write an item whose key no item has; False if there is one.

        Raises:
            RecordsRefusedError: DynamoDB refused for any other reason.

        """
        return self._put_if(item, ConditionExpression="attribute_not_exists(pk)")

    def _put_if(self, item: Item, **condition: Any) -> bool:  # noqa: ANN401 - DynamoDB's own form
        with refusals(f"aws dynamodb put-item --table-name {self._name}", RecordsRefusedError):
            try:
                self._dynamodb.put_item(TableName=self._name, Item=item, **condition)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def transact(self, *operations: Operation, failure: Exception) -> None:
        """Do all of it or nothing; `failure` is raised where a condition does not hold.

        Raises:
            RecordsRefusedError: DynamoDB refused for any other reason.

        """
        with refusals(f"aws dynamodb transact-write-items (table {self._name})", RecordsRefusedError):
            try:
                self._dynamodb.transact_write_items(TransactItems=list(operations))
            except ClientError as error:
                if _is_condition_failure(error):
                    raise failure from error
                raise


def is_conflict(cause: BaseException | None) -> bool:
    """Whether another transaction was writing the same item."""
    reasons = cause.response.get("CancellationReasons", []) if isinstance(cause, ClientError) else []
    return any(reason.get("Code") == "TransactionConflict" for reason in reasons)


def _is_condition_failure(error: ClientError) -> bool:
    reasons: Iterable[dict[str, Any]] = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)
