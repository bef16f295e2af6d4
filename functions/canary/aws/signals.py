"""How a signal to a rollout is kept: one item beside the rollout's record, which holds the newest signal alone.

Nobody has to own the rollout to write it, and writing it changes nothing of what its owner checks before its own writes.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, refusals
from canary.aws.errors import RecordsRefusedError
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.steering import Signal

Item = dict[str, dict[str, Any]]


def signal_key(rollout_id: str) -> Item:
    """The key of a rollout's signal."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "signal"}}


def signal_of(item: Item | None) -> Signal | None:
    """The signal that an item holds."""
    return None if item is None else decode(Signal, json.loads(item["signal"]["S"]))


def put_signal(dynamodb: Any, table: str, rollout_id: str, signal: Signal) -> bool:  # noqa: ANN401 - botocore's client
    """Record the signal in place of the one before it. False if that is no longer the newest: someone else was faster.

    Raises:
        RecordsRefusedError: DynamoDB refused it.

    """
    item = {**signal_key(rollout_id), "signal_number": {"N": str(signal.number)}, "signal": {"S": json.dumps(encode(signal))}}
    with refusals(f"aws dynamodb put-item --table-name {table}", RecordsRefusedError):
        try:
            dynamodb.put_item(
                TableName=table,
                Item=item,
                ConditionExpression="attribute_not_exists(signal_number) OR signal_number = :before",
                ExpressionAttributeValues={":before": {"N": str(signal.number - 1)}},
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
    return True
