"""The cells of the benchmark: what a release does, and at which traffic and base rate.

A cell says what is true; the world decides what of it is seen, and when. Times are minutes since the first shift. A good
release is no worse than base; the outages that it meets hit both arms alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erf, exp, log, sqrt
from random import Random
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS_PER_MINUTE = (6, 60, 600, 6000, 60000)
BASE_RATES = (0.0001, 0.001, 0.01)
LATENCY_BASE_RATE = 0.001
CLIENT_RATES = {0.0001: 0.001, 0.001: 0.03, 0.01: 0.3}
"""The share of 4xx answers that is paired with each base rate of errors, so that every release meets each share."""

CLIENT_RATE = 0.03
BAD_CALLERS, BAD_CALLER_TIMES = 0.1, 1.0
"""The share of minutes with a misbehaving caller, and what that adds in both arms, as a multiple of the usual 4xx."""

STUFFING = 0.4
"""The share of all requests that come from a credential stuffing attack while there is one. They are additional, and all get a
4xx.
"""

OUTAGE_POINTS = 0.2
OUTAGE_MINUTES = (8.0, 14.0)
BURST = 3.0
LITTLE_WORSE = 1.1
PERCENTILES = (0.5, 0.9, 0.99)
LOG_SPREAD = 0.5
MEDIAN_MS = 120.0
COLD_SLOW = ((60.0, 0.05), (120.0, 0.01))
"""Up to how many seconds after a weight change the given share of the canary's requests starts cold and is slow."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a release does to the canary's requests.

    ``ratio`` multiplies the base's bad rate, ``points`` are added to it. ``begins``: the minute of the fault; ``begins_last``:
    the fault begins with the last step instead. ``outage``: minutes in which both arms fail more; ``outage_at_shift``: the
    outage begins within the minute of the second weight change instead. ``burst``: mean errors of one incident. ``slower``
    multiplies every latency, ``tail`` multiplies the p99 at the same median; if both are None, latency is ignored.
    ``stuffing``: minutes in which someone tries stolen passwords on both arms; ``stuffing_at_shift``: the attack begins with
    the minute of the second weight change instead. ``lost``: the share of the requests whose route the canary has lost; it
    answers them with 403.
    """

    name: str
    is_good: bool
    ratio: float = 1.0
    points: float = 0.0
    begins: float = 0.0
    begins_last: bool = False
    outage: tuple[float, float] | None = None
    outage_points: float = OUTAGE_POINTS
    outage_at_shift: bool = False
    outage_in_history: bool = False
    burst: float = 1.0
    slower: float | None = None
    tail: float = 1.0
    is_cold: bool = False
    stuffing: tuple[float, float] | None = None
    stuffing_at_shift: bool = False
    lost: float = 0.0

    @property
    def is_late(self) -> bool:
        """Whether the fault begins after the start."""
        return self.begins_last or self.begins > 0

    @property
    def is_null(self) -> bool:
        """Whether both arms fail alike. A release that is a little worse is good enough, but does not count as null."""
        return self.is_good and self.ratio <= 1.0

    @property
    def is_disturbed(self) -> bool:
        """Whether the rollout meets an outage, an attack, or errors that come in bursts."""
        is_attacked = self.stuffing is not None or self.stuffing_at_shift
        return self.outage is not None or self.outage_at_shift or self.burst > 1.0 or is_attacked

    @property
    def has_latency(self) -> bool:
        """Whether latency is compared."""
        return self.slower is not None

    def canary_rate(self, base: float) -> float:
        """The canary's bad rate once the fault has begun."""
        return min(base * self.ratio + self.points, 1.0)

    def slow_shares(self, above: float) -> tuple[float, float]:
        """Base's and the canary's share of requests above a latency."""
        z = NormalDist().inv_cdf(1.0 - above)
        stretched = LOG_SPREAD + log(self.tail) / NormalDist().inv_cdf(PERCENTILES[-1])
        return above, upper((z * LOG_SPREAD - log(self.slower or 1.0)) / stretched)


@dataclass(frozen=True, slots=True)
class Cell:
    """A release at a traffic (requests per minute, both arms) and a base rate.

    ``has_history``: whether base's history is known. ``client_rate``: the share of 4xx answers in both arms without a
    misbehaving caller.
    """

    release: Release
    traffic: float
    base_rate: float
    has_history: bool = True
    client_rate: float = CLIENT_RATE

    @property
    def name(self) -> str:
        """Its name in tables."""
        return f"{self.release.name}, {self.traffic:g}/min, {self.base_rate * 100:g} %" + (
            "" if self.has_history else ", no history"
        )


GOOD = (
    Release("same", is_good=True),
    Release("1.1 times", is_good=True, ratio=1.1),
    Release("shared outage", is_good=True, outage=OUTAGE_MINUTES),
    Release("bursts", is_good=True, burst=BURST),
    Release("latency same", is_good=True, slower=1.0),
    Release("cold start", is_good=True, slower=1.0, is_cold=True),
    Release("outage at a weight change", is_good=True, outage_at_shift=True),
    Release("outage in the history", is_good=True, outage_in_history=True),
    Release("credential stuffing", is_good=True, stuffing=OUTAGE_MINUTES),
    Release("credential stuffing at a weight change", is_good=True, stuffing_at_shift=True),
)
BAD = (
    Release("x2", is_good=False, ratio=2.0),
    Release("x5", is_good=False, ratio=5.0),
    Release("+1 point", is_good=False, points=0.01),
    Release("+5 points", is_good=False, points=0.05),
    Release("all failing", is_good=False, points=1.0),
    Release("+5 points from minute 20", is_good=False, points=0.05, begins=20.0),
    Release("+5 points inside an outage", is_good=False, points=0.05, begins=OUTAGE_MINUTES[0], outage=OUTAGE_MINUTES),
    Release("bursty +5 points", is_good=False, points=0.05, burst=BURST),
    Release("1.5 times slower", is_good=False, slower=1.5),
    Release("p99 1.5 times", is_good=False, slower=1.0, tail=1.5),
    Release("+1 point from the last step", is_good=False, points=0.01, begins_last=True),
    Release("a third of the routes lost", is_good=False, lost=1 / 3),
)


def grid() -> Iterator[Cell]:
    """Every cell. Latency does not depend on the errors' base rate, so it is compared at one of the rates only."""
    for release in (*GOOD, *BAD):
        for traffic in REQUESTS_PER_MINUTE:
            for rate in (LATENCY_BASE_RATE,) if release.has_latency else BASE_RATES:
                yield Cell(release, traffic, rate, client_rate=CLIENT_RATES[rate])


def part_of_grid() -> Iterator[Cell]:
    """Fewer cells, for the long policies: two traffic levels, one base rate."""
    return (cell for cell in grid() if cell.traffic in {60, 6000} and cell.base_rate == LATENCY_BASE_RATE)


def without_history() -> Iterator[Cell]:
    """The good cells of errors for a target without a history."""
    return (replace(cell, has_history=False) for cell in grid() if cell.release in GOOD and not cell.release.has_latency)


def fresh_grid(seed: int, count: int = 60) -> Iterator[Cell]:
    """Random cells that nothing was tuned on: traffic, rates, effects, outages, bursts and the faults' beginnings are drawn."""
    draw = Random(seed)  # noqa: S311 - cells, not secrets
    for number in range(count):
        release = _drawn(draw, draw.choice((*GOOD, *BAD)), number)
        traffic, rate = round(exp(draw.uniform(log(6), log(60000)))), round(exp(draw.uniform(log(5e-5), log(0.02))), 6)
        yield Cell(release, traffic, rate, client_rate=round(exp(draw.uniform(log(0.001), log(0.4))), 4))


def _drawn(draw: Random, like: Release, number: int) -> Release:
    begins = draw.uniform(3.0, 20.0)
    return replace(
        like,
        name=f"{like.name}, drawn {number}",
        ratio=1.0 + (like.ratio - 1.0) * draw.uniform(0.8, 1.5) if like.ratio > LITTLE_WORSE else like.ratio,
        points=min(like.points * draw.uniform(0.7, 3.0), 1.0),
        begins=begins if like.begins else 0.0,
        outage=(begins, begins + draw.uniform(2.0, 10.0)) if like.outage else None,
        outage_points=draw.uniform(0.05, 0.6),
        burst=draw.uniform(1.5, 4.0) if like.burst > 1.0 else 1.0,
        stuffing=(begins, begins + draw.uniform(2.0, 10.0)) if like.stuffing else None,
        lost=like.lost * draw.uniform(0.5, 1.5),
        slower=draw.uniform(1.3, 2.5) if like.slower and like.slower > 1.0 else like.slower,
        tail=draw.uniform(1.4, 2.5) if like.tail > 1.0 else 1.0,
    )


def latency_ms(above: float) -> float:
    """The latency that this share of base's requests exceeds."""
    return MEDIAN_MS * exp(LOG_SPREAD * NormalDist().inv_cdf(1.0 - above))


def upper(z: float) -> float:
    """The share of a standard normal above z."""
    return 0.5 * (1.0 - erf(z / sqrt(2.0)))
