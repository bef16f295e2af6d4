from dataclasses import fields
from decimal import Decimal

import pytest

from canary.rules.targets.policy import (
    CAUTIOUS,
    HOTFIX,
    SHIPPED,
    STANDARD,
    Policy,
    PolicyChanges,
    Step,
    WhenUnproven,
    effective_policy,
)

STEPS = (Step(Decimal("2.5"), 60),)


def test_stays_as_it_is_without_changes():
    assert effective_policy(CAUTIOUS, None) is CAUTIOUS
    assert effective_policy(CAUTIOUS, PolicyChanges()) is CAUTIOUS


def test_starts_from_another_policy_where_one_is_named():
    assert effective_policy(CAUTIOUS, PolicyChanges(starts_from=HOTFIX)) is HOTFIX
    changed = effective_policy(CAUTIOUS, PolicyChanges(starts_from=HOTFIX, min_requests=7))
    assert (changed.steps, changed.min_requests, changed.tolerate_firing_alarms) == (HOTFIX.steps, 7, True)


def test_keeps_every_key_that_is_not_changed():
    changed = effective_policy(CAUTIOUS, PolicyChanges(steps=STEPS))
    assert changed.steps == STEPS
    kept = {key.name for key in fields(Policy)} - {"name", "steps"}
    assert all(getattr(changed, key) == getattr(CAUTIOUS, key) for key in kept)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alpha", 0.05),
        ("metric_delay_seconds", 60),
        ("min_requests", 1),
        ("max_extension_seconds", 0),
        ("when_unproven", WhenUnproven.PROMOTE),
        ("early_advance", False),
        ("not_before_seconds", 0),
        ("tolerate_firing_alarms", False),
    ],
)
def test_takes_each_changed_key_also_where_the_new_value_is_nothing(key, value):
    start = SHIPPED["fast"]
    changed = effective_policy(HOTFIX, PolicyChanges(**{"starts_from": start, key: value}))
    assert getattr(changed, key) == value


def test_changes_the_rate_points_of_the_metrics_that_are_named():
    changed = effective_policy(STANDARD, PolicyChanges(delta={"slow": 0.02}))
    assert changed.delta == {**STANDARD.delta, "slow": 0.02}


def test_a_changed_policy_says_so_once():
    once = effective_policy(STANDARD, PolicyChanges(alpha=0.02))
    twice = effective_policy(once, PolicyChanges(alpha=0.03))
    assert once.name == twice.name == "standard (changed)"


def test_a_changed_policy_takes_a_name_of_its_own():
    assert effective_policy(STANDARD, PolicyChanges(name="nightly", alpha=0.02)).name == "nightly"


def test_every_shipped_policy_has_rising_weights_between_0_and_100():
    for policy in SHIPPED.values():
        percents = [step.weight_percent for step in policy.steps]
        assert percents == sorted(set(percents))
        assert percents[0] > 0
        assert percents[-1] < 100


def test_every_key_of_a_policy_can_be_changed():
    assert {key.name for key in fields(PolicyChanges)} == {key.name for key in fields(Policy)} | {"starts_from"}
