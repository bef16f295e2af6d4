"""OperateRollout's verb note: appended beside the record, in every phase and after the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from canary.aws.archive import Archive

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def note(ground: Ground, rollout: str, text: str, **more: object) -> dict[str, Any]:
    return ground.invoke("OperateRollout", {"verb": "note", "rollout": rollout, "text": text, **more})


def archive_of(ground: Ground) -> Archive:
    return Archive(ground.aws.client("dynamodb"), ground.rig.controller.table)


def test_notes_are_appended_and_the_rollout_stays_as_it_is(ground: Ground):
    walk = ground.walk().begin()
    before = walk.owned
    assert note(ground, walk.rollout_id, "first") == {
        "target": "orders",
        "rollout": walk.rollout_id,
        "answer": "ACCEPTED",
        "phase": "preparing",
        "reason": "the note is kept with the rollout",
    }
    ground.aws.clock.run_for(5)
    walk.end()
    assert note(ground, walk.rollout_id, "second", false_alarm=True)["phase"] == "rolled_back"

    notes = archive_of(ground).list_notes(walk.rollout_id)
    assert [(one.text, one.is_false_alarm) for one in notes] == [("first", False), ("second", True)]
    assert before.rollout.revision == 0
    past = archive_of(ground).read_past("orders")
    assert past.notes[walk.rollout_id] == notes
    assert past.rollouts[-1].rollout_id == walk.rollout_id


def test_the_same_note_sent_again_is_kept_once(ground: Ground):
    walk = ground.walk().begin()
    note(ground, walk.rollout_id, "once")
    kept = archive_of(ground).list_notes(walk.rollout_id)
    ground.aws.clock.run_for(5)

    assert note(ground, walk.rollout_id, "once")["answer"] == "UNCHANGED"
    assert archive_of(ground).list_notes(walk.rollout_id) == kept


def test_two_notes_at_once_both_stay(ground: Ground):
    walk = ground.walk().begin()
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda text: note(ground, walk.rollout_id, text)["answer"], ("left", "right"))]

    assert answers == ["ACCEPTED", "ACCEPTED"]
    assert {one.text for one in archive_of(ground).list_notes(walk.rollout_id)} == {"left", "right"}


def test_a_wrong_note_is_refused_in_words(ground: Ground):
    assert note(ground, "nope", "x") == {
        "target": "",
        "answer": "REFUSED",
        "reason": "rollout: no rollout nope is recorded; see canary history TARGET for the ids there are",
    }
    assert "a note must be one line" in note(ground, "nope", "two\nlines")["reason"]
