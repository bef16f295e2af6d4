import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.agreement import find_alias_clashes, find_log_clashes, find_twice

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["live", "canary", "a", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "live", "canary", "functions", "metrics"]), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = ("stage", "functions", "access_log_group", "metrics", "alarms", "latency_limits_ms")


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


def test_behind_a_stage_aliases_that_are_called_alike_agree():
    one = {"live": "live", "canary": "canary"}
    assert aliases(one, dict(one)) == []


def test_behind_a_stage_every_function_needs_a_canary_alias():
    assert aliases({"live": "live"}) == [(("functions", 0, "canary"), "is missing")]


def test_behind_a_stage_one_variable_names_every_functions_alias():
    found = aliases({"live": "live", "canary": "canary"}, {"live": "prod", "canary": "next"})
    beside = "one stage variable names every function's alias, got"
    assert found == [
        (("functions", 1, "live"), f'{beside} "prod" beside "live"'),
        (("functions", 1, "canary"), f'{beside} "next" beside "canary"'),
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
    ],
)
def test_limits_need_a_log_and_a_log_needs_a_stage(raw, found):
    assert [clash.path for clash in find_log_clashes(raw)] == found


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_passes_over_whatever_does_not_fit_its_field(raw):
    clashes = [
        *find_twice(raw, "alarms"),
        *find_twice(raw, "functions", "name"),
        *find_alias_clashes(raw),
        *find_log_clashes(raw),
    ]
    assert all(clash.path and clash.value and clash.fix for clash in clashes)
