"""Counts of both arms by minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.counting import read_counts, read_history
from canary.aws.metrics import Metrics
from canary.rules.look import RawCounts
from canary.rules.sources import ArmSource, Series, Source

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def an_arm(arm: str) -> ArmSource:
    return ArmSource((Series("Count", f"{arm}All", "Sum"),), (Series("Count", f"{arm}Bad", "Sum"),))


def a_slow_arm(arm: str) -> ArmSource:
    return ArmSource((Series("Count", f"{arm}All", "Sum"),), (Series("Count", f"{arm}Good", "Sum"),), counts_good=True)


ERRORS = Source("errors", base=an_arm("Base"), canary=an_arm("Canary"))
SLOW = Source("slow_p99", base=a_slow_arm("Base"), canary=a_slow_arm("Canary"), is_latency=True)


@pytest.fixture(scope="module")
def start(shared: Ground) -> int:
    """Three minutes: both arms; base alone; neither."""
    first = int(shared.aws.clock.now()) // 60 * 60 - 1200
    written = {"BaseAll": (90, 60), "BaseBad": (1, 0), "BaseGood": (80, 60), "CanaryAll": (10,), "CanaryGood": (7,)}
    for name, values in written.items():
        for number, value in enumerate(values):
            shared.aws.metrics.put("Count", name, {}, first + 60 * number, [float(value)], [1.0])
    return first


def test_a_minute_has_both_arms_and_an_arm_without_values_is_0(ground: Ground, start: int):
    counts = read_counts(Metrics(ground.aws.client("cloudwatch")), [ERRORS, SLOW], start, start + 180)

    assert counts == {
        start: {"errors": RawCounts(10, 0, 90, 1), "slow_p99": RawCounts(10, 3, 90, 10)},
        start + 60: {"errors": RawCounts(0, 0, 60, 0), "slow_p99": RawCounts(0, 0, 60, 0)},
        start + 120: {},
    }


def test_a_history_has_only_minutes_with_requests(ground: Ground, start: int):
    ground.aws.metrics.put("Count", "BaseAll", {}, start + 180, [0.0], [1.0])
    metrics = Metrics(ground.aws.client("cloudwatch"))

    assert read_history(metrics, ERRORS.base, start, start + 240) == [(90, 1), (60, 0)]
