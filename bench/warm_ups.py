"""What a target gains that says how long its canaries are slow after a weight change: `python -m bench.warm_ups`.

Slow releases run on the same draws with several values of `metrics.warm_up`, and so do good ones whose instances start cold.
The schedule is the common one, by the clock.
"""

from __future__ import annotations

import gc
import sys
from multiprocessing import Pool
from statistics import fmean
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.arguments import runs_and_processes
from bench.cells import BAD, GOOD, LATENCY_BASE_RATE, Cell
from bench.policies import COMMON
from bench.ratios import paired_ratio
from bench.rollout import roll_out
from bench.runs import SEED
from bench.world import World
from canary.rules.judging.warm_up import UNKNOWN, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 100
TRAFFICS = (60, 600, 6000)
SHARES = (USUAL, UNKNOWN, (0.06, 0.012), (0.02, 0.005), (0.003, 0.003))
"""The first is what the others are compared with. The cold starts of the good releases make 5 % and then 1 % slow."""


def cells() -> Iterator[Cell]:
    """Slow releases, and good ones whose latency is compared."""
    releases = (release for release in (*BAD, *GOOD) if release.has_latency)
    return (Cell(release, traffic, LATENCY_BASE_RATE) for release in releases for traffic in TRAFFICS)


def measure(work: tuple[Cell, int]) -> tuple[Cell, list[float]]:
    """One draw: with each of the shares, the requests that a slow release harmed, or whether a good one was rolled back."""
    cell, run = work
    told = []
    for warm_up in SHARES:
        rng = np.random.default_rng([SEED, crc32(cell.name.encode()), run])
        tape = roll_out(World(cell, rng), COMMON, warm_up=warm_up)
        stops = [at for at in (tape.judge_at, tape.alarm_at) if at is not None]
        told.append(float(bool(stops)) if cell.release.is_good else tape.harm(min(stops, default=None)))
    return cell, told


def table(runs: int, processes: int) -> str:
    """Every value of the key, with the harm of slow releases and the share of good ones that are rolled back."""
    told: dict[Cell, list[list[float]]] = {cell: [] for cell in cells()}
    with Pool(processes, initializer=gc.disable) as pool:
        for cell, measured in pool.imap(measure, [(cell, run) for cell in told for run in range(runs)], chunksize=4):
            told[cell].append(measured)
    good = list(dict.fromkeys(cell.release.name for cell in told if cell.release.is_good))
    lines = [
        f"| `metrics.warm_up` | harm of slow releases | {' | '.join(f'{name}, rolled back' for name in good)} |",
        f"|{'---|' * (2 + len(good))}",
    ]
    for place, warm_up in enumerate(SHARES):
        slow = ([(one[place], one[0]) for one in runs_of] for cell, runs_of in told.items() if not cell.release.is_good)
        multiple, error = paired_ratio(slow)
        lost = (
            fmean(one[place] for cell, runs_of in told.items() if cell.release.name == name for one in runs_of) for name in good
        )
        shares = " | ".join(f"{share:.2%}" for share in lost)
        lines.append(f"| {', '.join(f'{share:g}' for share in warm_up)} | {multiple:.2f} ± {error:.2f} | {shares} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print the table."""
    runs, processes = runs_and_processes("bench.warm_ups", "What it is worth to know a target's warm-up.", runs=RUNS)
    sys.stdout.write(table(runs, processes))


if __name__ == "__main__":
    main()
