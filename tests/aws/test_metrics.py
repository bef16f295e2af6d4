"""Series are read in as few calls as the limits allow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.metrics import QUERIES_PER_CALL, MetricReader, total
from canary.rules.looks.sources import Series
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Scripted

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

SUM = Series("Orders", "Read", "Sum", (("arm", "base"),))
COUNT = SUM.with_statistic("SampleCount")


def test_each_minute_has_its_value_and_an_empty_one_has_none(ground: Ground):
    start = int(ground.aws.clock.now()) // 60 * 60 - 600
    for minute, value in ((start, 3.0), (start + 120, 5.0), (start + 180, 9.0)):
        ground.aws.metrics.put("Orders", "Read", {"arm": "base"}, minute, [value], [1.0])
    metrics = MetricReader(ground.aws.client("cloudwatch"))
    values = metrics.read([SUM, COUNT], start, start + 180)

    assert values == {SUM: {start: 3.0, start + 120: 5.0}, COUNT: {start: 1.0, start + 120: 1.0}}
    assert metrics.requested == 1, "two statistics of one metric"
    assert total(values, [SUM, COUNT], start) == 4.0
    assert total(values, [SUM, COUNT], start + 60) is None


def test_an_empty_span_asks_nothing():
    metrics = MetricReader(Scripted())

    assert metrics.read([SUM], 60, 60) == {SUM: {}}
    assert metrics.requested == 0


def test_the_next_page_is_read_until_there_is_none():
    def page(minute: int, value: float, **more: str) -> dict[str, object]:
        stamp = datetime.fromtimestamp(minute, UTC)
        return {"MetricDataResults": [{"Id": "m0", "Timestamps": [stamp], "Values": [value]}], **more}

    client = Scripted(get_metric_data=[page(0, 1.0, NextToken="more"), page(60, 2.0)])
    metrics = MetricReader(client)

    assert metrics.read([SUM], 0, 120) == {SUM: {0: 1.0, 60: 2.0}}
    assert [arguments.get("NextToken") for _, arguments in client.calls[1:]] == ["more"]
    assert metrics.requested == 1


def test_more_series_than_a_call_takes_are_read_in_several():
    series = [Series("Orders", f"M{number}", "Sum") for number in range(QUERIES_PER_CALL + 1)]
    client = Scripted(get_metric_data=[{"MetricDataResults": []}, {"MetricDataResults": []}])
    metrics = MetricReader(client)
    metrics.read(series, 0, 60)

    assert [len(arguments["MetricDataQueries"]) for _, arguments in client.calls] == [QUERIES_PER_CALL, 1]
    assert metrics.requested == QUERIES_PER_CALL + 1


def test_up_to_five_statistics_of_a_metric_are_charged_as_one():
    slow = [SUM.with_statistic(f"TC(:{limit})") for limit in range(1, 6)]
    client = Scripted(get_metric_data=[{"MetricDataResults": []}] * 3)
    metrics = MetricReader(client)

    for series, charged in (([SUM, *slow[:4]], 1), ([SUM, *slow], 2), ([SUM, Series("Orders", "Read", "Sum")], 2)):
        before = metrics.requested
        metrics.read(series, 0, 60)
        assert metrics.requested - before == charged


def test_a_refusal_reports_the_command(ground: Ground):
    ground.aws.faults.add(Fault(None, "cloudwatch", "GetMetricData", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="aws cloudwatch get-metric-data"):
        MetricReader(ground.aws.client("cloudwatch")).read([SUM], 0, 60)
