from canary.rules.looks.completeness import wanted_minutes
from tests.builders import NOON
from tests.rules.looks.test_folding import DELAY, START, a_baking


class TestWantedMinutes:
    def test_asks_for_what_was_not_used_and_is_complete(self):
        assert wanted_minutes(a_baking(), NOON + 300) == (START, START + 180)
        assert wanted_minutes(a_baking(judged_to=START + 120), NOON + 300) == (START + 180, START + 180)

    def test_asks_for_nothing_before_the_first_minute_is_complete(self):
        start, end = wanted_minutes(a_baking(), NOON + 60 + DELAY - 1)
        assert start >= end
