"""The verb note of OperateRollout: something to be remembered of a rollout, appended beside its record.

It owns nothing and asks nothing of the rollout, so it is taken in every phase and after the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.edge.notes import parse_note_call
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.rollouts.notes import Note
from canary.rules.rollouts.verbs import VerbAnswer

if TYPE_CHECKING:
    from canary.tasks.common.entry import Json, Tools


def take_note(event: Json, tools: Tools) -> Json:
    """ACCEPTED once the note is kept, UNCHANGED if the same one is kept already, or REFUSED with every problem of the call."""
    call, problems = parse_note_call(event)
    if call is None:
        return _refuse(problems)
    owned = tools.records.find(call.rollout_id)
    if owned is None:
        found = f"no rollout {call.rollout_id} is recorded"
        return _refuse((Problem("rollout", found, "see canary history TARGET for the ids there are"),))
    note = Note(owned.read_at, call.text, call.is_false_alarm)
    is_new = tools.records.append(owned.rollout, note)
    tools.logger.info("note taken", rollout=call.rollout_id, false_alarm=note.is_false_alarm, is_new=is_new)
    answer = VerbAnswer.ACCEPTED if is_new else VerbAnswer.UNCHANGED
    return {
        "target": owned.rollout.target.name,
        "rollout": call.rollout_id,
        "answer": answer.value,
        "phase": owned.rollout.phase.value,
        "reason": "the note is kept with the rollout" if is_new else "the rollout has this note already",
    }


def _refuse(problems: tuple[Problem, ...]) -> Json:
    return {"target": "", "answer": VerbAnswer.REFUSED.value, "reason": str(RefusedError(problems))}
