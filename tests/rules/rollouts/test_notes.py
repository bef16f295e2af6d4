from dataclasses import replace

from canary.rules.rollouts.notes import Note
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.retention import DAY_SECONDS, expiry_of_details, expiry_of_note
from tests.builders import NOON, a_rollout

NOTE = Note(NOON, "the payment provider was down")


def test_notes_that_say_the_same_are_one_whenever_they_are_written():
    assert NOTE.digest == replace(NOTE, at=NOON + 60).digest
    assert len({NOTE.digest, replace(NOTE, text="another").digest, replace(NOTE, is_false_alarm=True).digest}) == 3


def test_a_note_is_kept_as_long_as_the_looks_and_its_own_time():
    rollout = a_rollout(phase=Phase.ROLLED_BACK)
    late = NOON + 1000 * DAY_SECONDS

    assert expiry_of_note(rollout, NOON, 400) == expiry_of_details(rollout, 400)
    assert expiry_of_note(rollout, late, 400) == late + 400 * DAY_SECONDS
    assert expiry_of_note(replace(rollout, phase=Phase.PROMOTED), NOON, 400) is None
