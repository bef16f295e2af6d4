"""Items beside a rollout's record: the newest signal, notes, grants, used proofs, and what a target showed of its warm-up.

Nobody has to own a rollout to write them, and writing them changes nothing of what its owner checks before its own writes. Of
the signals only the newest is kept. A note is written once and never replaced; so is the grant of an execution, under its name.
A proof of who called leaves an item too, so that none is used for two calls.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from canary.aws.errors import RecordSchemaError
from canary.aws.record_items import expires
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.grants import Grant
from canary.rules.rollouts.notes import Note
from canary.rules.rollouts.retention import expiry_after
from canary.rules.rollouts.steering import Signal
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenRelease, SeenReleases

if TYPE_CHECKING:
    from canary.aws.table import Item
    from canary.rules.rollouts.rollout import Rollout

T = TypeVar("T")

NOTE = "note#"
"""How the sort keys of notes begin."""

PROOF_SECONDS = 3600
"""How long the item of a used proof is kept, at least: a proof is valid for a minute."""


def signal_key(rollout_id: str) -> Item:
    """The key of a rollout's signal."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "signal"}}


def signal_of(item: Item | None) -> Signal | None:
    """The signal that an item holds.

    Raises:
        RecordSchemaError: someone edited it, or another version of the controller wrote it.

    """
    return _read(Signal, item, "signal", "the signal of", "delete the item, and call the verb again if it is still wanted")


def signal_item(rollout_id: str, signal: Signal) -> Item:
    """A signal as an item, with its number as an attribute that a condition can compare."""
    text = json.dumps(encode(signal))
    return {**signal_key(rollout_id), "signal_number": {"N": str(signal.number)}, "signal": {"S": text}}


def proof_item(request_id: str, used_at: float) -> Item:
    """The item of a proof that was used at `used_at` (epoch seconds), with an attribute that a condition can compare."""
    key: Item = {"pk": {"S": f"proof#{request_id}"}, "sk": {"S": "proof"}}
    return {**key, "use": {"N": "1"}, "expires_at": {"N": str(round(used_at) + PROOF_SECONDS)}}


def note_item(rollout: Rollout, note: Note) -> Item:
    """A note as an item; it names the target, by which a target's notes are found together with its rollouts."""
    return {
        "pk": {"S": f"rollout#{rollout.rollout_id}"},
        "sk": {"S": f"{NOTE}{note.digest}"},
        "target": {"S": rollout.target.name},
        "at": {"N": str(note.at)},
        "text": {"S": note.text},
        "is_false_alarm": {"BOOL": note.is_false_alarm},
    }


def is_note(item: Item) -> bool:
    """Whether an item of a rollout is a note."""
    return str(item["sk"]["S"]).startswith(NOTE)


def note_of(item: Item) -> Note:
    """The note of an item."""
    return Note(float(item["at"]["N"]), item["text"]["S"], item["is_false_alarm"]["BOOL"])


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
    return _read(Grant, item, "grant", "the item", "call the verb again")


def warm_up_key(target: str) -> Item:
    """The key of a target's item."""
    return {"pk": {"S": f"warm_up#{target}"}, "sk": {"S": "warm_up"}}


def warm_up_item(target: str, seen: SeenReleases) -> Item:
    """The item."""
    text = json.dumps([encode(one) for one in seen.releases], separators=(",", ":"))
    return {**warm_up_key(target), "releases": {"S": text}}


def warm_up_of(item: Item | None) -> SeenReleases:
    """What the item says. One that someone edited says nothing, and the next promoted release replaces it."""
    if item is None:
        return NOTHING_SEEN
    try:
        return SeenReleases(tuple(decode(SeenRelease, one) for one in json.loads(item["releases"]["S"])))
    except (AttributeError, TypeError, KeyError, ValueError):
        return SeenReleases(is_unreadable=True)


def _read(kind: type[T], item: Item | None, attribute: str, what: str, fix: str) -> T | None:
    if item is None:
        return None
    try:
        return decode(kind, json.loads(item[attribute]["S"]))
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        found = f"{what} {item['pk']['S']} cannot be read ({type(error).__name__}: {error})"
        raise RecordSchemaError(f"{found}; {fix}") from error
