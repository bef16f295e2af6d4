"""The table of verbs and phases is whole, agrees with the rules, and is the page."""

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.steering import SignalVerb, Verb
from canary.rules.rollouts.verbs import reply_to
from tests.builders import NOON, a_rollout
from tests.rules.verbs_by_phase import OVER, PAGE, PHASES, ROWS, page

SIGNALS = {*map(str, SignalVerb)}


def test_every_verb_has_a_row_for_every_phase():
    assert sorted((row.verb, row.phase) for row in ROWS) == sorted((verb, phase) for verb in Verb for phase in PHASES)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.verb in SIGNALS and row.phase != OVER], ids=lambda row: f"{row.verb} {row.phase}"
)
def test_the_rules_answer_as_the_table_says(row):
    rollout = a_rollout(phase=Phase(row.phase), step=StepState(0, baking_since=NOON))
    assert reply_to(SignalVerb(row.verb), rollout, None, NOON).answer == row.answer


def test_the_page_has_every_row():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again with python -m tests.rules.verbs_by_phase"
