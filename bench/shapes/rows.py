"""The rows of the two tables of shapes: what the world does, at which traffic, and the bar that the product is held to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.cells import LATENCY_BASE_RATE, Cell, Release
from bench.policies import HELD
from bench.shapes.clusters import OutageInThrees, ParetoBursts, RareBursts, SickSandboxes, ZoneOutage
from bench.shapes.counting import LateBase, TwiceCounted
from bench.shapes.drifts import Drift
from bench.shapes.trouble import Trouble
from canary.rules.judging.warm_up import UNKNOWN, USUAL
from canary.rules.targets.policy import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD, AT_NINETY = "standard", "90 % at once"
POLICIES = {STANDARD: HELD, AT_NINETY: replace(HELD, name=AT_NINETY, steps=(Step(Decimal(90), 1800),))}
"""By name, because a chunk of work names its policy. A step may be extended where the evidence is suspicious or hidden."""

SAID = (0.45, 0.3, 0.15, 0.1, 0.06, 0.04)
"""What a target says whose canary warms up over five minutes: a little more than it needs in each."""

FROM_START = 60.0 * 24
OUTAGE = (8.0, 28.0)
ON_TIME_MINUTES, AFTER_OUTAGE_MINUTES = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """A cell with a trouble, and the bar: the share of good releases rolled back, or of bad ones promoted, at most.

    ``kind``: the rows whose mean is held to the bar too. ``warm_up``: what is allowed for; None if it is learned from a first
    release, which has the same warm-up.
    """

    kind: str
    cell: Cell
    bar: float
    trouble: Trouble = field(default_factory=Trouble)
    policy: str = STANDARD
    warms_up: bool = False
    warm_up: tuple[float, ...] | None = USUAL
    has_misses: bool = False

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return self.cell.name

    @property
    def minutes(self) -> float:
        """The latest promotion, in minutes after the first shift, that counts as on time: by the clock, or after an outage."""
        by_clock = sum(step.bake_seconds for step in POLICIES[self.policy].steps) / 60.0 + ON_TIME_MINUTES
        outage = self.cell.release.outage
        return by_clock if outage is None or outage[1] > FROM_START / 2 else max(by_clock, outage[1] + AFTER_OUTAGE_MINUTES)

    @property
    def is_good(self) -> bool:
        """Whether the release is good, so that the bar is about rollbacks."""
        return self.cell.release.is_good


def good_rows() -> Iterator[Row]:
    """Good releases; the bar is the largest share rolled back."""
    yield from _outages()
    yield from _latencies()
    yield from _counts()
    yield from _swings()
    yield from _clusters()


def bad_rows() -> Iterator[Row]:
    """Bad releases that a test which knows the rates finds; the bar is the largest share promoted."""
    drift = Drift(sd=0.7, minutes=10.0, is_shared=True)
    release = Release("four times worse in a shared drift", is_good=False, ratio=4.0)
    for rate in (0.001, 0.01):
        for traffic in (600, 6000):
            yield Row("shared drift", Cell(release, traffic, rate), 0.04, drift)
    misses = Release("cache misses 10 to 20 %", is_good=False, slower=1.0)
    yield Row("cache misses", Cell(misses, 60, LATENCY_BASE_RATE), 0.11, has_misses=True)
    yield Row("p99", Cell(Release("p99 1.5 times, shape", is_good=False, slower=1.0, tail=1.5), 60, LATENCY_BASE_RATE), 0.28)


def rows(pattern: str = "") -> list[Row]:
    """The rows whose kind or name matches the regular expression, in the order of the tables."""
    wanted = re.compile(pattern)
    return [row for row in (*good_rows(), *bad_rows()) if wanted.search(f"{row.kind}: {row.name}")]


def _good(name: str, outage: tuple[float, float] | None = None, points: float = 0.0, *, slower: float | None = None) -> Release:
    return Release(name, is_good=True, outage=outage, outage_points=points, slower=slower, is_cold=slower is not None)


def _outages() -> Iterator[Row]:
    for points in (0.005, 0.01, 0.02):
        release = _good(f"a shared outage of an hour, {points * 100:+g} points", (5.0, 65.0), points)
        yield Row("long mild outage", Cell(release, 120, 0.001), 0.005)
    for points in (0.02, 0.2):
        for traffic in (60, 600, 6000):
            release = _good(f"a shared outage in threes, {points * 100:+g} points", OUTAGE, points)
            yield Row("outage in threes", Cell(release, traffic, 0.001), 0.03, OutageInThrees())
    for traffic in (600, 6000):
        release = _good("a fifth of the sandboxes fails in both arms", OUTAGE, 0.2)
        yield Row("zone outage", Cell(release, traffic, 0.001), 0.05, ZoneOutage())


def _latencies() -> Iterator[Row]:
    of = "warm-up over five minutes, the target's"
    for known, name in ((UNKNOWN, f"{of} first release"), (None, f"{of} second release"), (SAID, f"{of} key")):
        release = _good(name, slower=1.0)
        for traffic in (60, 600, 6000):
            yield Row("warm-up", Cell(release, traffic, LATENCY_BASE_RATE), 0.01, warms_up=True, warm_up=known)


def _counts() -> Iterator[Row]:
    late = _good("base's newest minute half there")
    for traffic in (6000, 60000):
        yield Row("late log", Cell(late, traffic, 0.01), 0.005, LateBase())
    yield Row("counted twice", Cell(_good("a tenth of the batches counted twice"), 6000, 0.01), 0.01, TwiceCounted())


def _swings() -> Iterator[Row]:
    for rate in (0.001, 0.01):
        release = _good("base at three times its rate from minute 5, weight 90", (5.0, FROM_START), 2.0 * rate)
        yield Row("base tripled", Cell(release, 600, rate), 0.01, policy=AT_NINETY)
    for rate in (0.001, 0.01):
        for traffic in (600, 6000):
            yield Row("own drift", Cell(_good("each arm's own slow drift"), traffic, rate), 0.015, Drift(sd=0.5, minutes=5.0))


def _clusters() -> Iterator[Row]:
    for traffic in (600, 6000):
        for a_day, mean in ((3.0, 10.0), (4.0, 20.0), (5.0, 30.0)):
            release = _good(f"{a_day:g} bursts a day with a mean of {mean:g}")
            yield Row("rare bursts", Cell(release, traffic, 0.0001), 0.01, RareBursts(a_day, mean))
        for rate in (0.0001, 0.001):
            yield Row("rare bursts", Cell(_good("Pareto(1.5) bursts"), traffic, rate), 0.01, ParetoBursts())
    for traffic in (600, 6000):
        for often in (0.5, 1.0, 2.0):
            release = _good(f"each sandbox sick {often:g} times a day")
            yield Row("sick sandbox", Cell(release, traffic, 0.001), 0.02, SickSandboxes(often))
