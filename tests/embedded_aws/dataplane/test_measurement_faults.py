"""Lines and metrics that come late, twice, in part, never or with a wrong time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from embedded_aws.cloudwatch.metric_store import MetricStore, identify
from embedded_aws.cloudwatch.samples import StatisticSet
from embedded_aws.cloudwatch.statistics import parse_statistic
from embedded_aws.dataplane.measurement_faults import Data, Lines, MeasurementFaults
from embedded_aws.dataplane.records import ApiRecords
from embedded_aws.dataplane.served import Request, Served
from embedded_aws.time.clock import Clock
from embedded_aws.wire.unknowns import Unknowns

if TYPE_CHECKING:
    from collections.abc import Iterable

START = 1_767_571_200.0
GROUP = "/apigw/orders"


class World:
    """An access log and a metric store on a clock, with nothing behind them."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.metrics = MetricStore(self.clock.now, arrival_seconds=0, rng=random.Random(1))
        self.written: list[tuple[float, float, str]] = []
        self.records = ApiRecords(self, self.metrics, Unknowns())
        self.faults = MeasurementFaults(self.clock, self.records, self.metrics, rng=random.Random(2))

    def ingest_many(self, group: str, lines: Iterable[tuple[float, str]], *, stream: str = "") -> None:
        """Like CloudWatch Logs: when a line came, its time, its text."""
        assert (group, stream) == (GROUP, "access-log")
        self.written += [(self.clock.now() - START, at - START, text) for at, text in lines]

    def log(self, arm: str, text: str = "x") -> None:
        request = Request("api1", "prod", "GET", "/", self.clock.now())
        self.records.log(Served(request, "r", "e", arm=arm), GROUP, text)  # type: ignore[arg-type]

    def put(self, name: str = "Failed", value: float = 1.0) -> None:
        self.metrics.put("Orders", name, (), self.clock.now(), [value])

    def total(self, name: str = "Failed") -> dict[int, float]:
        """The sums of each minute so far, by its number."""
        found = self.metrics.series(
            identify("Orders", name), parse_statistic("Sum"), start=int(START), end=self.clock.now() + 60, seconds=60
        )
        return {int(at - START) // 60: value for at, value in found.items()}


@pytest.fixture
def world() -> World:
    return World()


def test_lines_are_written_as_they_come_without_a_fault(world: World):
    world.log("canary")
    assert world.written == [(0, 0, "x")]


def test_the_lines_of_one_arm_come_late_with_the_time_they_had(world: World):
    world.faults.add(Lines("canary", late=600))
    world.log("base", "b")
    world.log("canary", "c")
    world.clock.run_for(599)
    assert world.written == [(0, 0, "b")]
    world.clock.run_for(2)
    assert world.written == [(0, 0, "b"), (600, 0, "c")]


@pytest.mark.parametrize(("times", "written"), [(2, 2), (0, 0)])
def test_lines_come_twice_or_never(world: World, times: int, written: int):
    world.faults.add(Lines("canary", times=times))
    world.log("canary")
    assert len(world.written) == written


def test_a_share_of_both_arms_lines_is_lost(world: World):
    world.faults.add(Lines(None, times=0, share=0.5))
    for _ in range(200):
        world.log("base")
        world.log("canary")
    assert 150 < len(world.written) < 250


def test_one_arms_clock_may_be_ahead_or_behind(world: World):
    world.faults.add(Lines("canary", ahead=90))
    world.faults.add(Lines("base", ahead=-90))
    world.log("canary", "c")
    world.log("base", "b")
    assert world.written == [(0, 90, "c"), (0, -90, "b")]


def test_a_metric_is_silent_for_a_while(world: World):
    world.faults.add(Data("Failed", times=0, from_=START + 60, until=START + 120))
    for _ in range(3):
        world.put()
        world.put("Other")
        world.clock.run_for(60)
    assert (world.total(), world.total("Other")) == ({0: 1, 2: 1}, {0: 1, 1: 1, 2: 1})


def test_a_metric_comes_twice(world: World):
    world.faults.add(Data("Failed", times=2))
    world.put(value=3)
    world.metrics.put_set(identify("Orders", "Failed"), START, StatisticSet(2, 4, 2, 2))
    world.clock.run_for(60)
    assert world.total() == {0: 14}


def test_a_metric_comes_late_into_the_minute_it_was_of(world: World):
    world.faults.add(Data("Failed", late=300))
    world.put()
    world.metrics.put_set(identify("Orders", "Failed"), START, StatisticSet(1, 5, 5, 5))
    world.clock.run_for(299)
    assert world.total() == {}
    world.clock.run_for(2)
    assert world.total() == {0: 6}


def test_nothing_goes_wrong_once_the_faults_are_cleared_but_what_is_late_still_comes(world: World):
    world.faults.add(Lines("canary", late=60))
    world.faults.add(Data("Failed", times=0))
    world.log("canary", "late")
    world.faults.clear()
    world.log("canary", "now")
    world.put()
    world.clock.run_for(61)
    assert [text for _, _, text in world.written] == ["now", "late"]
    assert world.total() == {0: 1}


def test_a_metric_is_silent_for_one_arm(world: World):
    world.faults.add(Data("Failed", ("arm", "canary"), times=0))
    for arm in ("base", "canary"):
        world.metrics.put("Orders", "Failed", {"arm": arm}, START, [1.0])
    world.clock.run_for(60)
    found = [metric.dimensions for metric, _ in world.metrics.metrics()]
    assert found == [(("arm", "base"),)]
