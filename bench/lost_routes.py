"""How soon a release that has lost routes is rolled back: `python -m bench.lost_routes`.

The canary answers every request to the lost routes with 403; base answers none of them so. Both arms have the same callers, who
always get some share of 4xx. The result is reported by the lost routes' share of the requests, and compared with a test that
knows both rates and compares the arms.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.cells import CLIENT_RATES, Cell, Release
from bench.measured import ARMS_ONLY, CONTROLLER, CellResult, Tally
from bench.policies import COMMON
from bench.rollout import roll_out
from bench.runs import SEED
from bench.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 100
TRAFFICS = (6, 60, 600, 6000)
LOST = (0.05, 1 / 3)


def cells() -> Iterator[Cell]:
    """Some lost routes, at each traffic and each usual share of 4xx."""
    for lost in LOST:
        for traffic in TRAFFICS:
            for base_rate, client_rate in CLIENT_RATES.items():
                yield Cell(Release(f"{lost:.0%} lost", is_good=False, lost=lost), traffic, base_rate, client_rate=client_rate)


def measure(cell: Cell, runs: int) -> CellResult:
    """Rollouts of a cell on the common schedule."""
    rng = np.random.default_rng([SEED, crc32(f"{cell.name} {cell.client_rate}".encode())])
    result = CellResult("standard", cell)
    for _ in range(runs):
        result.add(roll_out(World(cell, rng), COMMON))
    return result


def table(runs: int) -> Iterator[str]:
    """The table as Markdown lines."""
    yield "| requests lost | requests/min | 4xx otherwise | rolled back | after minutes | oracle: arms compared | after |"
    yield f"|{'---|' * 7}"
    for cell in cells():
        tallies = measure(cell, runs).tallies
        told = (f"{cell.release.lost:.0%}", f"{cell.traffic:g}", f"{cell.client_rate:.1%}")
        yield f"| {' | '.join(told)} | {_told(tallies[CONTROLLER])} | {_told(tallies[ARMS_ONLY])} |"


def _told(tally: Tally) -> str:
    return f"{tally.back_share:.0%} | {tally.minutes_back / tally.back:.1f}" if tally.back else "0% | "


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    for line in table(parser.parse_args().runs):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
