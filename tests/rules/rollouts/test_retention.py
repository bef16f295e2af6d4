"""When what is recorded of a rollout may be deleted."""

import pytest

from canary.rules.releases.plan import longest_seconds
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.retention import (
    DAY_SECONDS,
    DEFAULT_DAYS,
    FEWEST_DAYS,
    MOST_DAYS,
    expiry,
    expiry_of_details,
    find_retention,
)
from canary.rules.targets.policy import Progression
from tests.builders import NOON, a_policy, a_rollout


def test_a_record_expires_a_retention_after_its_rollout_was_rolled_back():
    ended = a_rollout(phase=Phase.ROLLED_BACK, ended_at=NOON + 60.5)
    assert expiry(ended, 100) == NOON + 60 + 100 * DAY_SECONDS


@pytest.mark.parametrize("phase", [phase for phase in Phase if not phase.is_terminal])
def test_an_open_rollout_never_expires(phase):
    assert expiry(a_rollout(phase=phase), 100) is None
    assert expiry(a_rollout(phase=phase, ended_at=NOON), 100) is None


def test_what_base_serves_never_expires():
    assert expiry(a_rollout(phase=Phase.PROMOTED, ended_at=NOON), 100) is None


def test_a_rollout_whose_end_has_no_time_is_kept():
    assert expiry(a_rollout(phase=Phase.ROLLED_BACK), 100) is None


@pytest.mark.parametrize("progression", Progression)
def test_the_looks_of_a_rollout_outlive_the_longest_that_its_plan_can_take(progression):
    policy = a_policy(10, 50, progression=progression)
    latest = NOON + longest_seconds(policy)
    assert expiry_of_details(a_rollout(policy=policy), 90) == latest + 90 * DAY_SECONDS


def test_records_are_kept_for_more_than_a_year_unless_told_otherwise():
    assert FEWEST_DAYS <= 365 < DEFAULT_DAYS <= MOST_DAYS


@pytest.mark.parametrize(("value", "days"), [("90", 90), ("400", 400), ("3650", 3650)])
def test_a_setting_is_a_whole_number_of_days(value, days):
    assert find_retention(value) == days


@pytest.mark.parametrize("value", ["89", "3651", "-90", "90.5", "x", "\u0669\u0660"])
def test_a_setting_out_of_bounds_is_none(value):
    assert find_retention(value) is None
