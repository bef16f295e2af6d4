"""How a grant is kept: one item under the name of its execution, written once by a function of the controller."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.aws.errors import RecordSchemaError
from canary.aws.record_items import expires
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.grants import Grant
from canary.rules.rollouts.retention import expiry_after

if TYPE_CHECKING:
    from canary.aws.table import Item


def grant_key(execution: str) -> Item:
    """The key of the grant of the execution with this name."""
    return {"pk": {"S": f"grant#{execution}"}, "sk": {"S": "grant"}}


def grant_item(grant: Grant, retention_days: int) -> Item:
    """A grant as an item."""
    until = expires(expiry_after(grant.given_at, retention_days))
    return {**grant_key(grant.execution), "grant": {"S": json.dumps(encode(grant))}, **until}


def grant_of(item: Item | None) -> Grant | None:
    """The grant that an item holds.

    Raises:
        RecordSchemaError: someone edited it, or another version of the controller wrote it.

    """
    if item is None:
        return None
    try:
        return decode(Grant, json.loads(item["grant"]["S"]))
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise RecordSchemaError(
            f"the item {item['pk']['S']} cannot be read ({type(error).__name__}: {error}); call the verb again"
        ) from error
