"""The two ways to split traffic differ in every answer."""

import pytest

from canary.rules.targets.shifters import ShifterKind

QUESTIONS = tuple(name for name, value in vars(ShifterKind).items() if isinstance(value, property))


def test_there_are_questions():
    assert len(QUESTIONS) == 7


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stage_has_all_but_split_aliases(question):
    is_split = question == "has_split_aliases"
    assert (getattr(ShifterKind.STAGE, question), getattr(ShifterKind.ALIAS, question)) == (not is_split, is_split)
