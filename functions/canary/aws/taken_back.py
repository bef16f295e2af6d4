"""How the releases of a target that were rolled back are kept: one item beside the target's lock.

It is written only in the transaction that ends a rollout, under the lock, so none is lost and two never write at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.taken_back import TakenBack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.aws.table import Item


def taken_back_key(target: str) -> Item:
    """The key of a target's item."""
    return {"pk": {"S": f"target#{target}"}, "sk": {"S": "taken_back"}}


def taken_back_item(target: str, kept: Sequence[TakenBack]) -> Item:
    """The item."""
    text = json.dumps([encode(one) for one in kept], separators=(",", ":"))
    return {**taken_back_key(target), "releases": {"S": text}}


def taken_back_of(item: Item | None) -> tuple[TakenBack, ...]:
    """What the item says. One that cannot be read, because someone edited it, says nothing: it must not prevent an ending."""
    try:
        return tuple(decode(TakenBack, one) for one in json.loads(item["releases"]["S"])) if item else ()
    except (AttributeError, TypeError, KeyError, ValueError):
        return ()
