"""At which hours a rollout may start, from counts alone."""

import pytest

from canary.rules.checks.forecast import forecast_steps
from canary.rules.checks.hours import HOUR_SECONDS, CountedHour, judge_hours, spans_of
from tests.builders import a_policy
from tests.rules.checks.test_forecast import CALM

NIGHT = range(6)


def days(count, *, by_day=60_000, by_night=0):
    """Whole days; the nights are the first six hours."""
    return [
        CountedHour((day * 24 + hour) * HOUR_SECONDS, by_night if hour in NIGHT else by_day, 0)
        for day in range(count)
        for hour in range(24)
        if by_night or hour not in NIGHT
    ]


def test_an_hour_is_good_if_every_step_gets_its_requests_in_time():
    policy = a_policy(10, bake_seconds=900, max_extension_seconds=600)
    judged = judge_hours(policy, CALM, days(2, by_day=600_000))

    assert [one.hour for one in judged if not one.is_good] == [*NIGHT]
    assert judged[12].per_minute == pytest.approx(10_000)
    assert judged[12].minutes == pytest.approx(forecast_steps(policy, CALM, 10_000)[0].minutes)


def test_the_hours_after_the_start_count_as_far_as_the_bakes_reach():
    judged = judge_hours(a_policy(10, 50, bake_seconds=5400), CALM, days(1))

    assert judged[23].per_minute == pytest.approx(1000 / 3)
    assert judged[5].per_minute == pytest.approx(1000 * 2 / 3)


def test_the_steps_take_their_bakes_at_least():
    judged = judge_hours(a_policy(10, bake_seconds=900), CALM, days(1, by_day=60_000_000))

    assert judged[12].minutes == 15


def test_nothing_is_said_without_traffic():
    assert judge_hours(a_policy(10), CALM, ()) == ()


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (range(24), "any hour"),
        ((6, 7, 8), "06:00-09:00 UTC"),
        ((22, 23, 0, 1), "22:00-02:00 UTC"),
        ((0, 12), "00:00-01:00, 12:00-13:00 UTC"),
        ((23,), "23:00-00:00 UTC"),
    ],
)
def test_hours_are_told_as_ranges(hours, words):
    assert spans_of([*hours]) == words
