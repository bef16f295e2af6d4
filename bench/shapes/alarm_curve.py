"""How often the alarms fire, for other choices of N, M and the score: `python -m bench.shapes.alarm_curve`.

The judge is left out and the weights rise by the clock, so the same minutes are scored by every choice. The shipped choice is
marked, and is scored by the product's own expressions; the others differ from it in the numbers that a choice names.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from multiprocessing import Pool
from statistics import mean
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.cells import Cell, Release
from bench.policies import COMMON
from bench.runs import SEED
from bench.shapes.rows import rows
from bench.shapes.shaped_world import ShapedWorld
from bench.shapes.trouble import Trouble
from bench.world import World
from canary.rules.targets import alarms
from canary_cli.backtest.alarm_math import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.world import Four
    from canary.rules.targets.policy import Policy

FULL_RUNS, QUICK_RUNS = 4000, 20
MINUTES = 34
IN_TIME_MINUTES = 9
GOOD = "^(zone outage|sick sandbox|own drift)"
SMALL_REQUESTS = 20
FAILS_ALWAYS = Release("fails always", is_good=False, points=1.0)
WORSE = tuple(Release(f"{points * 100:+g} points", is_good=False, points=points) for points in (0.05, 0.2, 0.5))


@dataclass(frozen=True, slots=True)
class Choice:
    """An alarm: `m` of `n` minutes above `threshold`, where a collapse counts `times` times."""

    m: int
    n: int
    threshold: float = alarms.THRESHOLD
    times: float = alarms.COLLAPSED_TIMES

    @property
    def is_shipped(self) -> bool:
        """Whether the product's alarms are so."""
        shipped = (alarms.DATAPOINTS_TO_ALARM, alarms.EVALUATION_PERIODS, alarms.THRESHOLD, alarms.COLLAPSED_TIMES)
        return (self.m, self.n, self.threshold, self.times) == shipped

    def fires_at(self, minutes: Sequence[Four]) -> int | None:
        """The number of the minute, from 1 on, after which the alarm fires."""
        breaching = [self.score(counts) > self.threshold for counts in minutes]
        fired = (end for end in range(1, len(breaching) + 1) if sum(breaching[max(end - self.n, 0) : end]) >= self.m)
        return next(fired, None)

    def score(self, counts: Four) -> float:
        """The product's score, with another factor for a collapse."""
        nc, ec, nb, eb = counts
        found = score(counts) or 0.0
        is_collapsed = nc > 0 and nb > 0 and ec / nc - eb / nb > alarms.COLLAPSED
        return found * self.times / alarms.COLLAPSED_TIMES if is_collapsed else found


CHOICES = (
    Choice(2, 3, threshold=12.0, times=1.0),
    Choice(2, 3),
    Choice(5, 6),
    Choice(6, 8),
    Choice(7, 9),
    Choice(8, 10),
    Choice(10, 12),
    Choice(7, 9, times=1.0),
    Choice(7, 9, threshold=6.0),
    Choice(7, 9, threshold=9.0),
    Choice(7, 9, threshold=12.0),
    Choice(7, 9, threshold=18.0),
)
"""The first is what the alarms were at first."""


def steps_of(policy: Policy) -> tuple[tuple[float, float], ...]:
    """When each step begins by the clock, in seconds since the first shift, and its share."""
    begins = accumulate((step.bake_seconds for step in policy.steps[:-1]), initial=0)
    return tuple((float(at), float(step.weight_percent) / 100.0) for at, step in zip(begins, policy.steps, strict=True))


COMMON_STEPS = steps_of(COMMON)


@dataclass(frozen=True, slots=True)
class Case:
    """A cell, its trouble, and the weights: (seconds since the first shift, share)."""

    cell: Cell
    trouble: Trouble | None = None
    steps: tuple[tuple[float, float], ...] = COMMON_STEPS


def good_cases() -> list[Case]:
    """Good releases that fail in one arm more than in the other for a while."""
    return [Case(row.cell, row.trouble) for row in rows(GOOD)]


def small_cases() -> list[Case]:
    """A canary that always fails and gets twenty requests a minute, at each weight of `standard`."""
    return [Case(Cell(FAILS_ALWAYS, SMALL_REQUESTS / share, 0.001), steps=((0.0, share),)) for _, share in COMMON_STEPS]


def bad_cases() -> list[Case]:
    """Bad releases with more traffic."""
    return [Case(Cell(release, traffic, 0.001)) for release in WORSE for traffic in (600, 6000)]


def draw(case: Case, rng: np.random.Generator) -> list[Four]:
    """The counts of one run's minutes from the first shift on."""
    world = World(case.cell, rng) if case.trouble is None else ShapedWorld(case.cell, rng, trouble=case.trouble)
    world.history()
    left, minutes = list(case.steps), []
    for index in range(MINUTES):
        while left and world.offset + left[0][0] < (index + 1) * 60.0:
            after, share = left.pop(0)
            world.shift(world.offset + after, share, is_last=not left)
        minutes.append(world.minute(index).errors)
    return minutes


def fired(case: Case, runs: int, seed: int) -> list[list[int | None]]:
    """For each choice, when it fired in each run."""
    rng = np.random.default_rng([seed, crc32(case.cell.name.encode())])
    told = [draw(case, rng) for _ in range(runs)]
    return [[choice.fires_at(minutes) for minutes in told] for choice in CHOICES]


def table(runs: int, seed: int, processes: int) -> str:
    """The curve as Markdown."""
    good, small, bad = good_cases(), small_cases(), bad_cases()
    with Pool(processes) as pool:
        told = pool.map(partial(fired, runs=runs, seed=seed), [*good, *small, *bad], chunksize=1)
    names = [f"{case.cell.release.name}, {case.cell.traffic:g}/min" for case in good]
    lines = ["| alarm | " + " | ".join(_headings(names)) + " |", "|---" * (len(_headings(names)) + 1) + "|"]
    for number, choice in enumerate(CHOICES):
        of = [one[number] for one in told]
        shares = [_share(one, MINUTES) for one in of[: len(good)]]
        in_time = min(_share(one, IN_TIME_MINUTES) for one in of[len(good) : len(good) + len(small)])
        found = of[len(good) + len(small) :]
        cells = [*_by_kind(names, shares), _percent(in_time), _percent(mean(_share(one, MINUTES) for one in found))]
        lines.append(f"| {_name(choice)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _headings(names: Sequence[str]) -> list[str]:
    kinds = dict.fromkeys(_kind(name) for name in names)
    return [*kinds, f"fails always, {SMALL_REQUESTS}/min: fired in {IN_TIME_MINUTES} minutes", "+5 to +50 points: fired"]


def _by_kind(names: Sequence[str], shares: Sequence[float]) -> list[str]:
    """The largest share of each kind of good release."""
    kinds: dict[str, float] = {}
    for name, share in zip(names, shares, strict=True):
        kinds[_kind(name)] = max(kinds.get(_kind(name), 0.0), share)
    return [_percent(share) for share in kinds.values()]


def _kind(name: str) -> str:
    return "sick sandbox" if "sick" in name else name.partition(",")[0]


def _name(choice: Choice) -> str:
    collapse = f", a collapse {choice.times:g} times" if choice.times > 1 else ""
    text = f"{choice.m} of {choice.n} above {choice.threshold:g}{collapse}"
    return f"**{text}**" if choice.is_shipped else text


def _share(ends: Sequence[int | None], within: int) -> float:
    return sum(end is not None and end <= within for end in ends) / len(ends)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def main() -> None:
    """Measure and print the curve."""
    parser = argparse.ArgumentParser(prog="bench.shapes.alarm_curve", description="How often the alarms fire.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per cell instead of {FULL_RUNS}")
    parser.add_argument("--runs", type=int, help="runs per cell")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    sys.stdout.write(table(asked.runs or (QUICK_RUNS if asked.quick else FULL_RUNS), asked.seed, asked.processes))


if __name__ == "__main__":
    main()
