"""Which policies keep a target's floor, and what a start hears that does not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.releases.floors import find_below_floor
from canary.rules.targets.floor import NO_FLOOR, Floor
from canary.rules.targets.policy import CAUTIOUS, FAST, HOTFIX, SHIPPED, STANDARD
from tests.builders import a_policy

FLOOR = Floor(min_steps=3, min_bake_seconds=600, min_total_seconds=2700, max_first_weight_percent=Decimal(10))
FIX = "ask for more"


def found(floor, policy):
    return [(problem.field, problem.value) for problem in find_below_floor(floor, policy, FIX)]


@pytest.mark.parametrize("policy", SHIPPED.values(), ids=SHIPPED)
def test_without_a_floor_every_policy_is_enough(policy):
    assert find_below_floor(NO_FLOOR, policy, FIX) == ()


@pytest.mark.parametrize("policy", [STANDARD, CAUTIOUS], ids=lambda policy: policy.name)
def test_a_policy_at_the_floor_or_above_it_is_enough(policy):
    assert find_below_floor(FLOOR, policy, FIX) == ()


def test_every_bound_that_a_policy_goes_below_is_named_with_its_value_and_the_least():
    assert found(FLOOR, HOTFIX) == [
        ("floor.min_steps", "policy hotfix has 2 steps, and at least 3 are required"),
        ("floor.min_bake_seconds", "policy hotfix has a step that bakes 300 seconds, and at least 600 are required"),
        ("floor.min_total_seconds", "policy hotfix promotes after 600 seconds at the earliest, and at least 2700 are required"),
        ("floor.max_first_weight_percent", "policy hotfix begins with 25 %, and at most 10 % is allowed"),
    ]
    assert {problem.fix for problem in find_below_floor(FLOOR, HOTFIX, FIX)} == {FIX}


def test_one_step_is_one_step():
    assert found(Floor(min_steps=2), a_policy(50, name="bold")) == [
        ("floor.min_steps", "policy bold has 1 step, and at least 2 are required")
    ]


def test_a_bake_that_may_end_early_guarantees_nothing():
    assert found(Floor(min_bake_seconds=60, min_total_seconds=3600), FAST) == [
        ("floor.min_bake_seconds", "policy fast has early_advance, and each step must bake at least 60 seconds"),
        (
            "floor.min_total_seconds",
            "policy fast promotes after 1800 seconds at the earliest because of early_advance, and at least 3600 are required",
        ),
    ]


def test_a_promotion_may_be_late_enough_by_its_earliest_time_alone():
    floor = Floor(min_total_seconds=3600)
    assert found(floor, replace(FAST, not_before_seconds=3600)) == []
    assert found(floor, replace(HOTFIX, not_before_seconds=3600)) == []


@pytest.mark.parametrize(("percent", "is_enough"), [("9.99", True), ("10", True), ("10.01", False)])
def test_the_first_weight_may_be_as_high_as_the_floor_says(percent, is_enough):
    policy = a_policy(percent, 50, 90)
    assert (find_below_floor(FLOOR, policy, FIX) == ()) is is_enough
