from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.model import Strict, parse, require
from canary.edge.policy import PolicyField, RatesModel, policy_to_mapping
from canary.rules.judging.families import Family
from canary.rules.targets.policy import CAUTIOUS, SHIPPED, STANDARD, AfterPause, Policy, Step, WhenUnproven, effective_policy

YEAR = 31_536_000


class Alone(Strict):
    """A policy by itself, read as it is inside a target."""

    policy: PolicyField


def parse_policy(raw, *, base=STANDARD):
    model, problems = parse(Alone, {"policy": raw})
    return (effective_policy(base, model.policy.changes()), ()) if model else (None, problems)


def problems_of(raw):
    policy, problems = parse_policy(raw)
    assert policy is None
    return [str(problem) for problem in problems]


def a_step(weight_percent=10, bake=900):
    return {"weight_percent": weight_percent, "bake_seconds": bake}


def rising(percents):
    return sorted(set(percents))


def others(rates):
    return {family: POINTS for family in ("errors", "slow", "business") if family not in rates}


POINTS = st.floats(0, 1, exclude_min=True, exclude_max=True)
STEPS = st.lists(st.integers(1, 9999).map(lambda hundredths: Decimal(hundredths) / 100), min_size=1, max_size=8).flatmap(
    lambda percents: st.tuples(*(st.builds(Step, st.just(one), st.integers(1, YEAR)) for one in rising(percents)))
)
POLICIES = st.builds(
    Policy,
    name=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=64),
    steps=STEPS,
    alpha=st.floats(0, 0.5, exclude_min=True, exclude_max=True),
    detect=st.fixed_dictionaries(dict.fromkeys(STANDARD.detect, POINTS), optional=others(STANDARD.detect)),
    delta=st.fixed_dictionaries(dict.fromkeys(STANDARD.delta, POINTS), optional=others(STANDARD.delta)),
    metric_delay_seconds=st.integers(60, 3600),
    min_requests=st.integers(1, 10**9),
    max_extension_seconds=st.integers(0, YEAR),
    when_unproven=st.sampled_from(WhenUnproven),
    early_advance=st.booleans(),
    not_before_seconds=st.integers(0, YEAR),
    tolerate_firing_alarms=st.booleans(),
    max_pause_seconds=st.integers(0, 7 * 86_400),
    after_pause=st.sampled_from(AfterPause),
)


@pytest.mark.parametrize("name", SHIPPED)
def test_takes_a_shipped_policy_by_its_name(name):
    assert require(parse_policy(name)) is SHIPPED[name]
    assert require(parse_policy({"from": name})) is SHIPPED[name]


def test_a_policy_has_one_rate_for_each_family():
    assert RatesModel.model_fields.keys() == {*Family}


def test_changes_the_keys_that_are_given():
    policy = require(parse_policy({"from": "cautious", "min_requests": "200", "delta": {"slow": "0.02"}}))
    expected = replace(
        CAUTIOUS,
        name="cautious (changed)",
        min_requests=200,
        delta=MappingProxyType({**CAUTIOUS.delta, "slow": 0.02}),
    )
    assert policy == expected


def test_starts_from_standard_without_a_name():
    assert require(parse_policy({"alpha": 0.05})) == replace(STANDARD, name="standard (changed)", alpha=0.05)


def test_starts_from_the_policy_it_is_given():
    assert require(parse_policy({"early_advance": "true"}, base=CAUTIOUS)).steps == CAUTIOUS.steps
    assert require(parse_policy({}, base=CAUTIOUS)) is CAUTIOUS


def test_takes_steps_with_their_exact_weights():
    policy = require(parse_policy({"steps": [a_step("2.5", "60"), a_step(12.5), a_step(99.99)]}))
    assert [step.weight_percent for step in policy.steps] == [Decimal("2.5"), Decimal("12.5"), Decimal("99.99")]
    assert policy.steps[0].bake_seconds == 60


@pytest.mark.parametrize(
    ("percents", "got"), [((10, 10), "10 then 10"), ((50, "10"), "50 then 10"), ((0.5, 0.25), "0.5 then 0.25")]
)
def test_refuses_weights_that_do_not_rise(percents, got):
    assert problems_of({"steps": [a_step(percent) for percent in percents]}) == [
        f"policy.steps[1].weight_percent: step weights must rise, got {got}; reorder policy.steps"
    ]


def test_refuses_a_final_100_because_promotion_follows():
    assert problems_of({"steps": [a_step(50), a_step(100)]}) == [
        "policy.steps[1].weight_percent: a step's weight is below 100, got 100; remove the step; promotion follows the last one"
    ]


@pytest.mark.parametrize("bake", [0, -60, "0", 1.5, "15m", None, True, YEAR + 1])
def test_refuses_a_bake_in_which_nothing_is_watched(bake):
    (answer,) = problems_of({"steps": [a_step(bake=bake)]})
    assert answer.startswith("policy.steps[0].bake_seconds: not a whole number of seconds from 1 to 31536000, got ")


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([], "policy.steps: there are no steps; give at least one weight with its bake"),
        ("10, 25", 'policy.steps: not a list, got "10, 25"; give a list'),
        (None, "policy.steps: not a list, got null; give a list"),
        ([10], "policy.steps[0]: not a mapping, got 10; give a mapping with weight_percent, bake_seconds"),
    ],
)
def test_refuses_an_empty_list_of_steps(steps, answer):
    assert problems_of({"steps": steps}) == [answer]


def test_reports_every_problem_at_once():
    raw = {
        "form": "standard",
        "steps": [a_step(50, 0), a_step(10.123), a_step(20), {"bake_seconds": 60}],
        "alpha": "half",
        "detect": {"slwo": 0.1},
        "early_advance": "maybe",
        "when_unproven": "rollback",
    }
    fields = [answer.partition(": ")[0] for answer in problems_of(raw)]
    assert sorted(fields) == [
        "policy.alpha",
        "policy.detect.slwo",
        "policy.early_advance",
        "policy.form",
        "policy.steps[0].bake_seconds",
        "policy.steps[1].weight_percent",
        "policy.steps[2].weight_percent",
        "policy.steps[3].weight_percent",
        "policy.when_unproven",
    ]


@pytest.mark.parametrize("alpha", [0, 0.5, 0.7, -0.01, "1 %", None, True])
def test_refuses_an_alpha_that_promises_nothing(alpha):
    (answer,) = problems_of({"alpha": alpha})
    assert answer.startswith("policy.alpha: not a share of good releases above 0 and below 0.5, got ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("detect", {"errors": 5}),
        ("delta", {"business": 0}),
        ("metric_delay_seconds", 59),
        ("min_requests", 0),
        ("max_extension_seconds", -1),
        ("not_before_seconds", "soon"),
        ("name", ""),
        ("from", "standrad"),
        ("tolerate_firing_alarms", None),
        ("early_advance", None),
    ],
)
def test_refuses_values_beyond_their_bounds(key, value):
    (answer,) = problems_of({key: value})
    assert answer.startswith(f"policy.{key}")


def test_suggests_the_name_for_a_mistyped_one():
    assert problems_of("standrad") == ['policy: not a shipped policy, got "standrad"; did you mean standard?']


@pytest.mark.parametrize("raw", [None, 5, [], True])
def test_refuses_a_value_that_is_not_a_policy(raw):
    (answer,) = problems_of(raw)
    assert answer.startswith("policy: not a mapping, got ")
    assert "give a shipped policy's name, or a mapping with from, name, steps" in answer


@given(POLICIES)
def test_reads_back_every_policy_exactly(policy):
    again = require(parse_policy(policy_to_mapping(policy)))
    assert again == policy
    assert [str(step.weight_percent) for step in again.steps] == [
        f"{step.weight_percent.normalize():f}" for step in policy.steps
    ]


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=6))
def test_takes_weights_exactly_if_they_rise(hundredths):
    steps = [a_step(float(Decimal(hundredth) / 100)) for hundredth in hundredths]
    policy, _ = parse_policy({"steps": steps})
    assert (policy is not None) == (hundredths == rising(hundredths))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["10", "$LATEST"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["from", "name", "steps", "alpha", "detect", "delta", "min_requests", "early_advance", "x"]),
        ANYTHING | st.lists(st.dictionaries(st.sampled_from(["weight_percent", "bake_seconds"]), ANYTHING)),
    )
)
def test_turns_any_value_into_a_policy_or_problems(raw):
    policy, problems = parse_policy(raw)
    assert (policy is None) == bool(problems)
    assert all(problem.field.startswith("policy") for problem in problems)
