import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.target import parse_target, require_target, target_from_json, target_to_json
from canary.rules.releases.problems import RefusedError
from canary.rules.targets.policy import CAUTIOUS, SHIPPED, STANDARD
from canary.rules.targets.shifters import ShifterKind
from canary.rules.targets.target import BusinessMetric, Metrics, Stage, Target, TargetFunction

SAMPLE = Path(__file__).parents[2] / "targets" / "orders.yaml"
STAGE = {"rest_api_id": "a1b2c3d4e5", "stage_name": "prod", "alias_variable": "lambdaAlias"}


METRIC_FIELDS = "errors, client_errors, slow, latency_limits_ms, business, warm_up"


def a_function(name="orders-read", live="live", canary="canary"):
    return {"name": name, "live": live, "canary": canary}


def a_stage_target(**changes):
    return {"name": "orders", "stage": STAGE, "functions": [a_function()], **changes}


def an_alias_target(**changes):
    return {"name": "orders", "functions": [{"name": "orders-read", "live": "live"}], **changes}


def problems_of(raw):
    target, problems = parse_target(raw)
    assert target is None
    return [str(problem) for problem in problems]


def test_reads_the_shipped_sample():
    target = require_target(yaml.safe_load(SAMPLE.read_text(encoding="utf-8")))
    assert target == Target(
        name="orders",
        functions=(
            TargetFunction("orders-read", "live", "canary"),
            TargetFunction("orders-write", "live", "canary"),
        ),
        policy=STANDARD,
        stage=Stage("a1b2c3d4e5", "prod", "lambdaAlias"),
        access_log_group="/apigw/orders-prod",
        metrics=Metrics(business=(BusinessMetric("CheckoutFailed", "Orders"),)),
        alarms=("orders-payment-failures",),
    )
    assert target.shifter is ShifterKind.STAGE


def test_a_target_without_a_stage_moves_its_aliases():
    target = require_target(an_alias_target(shared_live_alias="true"))
    assert target.shifter is ShifterKind.ALIAS
    assert target.functions[0].canary is None
    assert target.shared_live_alias


def test_a_target_allows_drills_only_if_it_says_so():
    plain, allowing = require_target(an_alias_target()), require_target(an_alias_target(drill=True))
    assert (plain.drill, allowing.drill) == (False, True)
    assert "drill" not in json.loads(target_to_json(plain))
    assert target_from_json(target_to_json(allowing)) == allowing


def test_takes_the_standard_policy_and_metrics_where_none_are_given():
    target = require_target(an_alias_target())
    assert (target.policy, target.metrics, target.alarms) == (STANDARD, Metrics(), ())


def test_takes_a_changed_policy():
    target = require_target(an_alias_target(policy={"from": "cautious", "min_requests": 200}))
    assert (target.policy.steps, target.policy.min_requests) == (CAUTIOUS.steps, 200)


def test_takes_exact_latency_limits_beside_a_log():
    metrics = {"errors": False, "slow": [], "latency_limits_ms": [800, "1500"]}
    target = require_target(a_stage_target(access_log_group="/apigw/orders", metrics=metrics))
    assert target.metrics == Metrics(errors=False, slow=(), latency_limits_ms=(800, 1500))


def test_takes_how_long_a_canary_warms_up():
    target = require_target(an_alias_target(metrics={"warm_up": [0.4, "0.1"]}))
    assert target.metrics.warm_up == (0.4, 0.1)
    assert require_target(an_alias_target(metrics={"warm_up": []})).metrics.warm_up == ()


def test_reports_every_problem_at_once():
    raw = {
        "name": "Orders",
        "stage": {"rest_api_id": 1234567890, "stage_nam": "prod"},
        "functions": [a_function(), a_function(canary="live"), {"name": "fn:live", "live": "7"}, 5],
        "acess_log_group": "/x",
        "policy": "standrad",
        "metrics": {"errors": "4xx", "slow": ["p100"]},
        "alarms": ["a", "a"],
        "shared_live_alias": "maybe",
    }
    assert sorted(answer.partition(": ")[0] for answer in problems_of(raw)) == [
        "acess_log_group",
        "alarms[1]",
        "functions[1].canary",
        "functions[1].canary",
        "functions[1].name",
        "functions[2].canary",
        "functions[2].live",
        "functions[2].live",
        "functions[2].name",
        "functions[3]",
        "metrics.errors",
        "metrics.slow[0]",
        "name",
        "policy",
        "shared_live_alias",
        "stage.alias_variable",
        "stage.rest_api_id",
        "stage.stage_nam",
        "stage.stage_name",
    ]


def test_asks_for_quotes_around_an_id_of_digits():
    (answer,) = problems_of(a_stage_target(stage={**STAGE, "rest_api_id": 1234567890}))
    assert answer == "stage.rest_api_id: not text, got 1234567890; put it in quotes"


@pytest.mark.parametrize(
    ("metrics", "answer"),
    [
        ({"errors": False, "slow": []}, "metrics: nothing is compared; keep errors: 5xx"),
        ({"errors": "false", "slow": [], "business": []}, "metrics: nothing is compared; keep errors: 5xx"),
        (
            {"slow": ["p99", "p50", "p99"]},
            'metrics.slow[2]: listed twice, got "p99" again; remove one of them',
        ),
        (
            {"business": [{"name": "A", "namespace": "N"}, {"name": "A", "namespace": "M"}]},
            'metrics.business[1].name: listed twice, got "A" again; remove one of them',
        ),
        (
            {"warm_up": [0.1] * 11},
            "metrics.warm_up: 11 minutes of warm-up; give at most 10; what is slow for longer is the release",
        ),
        (
            {"warm_up": [0.1, 0.5]},
            (
                "metrics.warm_up[1]: not a share of the canary's requests above 0 and below 0.5, got 0.5; "
                "give the most that may be slow in that minute, such as 0.1 for a tenth"
            ),
        ),
        (None, f"metrics: not a mapping, got null; give a mapping with {METRIC_FIELDS}"),
        ([], f"metrics: not a mapping, got a list of 0; give a mapping with {METRIC_FIELDS}"),
    ],
)
def test_refuses_metrics_that_compare_nothing_or_the_same_twice(metrics, answer):
    assert problems_of(an_alias_target(metrics=metrics)) == [answer]


@pytest.mark.parametrize("metrics", [{"errors": False}, {"slow": []}, {"errors": False, "slow": ["p99"]}])
def test_takes_metrics_that_compare_something(metrics):
    assert require_target(an_alias_target(metrics=metrics))


def test_names_what_is_missing():
    assert problems_of({}) == [
        "name: is missing; give the name it is registered by: lower-case letters, digits and -",
        "functions: is missing; give the functions with their aliases, at least one",
    ]
    assert problems_of({"name": "orders", "functions": []}) == [
        "functions: there are no functions; give at least one with its aliases"
    ]


@pytest.mark.parametrize("raw", [None, [], "orders", 5])
def test_refuses_a_value_that_is_not_a_target(raw):
    (answer,) = problems_of(raw)
    assert answer.startswith("input: not a mapping, got ")


def names(limit):
    return st.from_regex(rf"[a-z][a-z0-9-]{{0,{limit}}}", fullmatch=True)


@st.composite
def targets(draw):
    stage = draw(
        st.none()
        | st.builds(
            Stage,
            st.from_regex("[a-z0-9]{1,10}", fullmatch=True),
            names(20),
            st.from_regex(r"[A-Za-z0-9_]{1,64}", fullmatch=True),
        )
    )
    log = draw(st.none() | st.from_regex(r"/[a-z0-9/_.#-]{1,40}", fullmatch=True)) if stage else None
    limits = st.lists(st.integers(1, 900_000), unique=True, max_size=3) if log else st.just([])
    business = st.lists(st.builds(BusinessMetric, names(20), names(20)), unique_by=lambda metric: metric.name, max_size=2)
    functions = draw(st.lists(names(63), min_size=1, max_size=4, unique=True))
    return Target(
        name=draw(names(39)),
        functions=tuple(TargetFunction(name, "live", "canary" if stage else None) for name in functions),
        policy=draw(st.sampled_from(list(SHIPPED.values()))),
        stage=stage,
        access_log_group=log,
        metrics=Metrics(
            errors=draw(st.booleans()),
            slow=tuple(draw(st.lists(st.sampled_from(["p50", "p90", "p95", "p99"]), unique=True, min_size=1))),
            latency_limits_ms=tuple(draw(limits)),
            business=tuple(draw(business)),
            warm_up=tuple(draw(st.lists(st.sampled_from([0.02, 0.1, 0.4]), max_size=10))),
        ),
        alarms=tuple(draw(st.lists(st.from_regex(r"[a-zA-Z0-9 _:/-]{5,40}", fullmatch=True), unique=True, max_size=3))),
        shared_live_alias=draw(st.booleans()),
    )


@given(targets())
def test_reads_back_every_compiled_target_exactly(target):
    assert target_from_json(target_to_json(target)) == target


def test_compiles_the_whole_policy_into_the_parameter():
    compiled = json.loads(target_to_json(require_target(an_alias_target(policy="hotfix"))))
    assert compiled["policy"]["name"] == "hotfix"
    assert compiled["policy"]["steps"][0] == {"weight_percent": 25.0, "bake_seconds": 300}
    assert "stage" not in compiled


def test_a_compiled_target_fits_a_standard_parameter():
    functions = [a_function(f"orders-function-number-{number}") for number in range(20)]
    target = require_target(a_stage_target(functions=functions, access_log_group="/apigw/orders-prod"))
    assert len(target_to_json(target).encode()) < 4096


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("not json", "target: the registered target is not valid JSON: "),
        ("[]", "target: not a mapping, got a list of 0"),
        ('{"name": "orders", "functions": [], "policy": 5}', "target.policy: not a mapping, got 5"),
    ],
)
def test_refuses_a_parameter_that_someone_broke(text, answer):
    with pytest.raises(RefusedError) as caught:
        target_from_json(text)
    assert str(caught.value).startswith(answer)


@pytest.mark.parametrize(
    ("outside", "answer"),
    [
        ({}, "outside[0]: it needs either a path or an authorizer; give one of them"),
        ({"path": "/a", "authorizer": "x"}, "outside[0]: it needs either a path or an authorizer; give one of them"),
        (
            {"authorizer": "x", "methods": ["GET"]},
            "outside[0].methods: an authorizer has no methods; remove methods, or give a path",
        ),
        (
            {"path": "/*"},
            'outside[0].path: every request would be outside, got "/*"; list only the routes that the release does not touch',
        ),
        ({"path": "/a", "methods": ["GET", "GET"]}, 'outside[0].methods[1]: listed twice, got "GET" again; remove one of them'),
    ],
)
def test_each_outside_entry_is_one_thing(outside, answer):
    assert problems_of(a_stage_target(outside=[outside])) == [answer]


@pytest.mark.parametrize("path", ["legacy/*", "/a/*/b", "/*/b", "/a**"])
def test_a_star_stands_at_the_end_of_a_path_only(path):
    (answer,) = problems_of(a_stage_target(outside=[{"path": path}]))
    assert answer.startswith("outside[0].path: not a resource path (begins with /; * only at the end, for any text), got")


def test_routes_outside_that_no_filter_can_hold_are_reported_with_the_patterns_length():
    routes = [{"path": f"/legacy/{'x' * 60}/{number}"} for number in range(15)]
    (answer,) = problems_of(a_stage_target(access_log_group="/apigw/orders", outside=routes))
    assert answer.startswith("outside: the routes outside make the pattern of the metric filter canary-orders-BaseRequests ")


def test_routes_outside_come_back_from_the_registered_target():
    target = require_target(
        a_stage_target(
            access_log_group="/apigw/orders",
            metrics={"client_errors": False},
            outside=[{"path": "/legacy/*", "methods": ["GET"]}, {"path": "/x"}, {"authorizer": "partner"}],
        )
    )
    assert target_from_json(target_to_json(target)) == target
    assert target.outside.authorizers == ("partner",)
    assert not target.metrics.client_errors


@pytest.mark.parametrize(
    ("field", "changes", "more"),
    [
        ("alarms", {"alarms": [f"{number:03} {'x' * 100}" for number in range(75)]}, "; a composite alarm can stand for many"),
        ("functions", {"functions": [a_function(f"{number:03}{'x' * 60}") for number in range(80)]}, ""),
    ],
)
def test_a_target_too_large_for_a_parameter_is_reported_at_its_largest_field(field, changes, more):
    (answer,) = problems_of(a_stage_target(**changes))
    assert answer.startswith(f"{field}: the target's registration would be ")
    assert answer.endswith(f" characters long, and an SSM parameter takes 8,192; give fewer {field}, or shorter names{more}")


def test_a_registered_target_is_read_whatever_its_size():
    role = "arn:aws:iam::123456789012:role/canary"
    raw = a_stage_target(alarms=[f"{number:03} {'x' * 100}" for number in range(75)], role_arn=role)
    assert len(require_target(raw).alarms) == 75
