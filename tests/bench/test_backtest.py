"""A backtest on a simulated past agrees with the simulation: releases end as often, and as soon, as the benchmark says.

The benchmark draws both arms of a release. The backtest has only base's minutes, drawn from the same world, and splits them.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import median

import numpy as np
import pytest

from bench.cells import BAD, GOOD, Cell, Release
from bench.latency import _above
from bench.policies import COMMON, POLICIES
from bench.rollout import roll_out
from bench.world import World
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes
from canary_cli.backtest.releases import TAIL_TIMES, Fault
from canary_cli.backtest.replaying import Ending, Question, replay_all, replay_seconds
from canary_cli.backtest.splitting import TAIL, BaseMinute, Start

DAY = 1440
NESTED = ("slow_p50", "slow_p90", TAIL)
AS_RELEASES = {
    Fault.NONE: GOOD[0],
    Fault.ONE_POINT: BAD[2],
    Fault.FIVE_POINTS: BAD[3],
    Fault.TWICE: BAD[0],
    Fault.LOST_ROUTE: BAD[11],
    Fault.SLOW_TAIL: Release("the slowest take 1.5 times as long", is_good=False, slower=1.0),
}
LOST = BAD[11].lost
SIGMAS = 4.0


def starts_of(cell: Cell, days: int, every: int, policy, seed: int = 7) -> tuple[Start, ...]:
    """Starts on so many days of the cell's base, each with the day before it as its history."""
    world = World(cell, np.random.default_rng(seed))
    past: dict[str, list[tuple[int, int]]] = {}
    tails: list[int] = []
    for _ in range(days + 1):
        day = world.history()
        for metric, minutes in day.items():
            past.setdefault(metric, []).extend(minutes)
        tails += tails_of(world, day) if TAIL in day else [0] * DAY
    families, lasts = world.families(), replay_seconds(policy) // 60
    nested = tuple(metric for metric in past if metric in NESTED)

    def start(first: int) -> Start:
        histories = {metric: minutes[first - DAY - 2 : first - 2] for metric, minutes in past.items()}
        evidence = begin_evidence(histories, families=families, stakes=stakes(families), alpha=policy.alpha)
        minutes = (BaseMinute({m: past[m][k] for m in past}, tails[k]) for k in range(first, first + lasts + 1))
        return Start(first * 60 + world.rng.uniform(0.0, 60.0), evidence, tuple(minutes), nested)

    return tuple(start(first) for first in range(DAY + 2, (days + 1) * DAY - lasts - 1, every))


def tails_of(world: World, day: dict[str, list[tuple[int, int]]]) -> list[int]:
    """How many of each minute's requests are slower than two thirds of the limit, given how many are slower than it."""
    limit = world.limits.limits[2]
    beyond, above = _above(limit / TAIL_TIMES), _above(limit)
    more = [world.rng.binomial(n - slow, (beyond - above) / (1.0 - above)) for n, slow in day[TAIL]]
    return [slow + int(one) for (_, slow), one in zip(day[TAIL], more, strict=True)]


class SlowTail(World):
    """A world in whose canary every request slower than two thirds of the p99 limit is slower than the limit."""

    def __post_init__(self) -> None:
        World.__post_init__(self)
        shares, beyond = [*self.limits.canary], _above(self.limits.limits[2] / TAIL_TIMES)
        self.limits = replace(self.limits, canary=(*shares[:4], sum(shares[4:]) - beyond, 0.0, beyond))


def simulated(fault: Fault, cell: Cell, policy, runs: int) -> list[float | None]:
    """When the benchmark's judge rolled back, in minutes after the start; None if it did not."""
    rng, world = np.random.default_rng(11), SlowTail if fault is Fault.SLOW_TAIL else World
    tapes = (roll_out(world(replace(cell, release=AS_RELEASES[fault]), rng), policy) for _ in range(runs))
    return [None if tape.judge_at is None else (tape.judge_at - tape.began) / 60 for tape in tapes]


def replayed(fault: Fault, starts: tuple[Start, ...], policy) -> list[float | None]:
    question = Question((policy,), (fault,), (), "errors", LOST)
    found = replay_all(question, starts)
    assert all(one.ending is not Ending.CUT_OFF for one in found)
    return [one.minutes if one.ending is Ending.CONDEMNED else None for one in found]


def require_agreement(one: list[float | None], other: list[float | None], *, minutes: float) -> None:
    """Both roll back as often, up to chance, and after about as many minutes."""
    shares = [sum(at is not None for at in found) / len(found) for found in (one, other)]
    pooled = (sum(at is not None for at in (*one, *other)) + 1) / (len(one) + len(other) + 2)
    error = sqrt(pooled * (1 - pooled) * (1 / len(one) + 1 / len(other)))
    assert abs(shares[0] - shares[1]) <= SIGMAS * error, shares
    caught = [[at for at in found if at is not None] for found in (one, other)]
    if min(map(len, caught)) >= 10:
        assert median(caught[0]) == pytest.approx(median(caught[1]), abs=minutes, rel=0.15)


QUICK = (Fault.NONE, Fault.ONE_POINT, Fault.FIVE_POINTS, Fault.LOST_ROUTE)


def test_two_days_agree_with_the_simulation():
    cell = Cell(GOOD[0], 600, 0.001)
    starts = starts_of(cell, 2, 120, COMMON)
    for fault in QUICK:
        require_agreement(replayed(fault, starts, COMMON), simulated(fault, cell, COMMON, 25), minutes=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(("traffic", "rate"), [(60, 0.01), (600, 0.001)])
def test_a_month_agrees_with_the_simulation(traffic: float, rate: float, fault: Fault):
    cell = Cell(Release("same", is_good=True, slower=1.0 if fault is Fault.SLOW_TAIL else None), traffic, rate)
    starts = starts_of(cell, 30, 240, COMMON)
    require_agreement(replayed(fault, starts, COMMON), simulated(fault, cell, COMMON, 200), minutes=1.0)


@pytest.mark.slow
def test_fast_agrees_too():
    cell = Cell(GOOD[0], 6000, 0.001)
    fast = POLICIES["fast"]
    starts = starts_of(cell, 10, 240, fast)
    for fault in (Fault.NONE, Fault.ONE_POINT):
        require_agreement(replayed(fault, starts, fast), simulated(fault, cell, fast, 60), minutes=2.0)
