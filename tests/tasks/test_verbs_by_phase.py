"""Each verb in each phase, on the embedded AWS, as the table of verbs and phases says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.rules.rollouts.steering import SignalVerb, Verb
from tests.rules.verbs_by_phase import OVER, PHASES, ROWS
from tests.tasks.test_advance_rollout import parked

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

IN_TURN = (Verb.RESUME, Verb.PAUSE, Verb.PROMOTE, Verb.REVERT)
"""These leave the phase as it is."""


def reach(ground: Ground, phase: str) -> None:
    """A rollout in this phase."""
    match phase:
        case "preparing":
            ground.walk().begin()
        case "shifting":
            ground.walk().shift()
        case "parked":
            parked(ground)
        case "taking_all":
            ground.walk().take_all()
        case "moving_base":
            ground.walk().move_base()
        case "rolling_back":
            ground.walk().shift().make_safe("Test", "goes back")
        case _:
            ground.walk().shift().end()


@pytest.mark.parametrize("phase", PHASES)
def test_the_verbs_answer_as_the_table_says(ground: Ground, phase: str):
    reach(ground, phase)
    answers = {}
    for verb in (*IN_TURN, Verb.ABORT):
        function = "AuthorizeRollout" if verb is Verb.PROMOTE else "OperateRollout"
        answers[verb] = ground.invoke(function, {"verb": verb, "target": "orders"})

    expected = {row.verb: row.answer for row in ROWS if row.phase == phase and row.verb is not Verb.ROLLBACK}
    assert {verb: answer["answer"] for verb, answer in answers.items()} == expected
    signals = {verb: answer.get("reason") for verb, answer in answers.items() if verb in {*map(str, SignalVerb)}}
    assert all(signals.values()) is (phase != OVER)


@pytest.mark.parametrize("phase", PHASES)
def test_rollback_answers_as_the_table_says(ground: Ground, phase: str):
    reach(ground, phase)
    answer = ground.invoke("OperateRollout", {"verb": "rollback", "target": "orders"})

    assert answer["answer"] == next(row.answer for row in ROWS if (row.verb, row.phase) == (Verb.ROLLBACK, phase))
