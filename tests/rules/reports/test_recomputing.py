from dataclasses import replace

import pytest

from canary.rules.looks.verdict import VerdictKind
from canary.rules.reports.recomputing import checked, verdicts_again
from tests.rules.reports.past import BAD, GOOD, LATE, SILENT, replayed


@pytest.mark.parametrize("past", [BAD, LATE, GOOD, SILENT], ids=["bad", "late", "good", "silent"])
def test_the_counts_alone_give_every_verdict_and_its_reason_again(past):
    looks = replayed(past)[1]
    again = list(verdicts_again(looks))
    assert all(one.is_same for one in again)
    assert [one.reason for one in again] == [one.look.reason for one in looks]
    assert checked(looks) == f"All {len(looks)} verdicts follow from the recorded counts alone."


def test_a_verdict_that_rests_on_something_else_is_counted():
    looks = replayed(GOOD)[1]
    alarmed = replace(looks[2], look=replace(looks[2].look, verdict=VerdictKind.ROLL_BACK, reason="alarm x is firing"))
    assert checked((*looks[:2], alarmed)) == (
        "2 of 3 verdicts follow from the recorded counts alone. The others rest on what their reasons name, such as an alarm, "
        "an edit or an operator; the counts alone would first have said CONTINUE."
    )
