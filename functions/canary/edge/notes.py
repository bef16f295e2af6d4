"""How a note on a rollout is requested: a call of OperateRollout that names a rollout instead of a target."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.fields import Switch
from canary.edge.kinds import OneOf, Prose, Text
from canary.edge.model import Strict, parse
from canary.rules.rollouts.notes import LONGEST_NOTE

if TYPE_CHECKING:
    from canary.rules.releases.problems import Problem

RolloutId = Annotated[
    str,
    Text("a rollout's id", "[a-zA-Z0-9_-]{1,80}", "give the id that canary history shows, which is its execution's name"),
]


class NoteVerb(enum.StrEnum):
    """The verb of OperateRollout that says something of a rollout and asks nothing of it."""

    NOTE = "note"


class NoteModel(Strict):
    """A call of OperateRollout that appends a note to a rollout, whatever has become of it."""

    verb: Annotated[NoteVerb, OneOf(NoteVerb)] = Field(description="note")
    rollout: RolloutId = Field(description="the rollout's id, which is the name of its execution")
    text: Annotated[str, Prose("a note", 1, LONGEST_NOTE)] = Field(description="what is to be remembered")
    false_alarm: Switch = Field(default=False, description="whether the rollout was rolled back without fault of its release")


@dataclass(frozen=True, slots=True)
class NoteCall:
    """What is to be remembered of a rollout."""

    rollout_id: str
    text: str
    is_false_alarm: bool


def is_note_call(raw: object) -> bool:
    """Whether a call of OperateRollout is about a note."""
    return isinstance(raw, Mapping) and raw.get("verb") == NoteVerb.NOTE.value


def parse_note_call(raw: object) -> tuple[NoteCall | None, tuple["Problem", ...]]:
    """The call, or None and every problem."""
    model, problems = parse(NoteModel, raw)
    return (NoteCall(model.rollout, model.text, model.false_alarm), ()) if model else (None, problems)
