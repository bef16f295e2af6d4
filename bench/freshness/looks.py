"""What rarer looks would save, and what they would harm: `python -m bench.freshness.looks`.

Each rollout runs once under `standard` with a look each minute. A rarer look sees the same minutes later, so it rolls back at
the first of its times at which the product would already have rolled back. The end of a step is always looked at.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from dataclasses import dataclass, replace
from multiprocessing import Pool
from statistics import fmean
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.cells import BAD, Cell
from bench.policies import COMMON
from bench.ratios import paired_ratio
from bench.rollout import roll_out
from bench.runs import SEED
from bench.world import World
from canary.rules.rollouts.price import Usage, price
from canary.rules.rollouts.report import FUNCTION_GB, SECONDS_PER_CALL
from canary.rules.targets.policy import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rollout import Tape

RUNS = 60
TRAFFICS, RATE = (60, 600, 6000), 0.001
LEFT_OUT = frozenset({"x2", "+5 points inside an outage", "bursty +5 points", "p99 1.5 times"})
"""Bad releases that are not found at every one of these traffics."""

POLICY = replace(COMMON, steps=STANDARD.steps)
TRANSITIONS, CALLS, METRICS = 226, 78, 628
"""What the healthy release of `python -m bench.price` used, as docs/performance.md tells."""

LOOKS, WATCH_LOOKS, WATCH_METRICS = 46, 16, 77
METRICS_OF_A_LOOK, TRANSITIONS_OF_A_LOOK = 12, 3


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A look each minute for so many minutes of a step, then every `then` minutes. ``watch``: minutes between its looks."""

    at_first: int
    then: int
    watch: int = 1

    @property
    def name(self) -> str:
        """Its name in the table."""
        look = f"each minute for {self.at_first} minutes of a step, then every {self.then}"
        look = f"every {self.then} minutes" if not self.at_first else look if self.then > 1 else "each minute"
        watch = "" if self.watch == 1 else f"; the watch every {self.watch}"
        return look + watch

    def is_look(self, minute: int, *, ends_step: bool) -> bool:
        """Whether the step's `minute`-th look, from 0, is taken."""
        return ends_step or minute < self.at_first or (minute - self.at_first) % self.then == self.then - 1


RHYTHMS = (
    Rhythm(15, 1),
    Rhythm(15, 1, watch=2),
    Rhythm(15, 1, watch=3),
    Rhythm(10, 2),
    Rhythm(8, 2),
    Rhythm(5, 2),
    Rhythm(5, 3),
    Rhythm(3, 3),
    Rhythm(0, 2),
    Rhythm(0, 3),
    Rhythm(8, 2, watch=3),
    Rhythm(5, 3, watch=3),
    Rhythm(3, 3, watch=3),
)


def dollars(rhythm: Rhythm, looks: float) -> float:
    """The measured price less what the looks that are not taken would have used."""
    fewer, watched = LOOKS - looks, WATCH_LOOKS - WATCH_LOOKS / rhythm.watch
    metrics = fewer * METRICS_OF_A_LOOK + WATCH_METRICS / WATCH_LOOKS * watched
    calls = CALLS - fewer - watched
    usage = Usage(
        transitions=round(TRANSITIONS - TRANSITIONS_OF_A_LOOK * (fewer + watched)),
        lambda_calls=round(calls),
        metrics_requested=round(METRICS - metrics),
        lambda_gb_seconds=calls * FUNCTION_GB * SECONDS_PER_CALL,
    )
    return float(price(usage).dollars)


def looks_of(tape: Tape, rhythm: Rhythm) -> Iterator[float]:
    """The times of the looks that the rhythm takes."""
    step, minute = 0, 0
    for look in tape.looks:
        if look.step != step:
            step, minute = look.step, 0
        if rhythm.is_look(minute, ends_step=look.ends_step):
            yield look.now
        minute += 1


def cells() -> list[Cell]:
    """The bad releases that are found at each of the traffics."""
    return [Cell(release, traffic, RATE) for release in BAD if release.name not in LEFT_OUT for traffic in TRAFFICS]


def measure(work: tuple[Cell, int]) -> tuple[Cell, list[tuple[float, int]]]:
    """One run: the requests harmed under each rhythm, and how many looks a rollout without a rollback has."""
    cell, run = work
    rng = np.random.default_rng([SEED, crc32(cell.name.encode()), run])
    tape = roll_out(World(cell, rng), POLICY)
    stops = [at for at in (tape.judge_at, tape.alarm_at) if at is not None]
    told = []
    for rhythm in RHYTHMS:
        times = list(looks_of(tape, rhythm))
        stopped = next((at for at in times if at >= min(stops)), None) if stops else None
        told.append((tape.harm(stopped), len(times)))
    return cell, told


def table(runs: int, processes: int) -> str:
    """Every rhythm with its looks, its price, and its harm beside that of a look each minute."""
    harm: dict[Cell, list[list[float]]] = {cell: [[] for _ in RHYTHMS] for cell in cells()}
    looks: list[list[int]] = [[] for _ in RHYTHMS]
    with Pool(processes, initializer=gc.disable) as pool:
        for cell, told in pool.imap(measure, [(cell, run) for cell in cells() for run in range(runs)], chunksize=8):
            for place, (harmed, number) in enumerate(told):
                harm[cell][place].append(harmed)
                looks[place].append(number)
    others = LOOKS - fmean(looks[0])
    lines = ["| a look | looks | dollars | harm, times that of a look each minute |", "|---|---|---|---|"]
    for place, rhythm in enumerate(RHYTHMS):
        taken = fmean(looks[place]) + others
        lines.append(f"| {rhythm.name} | {taken:.0f} | {dollars(rhythm, taken):.4f} | {_told(harm, place)} |")
    return "\n".join(lines) + "\n"


def _told(harm: dict[Cell, list[list[float]]], place: int) -> str:
    multiple, error = paired_ratio(zip(columns[place], columns[0], strict=True) for columns in harm.values())
    return f"{multiple:.3f} ± {error:.3f}"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="bench.freshness.looks", description="What rarer looks would save and harm.")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each cell")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    sys.stdout.write(table(asked.runs, asked.processes))


if __name__ == "__main__":
    main()
