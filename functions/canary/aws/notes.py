"""How a note on a rollout is kept: an item of its own beside the rollout's record, written once and never replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.rollouts.notes import Note

if TYPE_CHECKING:
    from canary.aws.table import Item
    from canary.rules.rollouts.rollout import Rollout

NOTE = "note#"
"""How the sort keys of notes begin."""


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
