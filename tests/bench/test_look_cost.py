from __future__ import annotations

import pytest

from bench.look_cost import judging, reading
from bench.look_reading import read


@pytest.mark.parametrize("metrics", [1, 10, 100])
@pytest.mark.parametrize("minute", [30, 24 * 60])
def test_a_look_asks_for_one_minute_in_one_call_whatever_the_rollouts_age(metrics: int, minute: int):
    found = read(metrics, minute=minute, repeats=1)

    assert (found.calls, found.metrics, found.minutes) == (1, 2 * metrics + 2, 1)


def test_more_metrics_than_a_call_may_have_are_asked_for_in_as_few_as_can_be():
    assert read(130, minute=30, repeats=1).calls == 2


def test_both_sides_of_a_look_are_reported_early_and_late():
    lines = [*judging([1, 2], late=40, repeats=1)]
    asked = [*reading([1, 2], late=40, repeats=1)]

    assert [line.split(" | ")[0] for line in lines[2:]] == ["| 1", "| 2"]
    assert [line.split(" | ")[:4] for line in asked[2:]] == [
        ["| 1", "1 / 1", "4 / 4", "1 / 1"],
        ["| 2", "1 / 1", "6 / 6", "1 / 1"],
    ]
