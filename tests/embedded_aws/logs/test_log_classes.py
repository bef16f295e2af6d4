"""Classes of log groups, and which metric filters a group may have: over HTTP, with AWS's messages."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONE = [{"metricName": "Requests", "metricNamespace": "Orders", "metricValue": "1"}]
STANDARD_ONLY = ("ValidationException", "This operation is only supported on the Standard log class.")
NAMES = count(1)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture(scope="module")
def logs(aws: EmbeddedAws) -> Any:
    """A client that leaves the check of its parameters to CloudWatch Logs."""
    assert aws
    return boto3.client("logs", config=Config(parameter_validation=False))


def a_group(logs: Any, log_class: str | None = None) -> str:
    name = f"/apigw/{next(NAMES)}"
    logs.create_log_group(logGroupName=name, **({"logGroupClass": log_class} if log_class else {}))
    return name


def a_filter(group: str, name: str = "one", pattern: str = "", **transformation: Any) -> dict[str, Any]:
    made = [{**ONE[0], **transformation}]
    return {"logGroupName": group, "filterName": name, "filterPattern": pattern, "metricTransformations": made}


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def classes(logs: Any, **wanted: str) -> dict[str, str]:
    return {one["logGroupName"]: one["logGroupClass"] for one in logs.describe_log_groups(**wanted)["logGroups"]}


def test_a_group_is_of_the_standard_class_unless_it_is_made_otherwise(logs: Any):
    groups = {a_group(logs, log_class): log_class or "STANDARD" for log_class in (None, "INFREQUENT_ACCESS", "DELIVERY")}
    assert groups.items() <= classes(logs).items()


def test_groups_are_listed_by_class(logs: Any):
    plain, rare, few = (a_group(logs, log_class) for log_class in (None, "INFREQUENT_ACCESS", "ESSENTIALS"))

    assert plain in classes(logs, logGroupClass="STANDARD")
    assert rare not in classes(logs, logGroupClass="STANDARD")
    for wanted in ("INFREQUENT_ACCESS", "ESSENTIALS"):
        assert {rare, few} <= classes(logs, logGroupClass=wanted).keys()
        assert plain not in classes(logs, logGroupClass=wanted)


def test_an_unknown_class_is_refused(logs: Any):
    code, message = refusal(logs.create_log_group, logGroupName="/apigw/x", logGroupClass="CHEAP")

    assert code == "InvalidParameterException"
    assert message.endswith("Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY, ESSENTIALS]")


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY"])
def test_a_group_of_another_class_has_no_filters_and_cannot_be_read(logs: Any, log_class: str):
    group = a_group(logs, log_class)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    subscription = {"filterName": "s", "filterPattern": "", "destinationArn": "arn:aws:lambda:eu-west-1:1:function:f"}

    assert refusal(logs.put_metric_filter, **a_filter(group)) == STANDARD_ONLY
    assert refusal(logs.put_subscription_filter, logGroupName=group, **subscription) == STANDARD_ONLY
    assert refusal(logs.describe_subscription_filters, logGroupName=group) == STANDARD_ONLY
    assert refusal(logs.filter_log_events, logGroupName=group) == STANDARD_ONLY
    assert refusal(logs.get_log_events, logGroupName=group, logStreamName="s") == STANDARD_ONLY
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_embedded_metrics_are_read_in_standard_groups_only(aws: EmbeddedAws, logs: Any):
    directive = {"Namespace": "Orders", "Dimensions": [[]], "Metrics": [{"Name": "Failed"}]}
    at = aws.clock.now()
    line = json.dumps({"_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": [directive]}, "Failed": 1})
    for log_class in (None, "INFREQUENT_ACCESS"):
        aws.logs.ingest(a_group(logs, log_class), at, line)
    aws.clock.run_for(300)

    asked = {"Namespace": "Orders", "MetricName": "Failed", "Period": 60, "Statistics": ["Sum"]}
    times = {"StartTime": at - 60, "EndTime": at + 60}
    (point,) = aws.client("cloudwatch").get_metric_statistics(**asked, **times)["Datapoints"]
    assert point["Sum"] == 1


def test_a_group_that_is_made_again_may_have_another_class(logs: Any):
    group = a_group(logs, "INFREQUENT_ACCESS")
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)

    logs.put_metric_filter(**a_filter(group))
    assert classes(logs)[group] == "STANDARD"


@pytest.mark.usefixtures("no_pause")
def test_a_group_takes_a_hundred_filters_which_are_listed_by_fifty(logs: Any):
    group = a_group(logs)
    for number in range(100):
        logs.put_metric_filter(**a_filter(group, f"orders-{number:03}"))

    assert refusal(logs.put_metric_filter, **a_filter(group, "other")) == ("LimitExceededException", "Resource limit exceeded.")
    logs.put_metric_filter(**a_filter(group, "orders-000", "{ $.status = 500 }"))
    pages = list(logs.get_paginator("describe_metric_filters").paginate(logGroupName=group, filterNamePrefix="orders-"))
    assert [len(page["metricFilters"]) for page in pages] == [50, 50]
    found = logs.describe_metric_filters(logGroupName=group, filterNamePrefix="orders-09")["metricFilters"]
    assert [one["filterName"] for one in found] == [f"orders-09{number}" for number in range(10)]


@pytest.mark.parametrize(("limit", "bound"), [(51, "less than or equal to 50"), (0, "greater than or equal to 1")])
def test_a_page_of_filters_has_at_most_fifty(logs: Any, limit: int, bound: str):
    code, message = refusal(logs.describe_metric_filters, limit=limit)

    assert code == "InvalidParameterException"
    assert message.endswith(f"'limit' failed to satisfy constraint: Member must have value {bound}")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pattern": "x" * 1_025}, "Member must have length less than or equal to 1024"),
        ({"name": "a:b"}, "Member must satisfy regular expression pattern: [^:*]*"),
        ({"metricNamespace": "AWS/Orders"}, "Metric namespaces starting with AWS/ are reserved for AWS."),
        ({"dimensions": {"arm": "canary"}}, "dimension value must be valid selector"),
        ({"pattern": "{ $.a = %x% || $.b = %y% || $.c = %z% }"}, "at most 2 regular expressions, got 3"),
        ({"pattern": "%x% %y% %z%"}, "at most 2 regular expressions, got 3"),
    ],
)
def test_what_no_filter_can_be_is_refused(logs: Any, given: dict[str, Any], told: str):
    code, message = refusal(logs.put_metric_filter, **a_filter(a_group(logs), **given))

    assert code == "InvalidParameterException"
    assert told in message


@pytest.mark.usefixtures("no_pause")
def test_a_group_takes_five_regular_expressions(logs: Any):
    group = a_group(logs)
    for name, pattern in (("a", "{ $.a = %x% && $.b = %y% }"), ("b", "%x% %y%"), ("c", "{ $.a = %x% }"), ("d", "x")):
        logs.put_metric_filter(**a_filter(group, name, pattern))

    logs.put_metric_filter(**a_filter(group, "c", "{ $.b = %x% }"))
    assert refusal(logs.put_metric_filter, **a_filter(group, "e", "%x%"))[0] == "LimitExceededException"
    logs.put_metric_filter(**a_filter(group, "e", "{ $.a = 1 }"))
