"""How the releases of a target that were rolled back are kept: one item beside the target's lock.

It is written only in the transaction that ends a rollout, under the lock, so none is lost and two never write at once. An item
that someone edited so that it cannot be read must not prevent an ending. Its text is then kept as it is beside what is added,
and starts are refused until someone has looked at it (`canary.rules.rollouts.taken_back`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.taken_back import TakenBack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.aws.table import Item


@dataclass(frozen=True, slots=True)
class KeptReleases:
    """What a target's item says. ``unread``: its text, as far as it cannot be read; empty if all of it can."""

    releases: tuple[TakenBack, ...] = ()
    unread: str = ""


def taken_back_key(target: str) -> Item:
    """The key of a target's item."""
    return {"pk": {"S": f"target#{target}"}, "sk": {"S": "taken_back"}}


def taken_back_item(target: str, kept: Sequence[TakenBack], unread: str = "") -> Item:
    """The item."""
    text = json.dumps([encode(one) for one in kept], separators=(",", ":"))
    return {**taken_back_key(target), "releases": {"S": text}, **({"unread": {"S": unread}} if unread else {})}


def taken_back_of(item: Item | None) -> KeptReleases:
    """What the item says."""
    if item is None:
        return KeptReleases()
    unread = str(item.get("unread", {}).get("S", ""))
    try:
        return KeptReleases(tuple(decode(TakenBack, one) for one in json.loads(item["releases"]["S"])), unread)
    except (AttributeError, TypeError, KeyError, ValueError):
        return KeptReleases(unread=unread + json.dumps(item.get("releases", "no releases")))
