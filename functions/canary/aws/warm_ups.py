"""The item of what a target's promoted releases showed of the warm-up. Starts read it, and KeepReport writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenRelease, SeenReleases

if TYPE_CHECKING:
    from canary.aws.table import Item


def warm_up_key(target: str) -> Item:
    """The key of a target's item."""
    return {"pk": {"S": f"warm_up#{target}"}, "sk": {"S": "warm_up"}}


def warm_up_item(target: str, seen: SeenReleases) -> Item:
    """The item."""
    text = json.dumps([encode(one) for one in seen.releases or ()], separators=(",", ":"))
    return {**warm_up_key(target), "releases": {"S": text}}


def warm_up_of(item: Item | None) -> SeenReleases:
    """What the item says. One that someone edited says nothing, and the next promoted release replaces it."""
    if item is None:
        return NOTHING_SEEN
    try:
        return SeenReleases(tuple(decode(SeenRelease, one) for one in json.loads(item["releases"]["S"])))
    except (AttributeError, TypeError, KeyError, ValueError):
        return SeenReleases(is_unreadable=True)
