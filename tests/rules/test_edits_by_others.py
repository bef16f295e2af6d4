"""Every edit by others comes to the ending in the table, in every phase; the page shows the same table."""

import pytest

from tests.rules.edits_by_others import EDITS, PAGE, is_right, outcome, page


@pytest.mark.parametrize(
    ("edit", "moment"),
    [pytest.param(edit, moment, id=f"{edit} in {moment}") for edit in EDITS for moment in edit.moments],
)
def test_an_edit_by_others_comes_to_its_ending(edit, moment):
    found = outcome(edit, moment)
    is_right(edit, moment, found)
    assert found.ending == edit.ending_at(moment), found


def test_the_page_has_every_edit_in_every_phase_as_it_comes_out():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again with python -m tests.rules.edits_by_others"
