import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.definitions.outside_routes import is_outside
from canary.rules.targets.access_log import (
    LONGEST_PATTERN,
    MetricFilter,
    filter_prefix,
    find_long_pattern,
    metric_filters,
    metric_namespace,
)
from canary.rules.targets.target import Metrics, Outside, OutsideRoute, Stage
from embedded_aws.logs.filter_pattern import parse_pattern
from tests.builders import a_target

ANSWERED = {
    "apiId": "a1b2c3d4e5",
    "stage": "prod",
    "isCanary": "false",
    "httpMethod": "GET",
    "resourcePath": "/orders/{id}",
    "status": 200,
    "responseLatency": 41,
    "integrationLatency": "38",
    "integrationStatus": "200",
}
BASE = {"BaseRequests", "BaseLatency", "BaseIntegrated"}
LIMITED = a_target(metrics=Metrics(latency_limits_ms=(300,)))
PATHS = ["/orders", "/orders/{id}", "/legacy", "/legacy/a", "/legacy/a/{proxy+}", "-"]
METHODS = ["GET", "POST", "DELETE"]
ROUTES = st.builds(
    OutsideRoute,
    st.sampled_from(["/orders", "/orders*", "/legacy/*", "/legacy/a", "/*"]),
    st.lists(st.sampled_from(METHODS), unique=True, max_size=3).map(tuple),
)


def a_line(**fields: object) -> str:
    return json.dumps({"requestId": "r", "deploymentId": "d", **ANSWERED, **fields})


def filters_matching(line: str, target=LIMITED) -> set[str]:
    event = json.loads(line)
    return {one.metric for one in metric_filters(target) if parse_pattern(one.pattern).matches(line, event)}


def test_a_base_request_counts_for_the_base_alone():
    assert filters_matching(a_line()) == BASE


def test_a_canary_request_counts_for_the_canary_alone():
    assert filters_matching(a_line(isCanary="true")) == {"CanaryRequests", "CanaryLatency"}


def test_a_stage_without_canary_counts_as_base():
    assert "BaseRequests" in filters_matching(a_line(isCanary="-"))


@pytest.mark.parametrize(("status", "is_error"), [(200, False), (404, False), (499, False), (500, True), (504, True)])
def test_only_server_errors_are_bad(status: int, is_error: bool):  # noqa: FBT001
    assert ("CanaryErrors" in filters_matching(a_line(isCanary="true", status=status))) is is_error
    assert ("BaseErrors" in filters_matching(a_line(status=status))) is is_error


@pytest.mark.parametrize(
    ("status", "is_error"), [(200, False), (302, False), (399, False), (400, True), (404, True), (499, True), (500, False)]
)
def test_only_4xx_are_client_errors(status: int, is_error: bool):  # noqa: FBT001
    assert ("CanaryClientErrors" in filters_matching(a_line(isCanary="true", status=status))) is is_error
    assert ("BaseClientErrors" in filters_matching(a_line(status=status))) is is_error


UNREACHED = {"integrationLatency": "-", "integrationStatus": "-"}


@pytest.mark.parametrize("status", [400, 403, 404, 429, 499])
def test_what_is_refused_before_an_integration_is_a_client_error_and_thins_out_nothing_else(status: int):
    slow = {"status": status, "responseLatency": 301, **UNREACHED}

    assert filters_matching(a_line(**slow)) == {"BaseRefused", "BaseClientErrors"}
    assert filters_matching(a_line(isCanary="true", **slow)) == {"CanaryRefused", "CanaryClientErrors"}


@pytest.mark.parametrize(("status", "errors"), [(200, set()), (304, set()), (500, {"BaseErrors"}), (504, {"BaseErrors"})])
def test_a_cached_answer_and_a_failure_of_the_gateway_itself_are_requests(status: int, errors: set[str]):
    assert filters_matching(a_line(status=status, **UNREACHED)) == {"BaseRequests", "BaseLatency"} | errors


@pytest.mark.parametrize("reached", [{"integrationStatus": "-"}, {"integrationLatency": "-"}, {}])
def test_a_4xx_of_an_integration_is_a_request(reached: dict[str, str]):
    assert filters_matching(a_line(status=404, **reached)) == BASE | {"BaseClientErrors"}


@given(st.sampled_from(["true", "false", "-"]), st.integers(100, 599), st.booleans(), st.booleans())
def test_each_line_is_either_a_request_or_refused(arm: str, status: int, has_latency: bool, has_status: bool):  # noqa: FBT001
    missing = [
        name for name, is_there in (("integrationLatency", has_latency), ("integrationStatus", has_status)) if not is_there
    ]
    matched = filters_matching(a_line(isCanary=arm, status=status, **dict.fromkeys(missing, "-")))

    assert len(matched & {"CanaryRequests", "BaseRequests", "CanaryRefused", "BaseRefused"}) == 1


def test_client_errors_are_counted_only_if_they_are_compared():
    target = a_target(metrics=Metrics(client_errors=False))

    assert not [one.metric for one in metric_filters(target) if "Client" in one.metric or "Refused" in one.metric]


@pytest.mark.parametrize("arm", [{"isCanary": "true"}, {"isCanary": "false"}, {"isCanary": "-"}])
@pytest.mark.parametrize("other", [{"apiId": "zzzzzzzzzz"}, {"stage": "qa"}, {"stage": "prod2"}])
def test_other_apis_and_stages_in_the_same_group_do_not_count(arm: dict[str, str], other: dict[str, str]):
    assert filters_matching(a_line(**arm)) != set()
    assert filters_matching(a_line(**arm, **other)) == set()


def test_a_line_that_names_no_api_does_not_count():
    line = json.loads(a_line())
    del line["apiId"]

    assert filters_matching(json.dumps(line)) == set()


@given(st.lists(ROUTES, max_size=4), st.sampled_from(PATHS), st.sampled_from(METHODS), st.sampled_from(["true", "false", "-"]))
def test_what_is_outside_counts_nowhere_and_the_rest_as_ever(routes: list[OutsideRoute], path: str, method: str, arm: str):
    outside = Outside(tuple(routes))
    line = a_line(resourcePath=path, httpMethod=method, isCanary=arm, status=500)
    counted = filters_matching(line, a_target(outside=outside))

    assert counted == (set() if is_outside(outside, path, method) else filters_matching(line, a_target()))


def test_a_pattern_that_is_too_long_is_reported_with_its_length():
    routes = tuple(OutsideRoute(f"/legacy/number-{number}/*", ("GET", "POST")) for number in range(10))
    longest = max(len(one.pattern) for one in metric_filters(a_target(outside=Outside(routes))))
    assert longest > LONGEST_PATTERN

    assert f"canary-orders-BaseRequests {longest} characters long" in str(find_long_pattern(a_target(outside=Outside(routes))))
    assert find_long_pattern(a_target(outside=Outside(routes[:5]))) is None


def test_the_longest_names_leave_room_for_routes_outside():
    target = a_target(name="o" * 40, stage=Stage("a" * 10, "s" * 128, "lambdaAlias"))

    assert max(len(one.pattern) for one in metric_filters(target)) < LONGEST_PATTERN / 2
    assert find_long_pattern(target) is None


def test_without_a_log_or_a_stage_there_are_no_filters():
    assert metric_filters(a_target(access_log_group=None)) == ()
    assert metric_filters(a_target(stage=None)) == ()
    assert find_long_pattern(a_target(stage=None)) is None


def test_a_refused_request_reached_no_integration():
    assert "BaseIntegrated" not in filters_matching(a_line(status=403, **UNREACHED))
    assert "BaseIntegrated" not in filters_matching(a_line(status=500, **UNREACHED))


def test_a_function_that_raised_was_reached():
    assert "BaseIntegrated" in filters_matching(a_line(status=502, integrationLatency="12", integrationStatus="-"))


@pytest.mark.parametrize(("latency", "is_slow"), [(300, False), (301, True)])
def test_a_fixed_limit_counts_exactly(latency: int, is_slow: bool):  # noqa: FBT001
    assert ("BaseSlow300" in filters_matching(a_line(responseLatency=latency))) is is_slow
    assert ("CanarySlow300" in filters_matching(a_line(isCanary="true", responseLatency=latency))) is is_slow


def test_counts_default_to_zero_and_latencies_to_nothing():
    defaults = {one.metric: one.default for one in metric_filters(LIMITED)}

    assert defaults.pop("CanaryLatency") is None
    assert defaults.pop("BaseLatency") is None
    assert set(defaults.values()) == {0.0}


def test_filters_keep_within_the_limits_of_cloudwatch_logs():
    filters = metric_filters(a_target(metrics=Metrics(latency_limits_ms=(100, 300, 1000))))

    assert len({one.name for one in filters}) == len(filters) == 17
    assert all(one.name.startswith(filter_prefix("orders")) for one in filters)
    assert all(len(one.pattern) <= 1024 for one in filters)
    assert {one.namespace for one in filters} == {metric_namespace("orders")} == {"Canary/orders"}


def test_arguments_are_those_of_put_metric_filter():
    one = MetricFilter("n", "{ $.a = 1 }", "space", "Metric", "1", 0.0)

    assert one.put_arguments("/log/group") == {
        "logGroupName": "/log/group",
        "filterName": "n",
        "filterPattern": "{ $.a = 1 }",
        "metricTransformations": [
            {"metricNamespace": "space", "metricName": "Metric", "metricValue": "1", "defaultValue": 0.0}
        ],
    }


def test_a_filter_without_default_names_none():
    one = MetricFilter("n", "{ $.a = 1 }", "space", "Metric", "$.a", None)

    assert one.put_arguments("g")["metricTransformations"] == [
        {"metricNamespace": "space", "metricName": "Metric", "metricValue": "$.a"}
    ]
