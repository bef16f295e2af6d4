import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.agreement import (
    find_alias_clashes,
    find_filter_problems,
    find_log_clashes,
    find_outside_clashes,
    find_twice,
)
from canary.rules.targets.target import Metrics, Outside, OutsideRoute
from tests.builders import a_target

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["live", "canary", "a", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "live", "canary", "functions", "metrics"]), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = ("stage", "functions", "access_log_group", "metrics", "alarms", "latency_limits_ms", "outside")


def told(clashes):
    return [(clash.path, clash.value) for clash in clashes]


def aliases(*functions, stage=True):
    return told(find_alias_clashes({"functions": list(functions), **({"stage": {}} if stage else {})}))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"alarms": ["a", "b"]}, []),
        ({"alarms": ["a", "b", "a", "a"]}, [2, 3]),
        ({"alarms": [5, "5"]}, [1]),
        ({"alarms": [None, None, [], []]}, []),
        ({"alarms": "aa"}, []),
        ({}, []),
    ],
)
def test_finds_what_is_listed_twice(raw, found):
    assert [clash.path for clash in find_twice(raw, "alarms")] == [("alarms", index) for index in found]


def test_finds_mappings_with_the_same_name():
    raw = {"functions": [{"name": "a"}, {}, {"name": "a"}]}
    assert told(find_twice(raw, "functions", "name")) == [(("functions", 2, "name"), 'listed twice, got "a" again')]


def test_behind_a_stage_aliases_with_equal_names_agree():
    one = {"live": "live", "canary": "canary"}
    assert aliases(one, dict(one)) == []


def test_behind_a_stage_every_function_needs_a_canary_alias():
    assert aliases({"live": "live"}) == [(("functions", 0, "canary"), "is missing")]


def test_behind_a_stage_one_variable_names_every_functions_alias():
    found = aliases({"live": "live", "canary": "canary"}, {"live": "prod", "canary": "next"})
    beside = "one stage variable names the alias of every function, got"
    assert found == [
        (("functions", 1, "live"), f'{beside} "prod" and "live"'),
        (("functions", 1, "canary"), f'{beside} "next" and "canary"'),
    ]


def test_the_arms_need_an_alias_each():
    assert aliases({"live": "live", "canary": "live"}) == [(("functions", 0, "canary"), 'both arms use the alias "live"')]


def test_without_a_stage_there_is_no_canary_alias():
    assert aliases({"live": "live"}, {"live": "prod"}, stage=False) == []
    assert aliases({"live": "live", "canary": "canary"}, stage=False) == [
        (("functions", 0, "canary"), 'there is no stage, got "canary"')
    ]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"stage": {}, "access_log_group": "/x", "metrics": {"latency_limits_ms": [800]}}, []),
        ({"access_log_group": "/x"}, [("access_log_group",)]),
        ({"stage": {}, "metrics": {"latency_limits_ms": [800]}}, [("metrics", "latency_limits_ms")]),
        ({"metrics": {"latency_limits_ms": []}}, []),
        ({"metrics": "p99"}, []),
        ({"metrics": {"client_errors": True}}, [("metrics", "client_errors")]),
        ({"metrics": {"client_errors": "true"}}, [("metrics", "client_errors")]),
        ({"metrics": {"client_errors": False}}, []),
        ({"stage": {}, "access_log_group": "/x", "metrics": {"client_errors": True}}, []),
    ],
)
def test_limits_and_client_errors_need_a_log_and_a_log_needs_a_stage(raw, found):
    assert [clash.path for clash in find_log_clashes(raw)] == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"outside": []}, []),
        ({"outside": "all"}, []),
        ({"outside": [{"path": "/a"}]}, [("outside",)]),
        ({"stage": {}, "outside": [{"path": "/a"}, {"authorizer": "x"}, 5]}, []),
        ({"stage": {}, "outside": [{"path": "/a"}, {"path": "/*"}]}, [("outside", 1, "path")]),
        ({"stage": {}, "outside": [{"path": "/*", "methods": ["OPTIONS"]}]}, []),
    ],
)
def test_only_an_api_has_routes_outside(raw, found):
    assert [clash.path for clash in find_outside_clashes(raw)] == found


def test_filters_that_a_log_group_takes_are_no_problem():
    metrics = Metrics(latency_limits_ms=tuple(range(1, 45)))
    assert [*find_filter_problems(a_target(metrics=metrics))] == []


def test_more_filters_than_a_log_group_takes_are_reported():
    metrics = Metrics(latency_limits_ms=tuple(range(1, 46)))
    (problem,) = find_filter_problems(a_target(metrics=metrics), "target")
    assert str(problem) == (
        "target.metrics.latency_limits_ms: the target needs 101 metric filters; a log group takes 100; give fewer limits"
    )


def test_a_pattern_that_routes_outside_make_too_long_is_reported_with_its_length():
    routes = tuple(OutsideRoute(f"/legacy/{'x' * 50}/{number}") for number in range(20))
    (problem,) = find_filter_problems(a_target(outside=Outside(routes)))
    assert problem.field == "outside"
    assert "characters long; CloudWatch Logs accepts 1024; give fewer routes, or shorter ones that end in *" in str(problem)


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_skips_values_that_do_not_fit_their_field(raw):
    clashes = [
        *find_twice(raw, "alarms"),
        *find_twice(raw, "functions", "name"),
        *find_alias_clashes(raw),
        *find_log_clashes(raw),
        *find_outside_clashes(raw),
    ]
    assert all(clash.path and clash.value and clash.fix for clash in clashes)
