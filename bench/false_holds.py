"""How often a good release is held because its split or a metric's silence looks wrong: `python -m bench.false_holds`.

Good rollouts are simulated under the shipped policies, with the product's own rules. Two more tables follow: how soon counting
faults are found (`bench.instrument_faults`), and what effect requests have that are refused before their integration
(`bench.refused`). A step with few canary requests is extended for as long as the policy allows. Minutes of weight changes are
ignored.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from itertools import groupby
from math import exp, lgamma, log, sqrt
from multiprocessing import Pool
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench import instrument_faults, refused
from bench.instruments import HELD, Counted, Listener, World, draw, history
from bench.runs import SEED
from canary.rules.targets.policy import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RUNS = 20_000
SMALL, LARGE = (1, 3, 6), (60, 600, 6000)
FEW_REQUESTS = 300
"""A step that has fewer canary requests at the end of its bake is extended."""

CHUNK = 500
PLAIN = World()
WORLDS = (
    World("business data in clusters of 3 in one arm", cluster=3.0),
    World("day and night, the rollout at night", wave=0.7),
    World("half the checkouts of the day before", checkouts=0.5),
    World("each line arrives twice", copies=2),
    *(World(f"40 % refused, isCanary {say}", refused=0.4, refused_say=say) for say in refused.ANSWERS),
)
YOUNG = World("no history", is_young=True)


@dataclass(frozen=True, slots=True)
class Cell:
    """A world at a traffic (requests per minute, both arms) under a shipped policy, and the number of rollouts."""

    world: World
    traffic: float
    policy: str
    runs: int


@dataclass(slots=True)
class Holds:
    """The number of rollouts, and in how many of them each check held a step."""

    runs: int = 0
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*HELD, "any"), 0))

    def add(self, held: set[str]) -> None:
        """Add one rollout."""
        self.runs += 1
        for name in (*held, *(("any",) if held else ())):
            self.held[name] += 1

    def merge(self, other: Holds) -> None:
        """Add the other's rollouts."""
        self.runs += other.runs
        self.held = {name: number + other.held[name] for name, number in self.held.items()}


def grid(runs: int) -> Iterator[Cell]:
    """All runs on the small cells, fewer on the others."""
    some, few = max(runs // 4, 1), max(runs // 20, 1)
    for traffic in SMALL:
        yield Cell(PLAIN, traffic, "standard", runs)
    for traffic in LARGE:
        yield Cell(PLAIN, traffic, "standard", some)
    for policy in ("fast", "cautious"):
        for traffic in (*SMALL, 60):
            yield Cell(PLAIN, traffic, policy, few)
    for world in WORLDS:
        for traffic in (6, 60, 600):
            yield Cell(world, traffic, "standard", few)
        yield Cell(world, 60, "fast", few)
    for traffic in (6, 600):
        yield Cell(YOUNG, traffic, "standard", few)


def steps_of(cell: Cell) -> list[tuple[float, int]]:
    """Each step's weight as a fraction, and its judged minutes."""
    policy, steps = SHIPPED[cell.policy], []
    for step in policy.steps:
        share, minutes = float(step.weight_percent) / 100.0, step.bake_seconds // 60 - 1
        has_few = cell.traffic * (1.0 - cell.world.wave) * share * minutes < FEW_REQUESTS
        steps.append((share, minutes + (policy.max_extension_seconds // 60 if has_few else 0)))
    return steps


def roll_out(cell: Cell, listener: Listener, minutes: Iterator[Counted]) -> set[str]:
    """The checks that hold a step in a rollout."""
    for share, judged in steps_of(cell):
        listener.begin_step()
        for number in range(1, judged + 1):
            listener.hear(next(minutes), share=share, is_step_over=number == judged)
    return listener.held


def measure(cell: Cell, number: int, runs: int) -> Holds:
    """Simulate some rollouts of a cell."""
    rng = np.random.default_rng([SEED, crc32(repr(cell).encode()), number])
    shares = [share for share, judged in steps_of(cell) for _ in range(judged)]
    holds = Holds()
    for minutes in draw(cell.world, cell.traffic, shares, runs, rng):
        holds.add(roll_out(cell, Listener(history(cell.world, cell.traffic, rng)), minutes))
    return holds


def measured(cells: Sequence[Cell], processes: int) -> Iterator[tuple[Cell, Holds]]:
    """All cells, in order."""
    work = [(cell, k, min(CHUNK, cell.runs - first)) for cell in cells for k, first in enumerate(range(0, cell.runs, CHUNK))]
    with Pool(processes) as pool:
        results = zip(work, pool.imap(_measure, work), strict=True)
        for cell, chunks in groupby(results, key=lambda one: one[0][0]):
            holds = Holds()
            for _, chunk in chunks:
                holds.merge(chunk)
            yield cell, holds


def _measure(chunk: tuple[Cell, int, int]) -> Holds:
    return measure(*chunk)


def upper_bound(events: int, runs: int, *, level: float = 0.05) -> float:
    """The share at which so few events in so many runs have the probability `level` (one-sided, Poisson)."""
    low, high = 0.0, events + 20.0 + 5.0 * sqrt(events)
    for _ in range(60):
        mean = (low + high) / 2.0
        chance = sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(events + 1))
        low, high = (mean, high) if chance > level else (low, mean)
    return min(high / runs, 1.0)


def false_holds(runs: int, processes: int) -> Iterator[str]:
    """The table of good releases that were held, as Markdown lines."""
    yield f"| good release | requests/min | policy | rollouts | held | at most | {' | '.join(HELD)} |"
    yield f"|{'---|' * (6 + len(HELD))}"
    for cell, holds in measured(list(grid(runs)), processes):
        held, most = holds.held["any"], upper_bound(holds.held["any"], holds.runs)
        told = [cell.world.name, f"{cell.traffic:g}", cell.policy, f"{holds.runs}", f"{held / holds.runs:.3%}", f"{most:.3%}"]
        yield f"| {' | '.join([*told, *(f'{holds.held[name]}' for name in HELD)])} |"


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="rollouts on each of the small cells")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    begun = time.monotonic()
    few = max(given.runs // 40, 1)
    for lines in (
        false_holds(given.runs, given.processes),
        instrument_faults.table(few),
        refused.table(max(few // 5, 1)),
    ):
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        sys.stdout.write("\n")
    sys.stdout.write(
        f"`At most` is the upper end of a 95 % interval. The run took {(time.monotonic() - begun) / 60.0:.1f} minutes.\n"
    )


if __name__ == "__main__":
    main()
