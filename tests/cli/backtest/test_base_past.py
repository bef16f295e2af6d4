"""The reading of base's past: which source is used, and which starts have a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import BusinessMetric, Metrics
from canary_cli.backtest.base_past import StartMaker, read_past
from canary_cli.backtest.frugal import FrugalReader
from tests.builders import NOON
from tests.cli.backtest.test_asking import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.rules.looks.sources import Series

HOUR = 3600
VALUES = {
    "BaseRequests": 600.0,
    "BaseErrors": 1.0,
    "BaseClientErrors": 12.0,
    "Count": 500.0,
    "5XXError": 2.0,
    "4XXError": 9.0,
}
SUMS = {("OnlyFailures", "Sum"): 600.0, ("Items", "Sum"): 900.0}
STATISTICS = {"SampleCount": 600.0, "p99": 300.0, "TC(:300)": 594.0, "TC(:200)": 570.0}


class Past(FrugalReader):
    """Answers as CloudWatch would where every minute is alike from some time on: the target's own, and the stage's."""

    def __init__(self, own_since: float, stage_since: float, gap: range = range(0)) -> None:
        super().__init__(None)
        self._since = {"Canary/orders": own_since, "AWS/ApiGateway": stage_since, "Orders": own_since}
        self._gap = gap

    def read(self, series: Sequence[Series], start: int, end: int, *, period: int = 60):
        return {
            one: {
                at: VALUES.get(one.name) or SUMS.get((one.name, one.statistic)) or STATISTICS.get(one.statistic, 0.0)
                for at in range(start, end, period)
                if at >= self._since[one.namespace] and at not in self._gap
            }
            for one in series
        }


def read(own_hours: float, stage_hours: float, gap: range = range(0), seconds: int = 4 * HOUR, *, business: str = ""):
    metrics = (BusinessMetric(business, "Orders"),) if business else ()
    inquiry = asked(days=2, metrics=Metrics(slow=("p99",), business=metrics))
    reader = Past(NOON - own_hours * HOUR, NOON - stage_hours * HOUR, gap)
    base = read_past(reader, inquiry)
    return base, StartMaker(reader, inquiry, base, (STANDARD,)).make(seconds, seconds)


@pytest.mark.parametrize(("own", "source", "rate"), [(50, "own", 1 / 600), (20, "stage", 2 / 500)])
def test_the_stages_metrics_are_used_where_the_targets_own_are_much_younger(own: int, source: str, rate: float):
    base, made = read(own, 90)
    assert base.is_stage is (source == "stage")
    last = made.starts[-1]
    assert last.evidence.metrics["errors"].slow.rate == pytest.approx(rate, rel=0.1)
    assert last.nested == ("slow_p99",)
    assert (last.minutes[0].counts["slow_p99"], last.minutes[0].tail) == ((600, 6), 30)


def test_a_start_freezes_its_own_day_and_keeps_the_minutes_after_it():
    _, made = read(100, 100)
    assert made.without_history == 0
    assert len(made.starts) in {43, 44}
    for one in made.starts:
        assert len(one.minutes) == 4 * 60
        assert not one.is_young
        assert one.at + 4 * HOUR < NOON


def test_starts_begin_where_the_data_do():
    _, made = read(10, 10)
    assert [one.is_young for one in made.starts] == [True] * len(made.starts)
    assert 4 <= len(made.starts) <= 5
    assert made.without_history == 0 or made.starts[0].at > NOON - 10 * HOUR + 1800


def test_a_start_after_a_day_without_data_is_left_out():
    gap = range(int(NOON) - 60 * HOUR, int(NOON) - 20 * HOUR)
    base, made = read(100, 100, gap)
    assert made.without_history > 10
    assert len(base.traffic) < 72 * 60
    silent = [one for one in made.starts if not any(minute.counts for minute in one.minutes)]
    assert silent, "a start with a history may still meet minutes without data"


def test_a_business_metric_of_which_only_failures_are_written_is_not_replayed():
    _, made = read(100, 100, business="OnlyFailures")
    assert {*made.starts[-1].evidence.metrics} == {"errors", "client_errors", "slow_p99"}
    assert {*made.starts[-1].minutes[0].counts} == {"errors", "client_errors", "slow_p99"}


def test_minutes_of_a_metric_that_contradict_themselves_are_not_replayed():
    _, made = read(100, 100, business="Items")
    assert {*made.starts[-1].evidence.metrics} == {"errors", "client_errors", "slow_p99", "business_Items"}
    assert {*made.starts[-1].minutes[0].counts} == {"errors", "client_errors", "slow_p99"}


def test_without_any_data_there_is_no_start():
    base, made = read(0, 0)
    assert (base.first, made.starts, made.without_history) == (None, (), 0)
