"""What counts the requests, read from the embedded AWS, and what follows when CloudWatch Logs refuses to show it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from canary.aws.instruments import read_instruments
from canary.aws.stages import group_of, live_stage_of
from canary.rules.targets.access_log import LOG_FORMAT, metric_filters
from canary.rules.targets.instruments import SeenInstruments, expected_instruments, find_faults
from canary.rules.targets.live import AccessLog
from canary.rules.targets.target import Metrics
from demo.controller import register_target
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import refusal

if TYPE_CHECKING:
    from canary.rules.targets.target import Target
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group"


def read(ground: Ground, tools: Tools, target: Target | None = None) -> SeenInstruments:
    target = target or ground.rig.target
    return read_instruments(tools.clients.of(target), target, live_stage_of(ground.rig.stage).log)


def answering(target: Target, given: Exception) -> SeenInstruments:
    """The instruments when CloudWatch Logs answers like this."""

    def paginate(**_: Any) -> Any:
        raise given

    logs = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    clients: Any = SimpleNamespace(logs=logs)
    return read_instruments(clients, target, AccessLog())


def test_deployed_instruments_have_no_fault(ground: Ground, tools: Tools):
    seen = read(ground, tools)

    assert (seen.log_group, seen.log_format) == (ground.rig.target.access_log_group, LOG_FORMAT)
    assert {*seen.filters} == {one.name for one in metric_filters(ground.rig.target)}
    assert find_faults(expected_instruments(ground.rig.target), seen) == ()


def test_the_filters_take_one_call(ground: Ground, tools: Tools):
    ground.aws.faults.calls.clear()

    read(ground, tools)

    assert [call.operation for call in ground.aws.faults.calls if call.service == "logs"] == ["DescribeMetricFilters"]


def test_more_filters_than_a_page_holds_are_all_read(ground: Ground, tools: Tools):
    limits = Metrics(latency_limits_ms=tuple(range(1, 31)))
    target = replace(ground.rig.target, name="orders-many", metrics=limits)
    register_target(ground.aws.client, target)

    assert {one.name for one in metric_filters(target)} <= {*read(ground, tools, target).filters}
    assert find_faults(expected_instruments(target), read(ground, tools, target)) == ()
    for one in metric_filters(target):
        ground.aws.client("logs").delete_metric_filter(logGroupName=target.access_log_group, filterName=one.name)


def test_a_filter_that_someone_changed_is_told(ground: Ground, tools: Tools):
    target, logs = ground.rig.target, ground.aws.client("logs")
    (one,) = [one for one in metric_filters(target) if one.metric == "CanaryRequests"]
    narrowed = replace(one, pattern=one.pattern.replace(" }", ' && $.httpMethod = "POST" }'))
    logs.put_metric_filter(**narrowed.put_arguments(target.access_log_group))

    (fault,) = find_faults(expected_instruments(target), read(ground, tools))

    assert "the metric filter canary-orders-CanaryRequests was changed" in fault
    logs.put_metric_filter(**one.put_arguments(target.access_log_group))


def test_a_filter_of_another_name_that_counts_into_the_metrics_is_reported(ground: Ground, tools: Tools):
    target, logs = ground.rig.target, ground.aws.client("logs")
    (one,) = [one for one in metric_filters(target) if one.metric == "BaseErrors"]
    logs.put_metric_filter(**replace(one, name="a-dashboard").put_arguments(target.access_log_group))

    assert find_faults(expected_instruments(target), read(ground, tools)) == (
        "the metric filter a-dashboard also counts into BaseErrors of Canary/orders; delete it",
    )
    logs.delete_metric_filter(logGroupName=target.access_log_group, filterName="a-dashboard")


def test_a_removed_log_is_reported(ground: Ground, tools: Tools):
    target = ground.rig.target
    seen = read_instruments(tools.clients.of(target), target, AccessLog())

    (fault,) = find_faults(expected_instruments(target), seen)

    assert "the stage writes its access log to nowhere" in fault


def test_throttled_is_not_checked(ground: Ground, tools: Tools):
    ground.aws.faults.add(Fault(None, "logs", "DescribeMetricFilters", Mode.THROTTLED))

    seen = read(ground, tools)

    assert (seen.filters, seen.refusal) == (None, None)
    assert find_faults(expected_instruments(ground.rig.target), seen) == ()


def test_a_lasting_refusal_is_a_fault_in_awss_own_words(ground: Ground, tools: Tools):
    ground.aws.faults.add(Fault(None, "logs", "DescribeMetricFilters", Mode.REFUSED))

    (fault,) = find_faults(expected_instruments(ground.rig.target), read(ground, tools))

    assert fault.startswith(f"the metric filters of {ground.rig.target.access_log_group} cannot be read: ")
    assert "AccessDenied" in fault


SERVER_ERROR = ClientError(
    {"Error": {"Code": "InternalFailure", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "Operation"
)


@pytest.mark.parametrize(
    ("given", "is_checked"),
    [
        (refusal("ThrottlingException"), False),
        (refusal("ServiceUnavailableException"), False),
        (SERVER_ERROR, False),
        (ReadTimeoutError(endpoint_url="https://logs"), False),
        (refusal("ResourceNotFoundException"), True),
        (refusal("AccessDeniedException"), True),
    ],
)
def test_an_answer_that_may_come_the_next_time_is_not_checked(ground: Ground, given: Exception, *, is_checked: bool):
    seen = answering(ground.rig.target, given)
    assert (seen.filters, seen.refusal is not None) == (None, is_checked)


def test_without_a_log_nothing_is_read(ground: Ground):
    assert answering(ground.ship, AssertionError()) == SeenInstruments()
    assert answering(replace(ground.rig.target, access_log_group=None), AssertionError()) == SeenInstruments()


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        (None, None),
        (f"{GROUP}:/apigw/x", "/apigw/x"),
        (f"{GROUP}:/apigw/x:*", "/apigw/x"),
        (
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/x",
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/x",
        ),
    ],
)
def test_a_log_group_is_named_by_its_destination(arn: str | None, group: str | None):
    assert group_of(arn) == group
