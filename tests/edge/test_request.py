import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.model import require
from canary.edge.request import (
    AuthorizerCall,
    OperatorCall,
    parse_advance,
    parse_authorizer_call,
    parse_operator_call,
    parse_request,
    release_of,
)
from canary.rules.releases.drills import Drill
from canary.rules.releases.problems import RefusedError
from canary.rules.releases.release import Advance, Release, Request
from canary.rules.rollouts.steering import AuthorizerVerb, OperatorVerb
from canary.rules.targets.policy import CAUTIOUS, HOTFIX, STANDARD, PolicyChanges, Step, WhenUnproven, effective_policy

EXAMPLES = Path(__file__).parents[2] / "statemachine" / "examples"


def example(name):
    return require(parse_request(json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))))


def problems_of(raw):
    request, problems = parse_request(raw)
    assert request is None
    return [str(problem) for problem in problems]


def test_reads_the_smallest_input():
    assert example("smallest") == Request(target="orders")


def test_reads_the_full_input():
    request = example("full")
    assert request.release == Release({"orders-read": "7", "orders-write": "4"}, "present")
    assert request.reason == "OPS-123"
    assert request.policy_override == PolicyChanges(
        starts_from=CAUTIOUS,
        steps=(Step(Decimal("2.5"), 1200), Step(Decimal(20), 1800), Step(Decimal(60), 1800)),
        alpha=0.01,
        min_requests=200,
        when_unproven=WhenUnproven.ROLL_BACK,
    )


def test_reads_the_hotfix_input():
    request = example("hotfix")
    assert effective_policy(STANDARD, request.policy_override) is HOTFIX


def test_reads_the_variables_input():
    assert example("variables").release == Release(
        {"orders-read": "7", "orders-write": "4"},
        "unchanged",
        {"newCheckout": "on", "checkoutUrl": "https://pay.example.com/v2"},
    )


def test_reads_every_example():
    assert {path.stem for path in EXAMPLES.glob("*.json")} == {
        *("smallest", "full", "hotfix", "scheduled", "advance", "variables"),
    }


def test_changes_the_targets_policy_where_none_is_named():
    request = require(parse_request({"target": "orders", "policy": {"min_requests": 7}}))
    policy = effective_policy(CAUTIOUS, request.policy_override)
    assert (policy.steps, policy.min_requests) == (CAUTIOUS.steps, 7)


def test_takes_strings_where_a_pipeline_sends_them():
    raw = {
        "target": "orders",
        "release": {"functions": {"orders-read": 7, "orders-write": " 4 "}},
        "policy": {"steps": [{"weight_percent": "12.50", "bake_seconds": "900"}], "early_advance": "True"},
    }
    request = require(parse_request(raw))
    assert request.release.functions == {"orders-read": "7", "orders-write": "4"}
    assert request.policy_override.steps == (Step(Decimal("12.5"), 900),)
    assert request.policy_override.early_advance is True


@pytest.mark.parametrize(
    ("given", "drill"),
    [
        ({}, Drill()),
        ({"refuse_after_seconds": "120", "refuse_seconds": 480}, Drill(120, 480)),
    ],
)
def test_reads_a_drill(given, drill):
    request, problems = parse_request({"target": "orders", "drill": given})
    assert (problems, request.drill) == ((), drill)


def test_a_rollout_is_no_drill_unless_its_input_says_so():
    request, _ = parse_request({"target": "orders"})
    assert request.drill is None


def test_reports_every_problem_at_once():
    raw = {
        "operation": "advnce",
        "targt": "orders",
        "release": {"functions": {"orders-read": "$LATEST", "fn:live": "7"}, "deployment": "https://x"},
        "policy": {"steps": [{"weight_percent": 50, "bake_seconds": 0}, {"weight_percent": 10, "bake_seconds": 60}]},
        "reason": ["two", "lines"],
    }
    assert problems_of(raw) == [
        'operation: not one of start, advance, got "advnce"; did you mean advance?',
        "target: is missing; give the name of a registered target",
        (
            "release.functions.orders-read: "
            'got "$LATEST"; aliases point only at published versions; publish a version and give its number'
        ),
        (
            "release.functions.fn:live: not a function's name (letters, digits, - and _, at most 64), "
            'got "fn:live"; give only the name, without ARN, version or alias'
        ),
        (
            "release.deployment: not present, unchanged or a deployment's id (lower-case letters and digits), "
            'got "https://x"; write present, unchanged or an id'
        ),
        (
            "policy.steps[0].bake_seconds: not a whole number of seconds from 1 to 31536000, got 0; "
            "give the time it is watched, such as 900 for fifteen minutes"
        ),
        "policy.steps[1].weight_percent: step weights must rise, got 50 then 10; reorder policy.steps",
        "reason: not text, got a list of 2; write text, or remove the field",
        'targt: unknown field, got "orders"; did you mean target?',
    ]


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ({}, "target: is missing; give the name of a registered target"),
        (
            None,
            "input: not a mapping, got null; give a mapping with operation, target, release, policy, reason, labels, retry",
        ),
        (
            "orders",
            'input: not a mapping, got "orders"; give a mapping with operation, target, release, policy, reason, labels, retry',
        ),
        ({"target": "orders", "release": None}, "release: not a mapping, got null; give a mapping with functions, dep"),
        ({"target": "orders", "policy": "standrad"}, 'policy: not a shipped policy, got "standrad"; did you mean stand'),
        ({"target": "orders", "policy": None}, "policy: not a mapping, got null; give a shipped policy's name, or a"),
        ({"target": "orders", "release": {"deployment": 123456}}, "release.deployment: not text, got 123456; put it "),
        ({"target": "orders", "release": {"functions": ["7"]}}, "release.functions: not a mapping, got a list of 1; "),
        (
            {"target": "orders", "drill": {"refuse_after_seconds": 60}},
            "drill.refuse_seconds: is missing, so nothing is ever refused; say how many seconds",
        ),
        (
            {"target": "orders", "drill": {"refuse_seconds": 1801}},
            "drill.refuse_seconds: not a number of seconds from 0 to 1800, got 1801; give the seconds that they last",
        ),
        ({"target": "orders", "drill": None}, "drill: not a mapping, got null; give a mapping with refuse_after_seconds"),
        ({"target": "orders", "drill": True}, "drill: not a mapping, got true; give a mapping with refuse_after_seconds"),
        ({"target": "orders", "reason": 5}, "reason: not text, got 5; put it in quotes"),
        ({"target": "../orders"}, "target: not a target's name ("),
        ({"target": None}, "target: not text, got null; write text, or remove the field"),
        ({"Comment": "Insert your JSON here"}, "target: is missing; give the name of a registered target"),
        (
            {"target": "orders", "release": {"variables": {"new_checkout": "on"}}},
            "release.variables.new_checkout: not the name of a stage variable that a canary can override (letters and digits",
        ),
        (
            {"target": "orders", "release": {"variables": {"newCheckout": "on or off"}}},
            "release.variables.newCheckout: not a stage variable's value (letters, digits, comma and -._~:/?#&=, at most 512)",
        ),
        (
            {"target": "orders", "release": {"variables": {"newCheckout": True}}},
            "release.variables.newCheckout: not text, got ",
        ),
        ({"target": "orders", "\ud800": 1}, "input: "),
    ],
)
def test_refuses_an_invalid_input(raw, answer):
    (found,) = problems_of(raw)
    assert found.startswith(answer)


@pytest.mark.parametrize(
    ("raw", "release"),
    [
        ({"policy": "standrad", "release": {"functions": {"a": "7"}}}, Release({"a": "7"})),
        ({"target": "orders"}, Release()),
        ({"release": {"functions": {"a": "v7"}}}, Release()),
        ({"release": None}, Release()),
        (None, Release()),
    ],
)
def test_finds_the_release_in_an_input_that_is_wrong_elsewhere(raw, release):
    assert release_of(raw) == release


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


FIELDS = ["operation", "target", "release", "policy", "reason", "labels", "retry", "x"]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING) | ANYTHING)
def test_turns_any_value_into_a_request_or_readable_problems(raw):
    request, problems = parse_request(raw)
    assert (request is None) == bool(problems)
    assert str(RefusedError(problems)).encode().decode() == str(RefusedError(problems))


@pytest.mark.parametrize("said", [True, "true", " True "])
def test_reads_a_retry_with_its_reason(said):
    request = require(parse_request({"target": "orders", "retry": said, "reason": "the database was down"}))
    assert (request.is_retry, request.reason) == (True, "the database was down")


@pytest.mark.parametrize("given", [{}, {"retry": False}, {"retry": "false", "reason": ""}])
def test_an_input_that_does_not_say_so_is_no_retry(given):
    assert require(parse_request({"target": "orders", **given})).is_retry is False


@pytest.mark.parametrize("given", [{"retry": True}, {"retry": "true", "reason": " \n"}])
def test_refuses_a_retry_without_a_reason(given):
    assert problems_of({"target": "orders", **given}) == [
        "retry: a retry needs a reason, got none; say in reason why this release may be started again"
    ]


def test_refuses_a_retry_that_is_neither_true_nor_false():
    assert problems_of({"target": "orders", "retry": "yes"}) == [
        'retry: neither true nor false, got "yes"; write true or false'
    ]


def test_reads_an_advance():
    raw = {"operation": "advance", "target": "orders", "reason": "the morning\nshift is in"}
    assert require(parse_advance(raw)) == Advance("orders", "the morning shift is in")


@pytest.mark.parametrize("name", ["release", "policy", "labels", "retry"])
def test_an_advance_accepts_no_field_that_only_a_start_has(name):
    advance, problems = parse_advance({"operation": "advance", "target": "orders", name: {}})
    assert advance is None
    assert f"{name}: a parked rollout keeps what it was started with; remove {name}" in [str(problem) for problem in problems]


def test_reads_an_operators_call():
    raw = {"verb": "abort", "target": "orders", "reason": "payments fail"}
    assert require(parse_operator_call(raw)) == OperatorCall(OperatorVerb.ABORT, "orders", "payments fail")
    assert require(parse_operator_call({"verb": "abort", "target": "orders"})).reason == ""


def test_refuses_an_operators_call_with_every_problem():
    call, problems = parse_operator_call({"verb": "stop", "trget": "orders"})
    assert call is None
    assert [str(problem) for problem in problems] == [
        (
            'verb: not one of abort, pause, resume, rollback, revert, got "stop"; '
            "write abort or pause or resume or rollback or revert"
        ),
        "target: is missing; give the name of a registered target",
        'trget: unknown field, got "orders"; did you mean target?',
    ]
    assert parse_operator_call([])[0] is None


def test_only_a_revert_names_a_rollout_to_go_back_to():
    assert require(parse_operator_call({"verb": "revert", "target": "orders", "to": "run-1"})).to == "run-1"
    assert require(parse_operator_call({"verb": "revert", "target": "orders"})).to is None
    call, (problem,) = parse_operator_call({"verb": "rollback", "target": "orders", "to": "run-1"})
    assert (call, str(problem)) == (
        None,
        "to: only revert goes back to a rollout that is named; remove to, or call revert",
    )


def test_reads_an_authorizers_call():
    raw = {"verb": "promote", "target": "orders", "reason": "OPS-1", "tolerate_alarms": ["orders-payment-failures"]}
    expected = AuthorizerCall(AuthorizerVerb.PROMOTE, "orders", "OPS-1", ("orders-payment-failures",))
    assert require(parse_authorizer_call(raw)) == expected
    assert require(parse_authorizer_call({"verb": "promote", "target": "orders"})).tolerate_alarms == ()


def test_refuses_an_authorizers_call_with_every_problem():
    call, problems = parse_authorizer_call({"verb": "abort", "tolerate_alarms": ["a", "a"]})
    assert call is None
    assert sorted(problem.field for problem in problems) == ["target", "tolerate_alarms[1]", "verb"]
