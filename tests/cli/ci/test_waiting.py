"""Whether a job can wait for a rollout."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from canary.rules.targets.policy import SHIPPED, AfterPromotion, WhenUnproven
from canary_cli.ci.waiting import Room, find_obstacle, longest_wait_seconds, room_of

STANDARD = SHIPPED["standard"]
DECIDED = replace(STANDARD, when_unproven=WhenUnproven.ROLL_BACK)
HOUR = 3600.0


def test_a_policy_that_holds_a_step_for_a_day_outlasts_every_job():
    obstacle = find_obstacle(STANDARD, Room(6 * HOUR, "the job"))
    assert obstacle
    message, fix = obstacle
    assert message == "the rollout can last 28 h 40 min, and the job ends in 6 h 0 min; nothing was started"
    assert fix.startswith("set when_unproven=roll_back, with which it lasts 4 h 40 min at most, or give the job more time")


def test_a_policy_that_decides_fits_a_job_of_six_hours_and_not_one_of_an_hour():
    assert find_obstacle(DECIDED, Room(5.9 * HOUR, "the job")) is None
    obstacle = find_obstacle(DECIDED, Room(HOUR, "the session of the credentials"))
    assert obstacle
    assert obstacle[1] == "give the session of the credentials more time, or do not wait (--no-wait)"


def test_the_watch_and_its_revert_count():
    notified = replace(DECIDED, after_promotion=AfterPromotion.NOTIFY)
    unwatched = replace(DECIDED, watch_seconds=0)
    longest = [longest_wait_seconds(policy) for policy in (unwatched, notified, DECIDED)]
    assert [late - early for early, late in pairwise(longest)] == [900, 1200]


@pytest.mark.parametrize(
    ("job", "session", "room"),
    [
        (None, None, Room(None)),
        (HOUR, None, Room(HOUR, "the job")),
        (HOUR, 600.0, Room(600.0, "the session of the credentials")),
    ],
)
def test_what_ends_first_limits_the_wait(job: float | None, session: float | None, room: Room):
    assert room_of(job, session) == room


def test_without_a_limit_nothing_is_in_the_way():
    assert find_obstacle(STANDARD, Room(None)) is None
