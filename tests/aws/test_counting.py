"""Counts of both arms by minute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.counting import read_counts, read_history, read_total
from canary.aws.metrics import MetricReader
from canary.rules.judging.counts import RawCounts
from canary.rules.judging.families import Family
from canary.rules.looks.sources import ArmSource, Series, Source

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def an_arm(arm: str) -> ArmSource:
    return ArmSource((Series("Count", f"{arm}All", "Sum"),), (Series("Count", f"{arm}Bad", "Sum"),))


def a_slow_arm(arm: str) -> ArmSource:
    return ArmSource((Series("Count", f"{arm}All", "Sum"),), (Series("Count", f"{arm}Good", "Sum"),), counts_good=True)


ERRORS = Source("errors", Family.ERRORS, bad_are="failed", base=an_arm("Base"), canary=an_arm("Canary"))
SLOW = Source("slow_p99", Family.SLOW, bad_are="were slow", base=a_slow_arm("Base"), canary=a_slow_arm("Canary"))


@pytest.fixture(scope="module")
def start(shared: Ground) -> int:
    """Three minutes: with both arms, with base only, with neither."""
    first = int(shared.aws.clock.now()) // 60 * 60 - 1200
    written = {"BaseAll": (90, 60), "BaseBad": (1, 0), "BaseGood": (80, 60), "CanaryAll": (10,), "CanaryGood": (7,)}
    for name, values in written.items():
        for number, value in enumerate(values):
            shared.aws.metrics.put("Count", name, {}, first + 60 * number, [float(value)], [1.0])
    return first


def test_a_minute_has_both_arms_and_an_arm_without_values_is_0(ground: Ground, start: int):
    metrics = MetricReader(ground.aws.client("cloudwatch"))
    counted = read_counts(metrics, [ERRORS, SLOW], ((), ()), start, start + 180)

    assert counted.metrics == {
        start: {"errors": RawCounts(10, 0, 90, 1), "slow_p99": RawCounts(10, 3, 90, 10)},
        start + 60: {"errors": RawCounts(0, 0, 60, 0), "slow_p99": RawCounts(0, 0, 60, 0)},
        start + 120: {},
    }
    assert counted.integrated == {}


def test_a_missing_count_of_bad_requests_is_never_0_where_it_is_always_written(ground: Ground, start: int):
    always = replace(ERRORS, counts_bad_always=True)
    counted = read_counts(MetricReader(ground.aws.client("cloudwatch")), [always], ((), ()), start, start + 120)

    assert counted.metrics == {
        start: {"errors": RawCounts(10, None, 90, 1)},
        start + 60: {"errors": RawCounts(0, 0, 60, 0)},
    }


def test_a_trimmed_count_without_a_point_is_an_arm_where_all_is_slow(ground: Ground, start: int):
    ground.aws.metrics.put("Count", "CanarySlowAll", {}, start, [10.0], [1.0])
    arm = ArmSource((Series("Count", "CanarySlowAll", "Sum"),), (Series("Count", "Nobody", "Sum"),), counts_good=True)
    source = replace(SLOW, canary=arm)
    counted = read_counts(MetricReader(ground.aws.client("cloudwatch")), [source], ((), ()), start, start + 60)

    assert counted.metrics[start]["slow_p99"] == RawCounts(10, 10, 90, 10)


def test_the_requests_that_reached_an_integration_are_read_in_the_same_call(ground: Ground, start: int):
    arms = ((Series("Count", "CanaryAll", "Sum"),), (Series("Count", "BaseAll", "Sum"),))
    metrics = MetricReader(ground.aws.client("cloudwatch"))
    counted = read_counts(metrics, [], arms, start, start + 180)

    assert counted.integrated == {start: (10, 90), start + 60: (0, 60)}
    assert metrics.requested == 2


def test_a_total_is_that_of_all_series_and_minutes(ground: Ground, start: int):
    both = (Series("Count", "CanaryAll", "Sum"), Series("Count", "BaseAll", "Sum"), Series("Count", "Nobody", "Sum"))
    assert read_total(MetricReader(ground.aws.client("cloudwatch")), both, start, start + 180) == 160


def test_a_history_has_only_minutes_with_requests_and_a_count_of_bad_ones(ground: Ground, start: int):
    ground.aws.metrics.put("Count", "BaseAll", {}, start + 180, [0.0], [1.0])
    ground.aws.metrics.put("Count", "BaseAll", {}, start + 240, [7.0], [1.0])
    metrics = MetricReader(ground.aws.client("cloudwatch"))

    assert read_history(metrics, ERRORS.base, start, start + 300) == {start: (90, 1), start + 60: (60, 0), start + 240: (7, 0)}
    whole = read_history(metrics, ERRORS.base, start, start + 300, counts_bad_always=True)
    assert whole == {start: (90, 1), start + 60: (60, 0)}
