import json

import pytest

from canary.rules.access_log import LOG_FORMAT, MetricFilter, find_misfit, metric_filters, metric_namespace
from local.filter_pattern import parse_pattern

ANSWERED = {
    "isCanary": "false",
    "status": 200,
    "responseLatency": 41,
    "integrationLatency": "38",
    "integrationStatus": "200",
}


def a_line(**fields: object) -> str:
    return json.dumps({"requestId": "r", "deploymentId": "d", "stage": "prod", **ANSWERED, **fields})


def filters_matching(line: str, limits: tuple[int, ...] = (300,)) -> set[str]:
    event = json.loads(line)
    return {one.metric for one in metric_filters("orders", limits) if parse_pattern(one.pattern).matches(line, event)}


def test_log_format_is_one_json_line_with_unquoted_numbers():
    line = LOG_FORMAT.replace("$context.status", "200").replace("$context.responseLatency", "41")

    assert "\n" not in LOG_FORMAT
    assert json.loads(line)["status"] == 200
    assert json.loads(line)["responseLatency"] == 41
    assert json.loads(line)["isCanary"] == "$context.isCanaryRequest"


def test_own_log_format_fits():
    assert find_misfit(LOG_FORMAT) is None


def test_fields_of_their_own_do_no_harm():
    assert find_misfit(LOG_FORMAT[:-1] + ',"ip":"$context.identity.sourceIp","n":$context.responseLength}') is None


@pytest.mark.parametrize(
    ("log_format", "told"),
    [
        ("$context.requestId $context.status", "no JSON"),
        ("{\n" + LOG_FORMAT[1:], "several lines"),
        (LOG_FORMAT.replace("$context.status", '"$context.status"'), "status as $context.status without quotes"),
        (LOG_FORMAT.replace("$context.isCanaryRequest", "$context.stage"), "isCanary as $context.isCanaryRequest"),
        (LOG_FORMAT.replace('"$context.integrationStatus"', "$context.integrationStatus"), "integrationStatus"),
        (LOG_FORMAT.replace("equestId", "equest"), "neither $context.requestId nor"),
        (LOG_FORMAT + " " * 3000, "3000"),
        ('["$context.requestId"]', "no JSON object"),
        ('{"id":"$context.requestId"}', "isCanary"),
    ],
)
def test_a_misfit_says_what_to_write(log_format: str, told: str):
    misfit = find_misfit(log_format)

    assert misfit is not None
    assert told in misfit


def test_a_base_request_counts_for_the_base_alone():
    assert filters_matching(a_line()) == {"BaseRequests", "BaseLatency", "BaseIntegrated"}


def test_a_canary_request_counts_for_the_canary_alone():
    assert filters_matching(a_line(isCanary="true")) == {"CanaryRequests", "CanaryLatency"}


def test_a_stage_without_canary_counts_as_base():
    assert "BaseRequests" in filters_matching(a_line(isCanary="-"))


@pytest.mark.parametrize(("status", "is_error"), [(200, False), (404, False), (499, False), (500, True), (504, True)])
def test_only_server_errors_are_bad(status: int, is_error: bool):  # noqa: FBT001
    assert ("CanaryErrors" in filters_matching(a_line(isCanary="true", status=status))) is is_error
    assert ("BaseErrors" in filters_matching(a_line(status=status))) is is_error


def test_a_refused_request_reached_no_integration():
    assert "BaseIntegrated" not in filters_matching(a_line(status=403, integrationLatency="-", integrationStatus="-"))


def test_a_function_that_raised_was_reached():
    assert "BaseIntegrated" in filters_matching(a_line(status=502, integrationLatency="12", integrationStatus="-"))


@pytest.mark.parametrize(("latency", "is_slow"), [(300, False), (301, True)])
def test_a_fixed_limit_counts_exactly(latency: int, is_slow: bool):  # noqa: FBT001
    assert ("BaseSlow300" in filters_matching(a_line(responseLatency=latency))) is is_slow
    assert ("CanarySlow300" in filters_matching(a_line(isCanary="true", responseLatency=latency))) is is_slow


def test_counts_default_to_zero_and_latencies_to_nothing():
    defaults = {one.metric: one.default for one in metric_filters("orders", (300,))}

    assert defaults.pop("CanaryLatency") is None
    assert defaults.pop("BaseLatency") is None
    assert set(defaults.values()) == {0.0}


def test_filters_keep_within_the_limits_of_cloudwatch_logs():
    filters = metric_filters("orders", (100, 300, 1000))

    assert len({one.name for one in filters}) == len(filters)
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
