from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.releases.plan import (
    EVENT_BUDGET,
    EVENTS_OF_A_REPLACEMENT,
    EVENTS_OF_A_REVERT,
    EVENTS_OUTSIDE_LOOKS,
    EVENTS_PER_LOOK,
    EVENTS_PER_STEP,
    HOLD_LIMIT_SECONDS,
    LONGEST_SECONDS,
    LOOK_SECONDS,
    choose_look_seconds,
    history_events,
    longest_execution_seconds,
    longest_seconds,
)
from canary.rules.targets.policy import (
    CAUTIOUS,
    FAST,
    HOTFIX,
    SHIPPED,
    STANDARD,
    AfterPromotion,
    OnNewer,
    Progression,
    Step,
    WhenUnproven,
)
from tests.builders import a_policy

DAY = 86_400


def test_lasts_as_long_as_its_bakes_their_extensions_and_its_hold():
    policy = a_policy(10, 50, bake_seconds=600, max_extension_seconds=300)
    assert longest_seconds(policy) == 2 * (600 + 300) + HOLD_LIMIT_SECONDS


@pytest.mark.parametrize("when_unproven", [WhenUnproven.ROLL_BACK, WhenUnproven.PROMOTE])
def test_lasts_no_longer_than_its_steps_where_nothing_is_held(when_unproven):
    policy = a_policy(10, bake_seconds=600, max_extension_seconds=300, when_unproven=when_unproven)
    assert longest_seconds(policy) == 900


def test_lasts_until_its_promotion_is_allowed():
    policy = a_policy(
        10, bake_seconds=60, max_extension_seconds=0, not_before_seconds=7200, when_unproven=WhenUnproven.ROLL_BACK
    )
    assert longest_seconds(policy) == 7200


def test_counts_the_watch_and_the_revert_that_may_follow_it():
    without, watched = a_policy(10), a_policy(10, watch_seconds=900)
    watch = history_events(watched, 60) - history_events(without, 60)
    assert watch == 16 * EVENTS_PER_LOOK + EVENTS_OF_A_REVERT
    notify = replace(watched, after_promotion=AfterPromotion.NOTIFY)
    assert history_events(notify, 60) == history_events(without, 60) + 16 * EVENTS_PER_LOOK


def test_counts_a_look_a_step_beyond_those_that_time_allows():
    policy = a_policy(
        10, 50, bake_seconds=600, max_extension_seconds=0, when_unproven=WhenUnproven.ROLL_BACK, max_pause_seconds=0
    )
    assert history_events(policy, 60) == EVENTS_OUTSIDE_LOOKS + 2 * EVENTS_PER_STEP + (20 + 2) * EVENTS_PER_LOOK


def test_a_newer_rollout_counts_its_waits_for_the_one_that_it_replaces():
    policy = a_policy(10, on_newer=OnNewer.REFUSE)
    replacing = replace(policy, on_newer=OnNewer.REPLACE)
    assert history_events(replacing, 60) == history_events(policy, 60) + EVENTS_OF_A_REPLACEMENT


def test_counts_the_looks_of_all_pauses():
    policy = a_policy(10, max_pause_seconds=0)
    assert history_events(replace(policy, max_pause_seconds=7200), 60) == history_events(policy, 60) + 120 * EVENTS_PER_LOOK


@pytest.mark.parametrize("policy", SHIPPED.values(), ids=lambda policy: policy.name)
def test_every_shipped_policy_looks_once_a_minute(policy):
    assert choose_look_seconds(policy) == 60


def test_a_longer_plan_looks_less_often():
    day = replace(HOTFIX, steps=(Step(Decimal(10), 3 * DAY),))
    assert choose_look_seconds(day) == 300
    assert history_events(day, 120) > EVENT_BUDGET >= history_events(day, 300)


def test_a_plan_of_more_than_two_weeks_is_none():
    longest = replace(STANDARD, steps=(Step(Decimal(10), LONGEST_SECONDS - DAY),), max_extension_seconds=0)
    assert choose_look_seconds(longest)
    assert choose_look_seconds(replace(longest, max_extension_seconds=1)) is None


def test_a_plan_of_too_many_steps_is_none():
    steps = tuple(Step(Decimal(percent) / 100, 60) for percent in range(1, 4000))
    assert choose_look_seconds(replace(FAST, steps=steps, max_extension_seconds=0, when_unproven=WhenUnproven.PROMOTE)) is None


@given(
    bakes=st.lists(st.integers(60, 5 * DAY), min_size=1, max_size=20),
    extension=st.integers(0, DAY),
    when_unproven=st.sampled_from(WhenUnproven),
)
def test_a_plan_that_is_chosen_fits_the_history_and_looks_as_often_as_it_can(bakes, extension, when_unproven):
    steps = tuple(Step(Decimal(index + 1), bake) for index, bake in enumerate(bakes))
    policy = replace(CAUTIOUS, steps=steps, max_extension_seconds=extension, when_unproven=when_unproven)
    chosen = choose_look_seconds(policy)
    if longest_seconds(policy) > LONGEST_SECONDS:
        assert chosen is None
        return
    assert chosen is None or history_events(policy, chosen) <= EVENT_BUDGET
    assert all(history_events(policy, seconds) > EVENT_BUDGET for seconds in LOOK_SECONDS if chosen is None or seconds < chosen)


def a_scheduled(**changes):
    return a_policy(
        steps=(Step(Decimal(10), 600), Step(Decimal(50), 900)),
        max_extension_seconds=300,
        when_unproven=WhenUnproven.ROLL_BACK,
        progression=Progression.SCHEDULED,
        max_parked_seconds=DAY,
        **changes,
    )


def test_a_scheduled_rollout_may_wait_after_each_step():
    assert longest_seconds(a_scheduled()) == 600 + 900 + 2 * 300 + 2 * DAY


def test_one_execution_of_it_lasts_a_step_at_most():
    assert longest_execution_seconds(a_scheduled()) == 900 + 300
    assert longest_execution_seconds(a_scheduled(not_before_seconds=7200)) == 7200
    assert longest_execution_seconds(STANDARD) == longest_seconds(STANDARD)


def test_holds_cost_no_history_events():
    patient = replace(a_scheduled(), max_parked_seconds=30 * DAY)
    assert history_events(patient, 60) == history_events(a_scheduled(), 60)
    assert choose_look_seconds(patient) == 60
