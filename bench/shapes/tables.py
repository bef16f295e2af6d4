"""Measure the rows of shapes and print them: `python -m bench.shapes [PATTERN]`.

A bar is broken if the lower 95 % bound of a row's share is above it, or if the mean over the rows of its kind is. A bad release
is held to its bar only if a test that knows the rates finds it: where both oracles miss more of them than the bar allows, the
row is not fair, and it is listed without being counted.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from dataclasses import dataclass, replace
from math import sqrt
from multiprocessing import Pool
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.oracles import arms_only, wald
from bench.rollout import Tape, named, roll_out
from bench.runs import SEED
from bench.shapes.rows import POLICIES, Row, rows
from bench.shapes.shaped_world import ShapedWorld
from bench.world import SLOW
from canary.rules.judging.warm_up import UNKNOWN, allowed_warm_up, learn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ONE_SIDED = 1.645
CHUNK = 250
FULL_RUNS, QUICK_RUNS = 4000, 10
HEADINGS = (
    "kind",
    "cell",
    "runs",
    "share",
    "lower bound",
    "bar",
    "",
    "by the alarms alone",
    "promoted late",
    "oracles miss",
    "minutes to roll back",
)


@dataclass(frozen=True, slots=True)
class Result:
    """A row's runs: how many ended in a rollback, or saw an alarm fire, or were promoted late, and the minutes to roll back.

    ``late`` counts releases that waited more than five minutes beyond the clock, and, where there was an outage, more than half
    an hour beyond its end. ``missed``: the bad releases that neither oracle found on the same minutes.
    """

    row: Row
    runs: int = 0
    back: int = 0
    by_alarms: int = 0
    late: int = 0
    missed: int = 0
    minutes: float = 0.0

    def plus(self, other: Result) -> Result:
        """With the other's runs."""
        return replace(
            self,
            runs=self.runs + other.runs,
            back=self.back + other.back,
            by_alarms=self.by_alarms + other.by_alarms,
            late=self.late + other.late,
            missed=self.missed + other.missed,
            minutes=self.minutes + other.minutes,
        )

    @property
    def lost(self) -> int:
        """Good releases rolled back, or bad ones promoted."""
        return self.back if self.row.is_good else self.runs - self.back

    @property
    def share(self) -> float:
        """Their share."""
        return self.lost / self.runs

    @property
    def is_fair(self) -> bool:
        """Whether a judge can hold the bar: for bad releases, whether an oracle finds enough of them."""
        return self.missed <= self.row.bar * self.runs

    @property
    def lower(self) -> float:
        """The lower end of the one-sided 95 % interval (Wilson)."""
        z, p, n = ONE_SIDED, self.share, self.runs
        middle, spread = p + z * z / (2 * n), z * sqrt(p * (1.0 - p) / n + z * z / (4 * n * n))
        return max((middle - spread) / (1.0 + z * z / n), 0.0)


def measure(work: tuple[Row, int, int, int]) -> Result:
    """Simulate a chunk: a row, its runs, the chunk's number and the seed."""
    row, runs, number, seed = work
    rng = np.random.default_rng([seed, crc32(f"{row.kind} {row.name}".encode()), number])
    result = Result(row)
    for _ in range(runs):
        result = result.plus(_run(row, rng))
    return result


def _roll_out(row: Row, rng: np.random.Generator, warm_up: tuple[float, ...]) -> Tape:
    world = ShapedWorld(row.cell, rng, trouble=row.trouble, warms_up=row.warms_up, has_misses=row.has_misses)
    return roll_out(world, POLICIES[row.policy], warm_up=warm_up)


def _learned(row: Row, rng: np.random.Generator) -> tuple[float, ...]:
    """What the target's second release is allowed, once a first one was promoted by the clock."""
    tape = _roll_out(row, rng, UNKNOWN)
    counted = [((tape.first + k) * 60, named(minute, ("errors", *SLOW))) for k, minute in enumerate(tape.minutes)]
    return allowed_warm_up(None, learn(counted, tape.shifts, tape.world.families()))


def _run(row: Row, rng: np.random.Generator) -> Result:
    tape = _roll_out(row, rng, _learned(row, rng) if row.warm_up is None else row.warm_up)
    stops = [at for at in (tape.judge_at, tape.alarm_at) if at is not None]
    missed = 0 if row.is_good else int(wald(tape) is None and arms_only(tape) is None)
    if not stops:
        return Result(row, runs=1, late=int((tape.promoted_at - tape.began) / 60.0 > row.minutes), missed=missed)
    minutes = (min(stops) - tape.began) / 60.0
    return Result(row, runs=1, back=1, by_alarms=int(tape.alarm_at is not None), missed=missed, minutes=minutes)


def measure_all(wanted: Sequence[Row], runs: int, seed: int, processes: int) -> list[Result]:
    """Every row's result, in order; each is printed to the standard error as soon as it is known."""
    told = []
    with Pool(processes, initializer=gc.disable) as pool:  # rollouts make no cycles, so it would find nothing
        for row in wanted:
            begun = time.monotonic()
            work = [(row, min(CHUNK, runs - first), first // CHUNK, seed) for first in range(0, runs, CHUNK)]
            total = Result(row)
            for result in pool.imap_unordered(measure, work):
                total = total.plus(result)
            told.append(total)
            sys.stderr.write(f"{time.monotonic() - begun:5.0f} s  {_line(total)}\n")
    return told


def table(results: Iterable[Result]) -> str:
    """The rows as Markdown, and the kinds whose mean breaks their bar."""
    told = list(results)
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}", *map(_line, told)]
    for kind in dict.fromkeys(result.row.kind for result in told):
        of_kind = [result for result in told if result.row.kind == kind and result.is_fair]
        if not of_kind:
            continue
        mean = sum(result.share for result in of_kind) / len(of_kind)
        broken = "broken" if mean > of_kind[0].row.bar else "held"
        lines.append(
            f"| {kind} | mean of {len(of_kind)} | | {_percent(mean)} | | {_percent(of_kind[0].row.bar)} | {broken} | | | | |"
        )
    return "\n".join(lines) + "\n"


def _line(result: Result) -> str:
    row, what = result.row, "rolled back" if result.row.is_good else "promoted"
    cells = (
        row.kind,
        row.name,
        f"{result.runs:,}",
        f"{_percent(result.share)} {what}",
        _percent(result.lower),
        _percent(row.bar),
        ("broken" if result.lower > row.bar else "held") if result.is_fair else "not fair",
        _percent(result.by_alarms / result.runs),
        _percent(result.late / result.runs),
        "" if row.is_good else _percent(result.missed / result.runs),
        f"{result.minutes / result.back:.1f}" if result.back else "",
    )
    return f"| {' | '.join(cells)} |"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def make_parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="bench.shapes", description="Measure the judge where the world is not as simple.")
    parser.add_argument("pattern", nargs="?", default="", help="only the rows whose kind and name match, such as '^zone'")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per row instead of {FULL_RUNS}")
    parser.add_argument("--runs", type=int, help="runs per row")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser


def main() -> None:
    """Measure the rows that match, and print the table."""
    asked = make_parser().parse_args()
    runs = asked.runs or (QUICK_RUNS if asked.quick else FULL_RUNS)
    sys.stdout.write(table(measure_all(rows(asked.pattern), runs, asked.seed, asked.processes)))
