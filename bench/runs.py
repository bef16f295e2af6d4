"""The runs of the benchmark: which cells under which policies, in chunks that several processes simulate.

A chunk has a random stream of its own, so it gives the same figures whenever and wherever it is measured.
"""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from multiprocessing import Pool
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.cells import Cell, fresh_grid, grid, part_of_grid, without_history
from bench.measured import CellResult
from bench.policies import HELD, POLICIES
from bench.rollout import roll_out
from bench.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEED = 20_261_123
FULL_RUNS, QUICK_RUNS = 1000, 35
LONG_POLICIES = {"cautious", "hotfix"}
"""These use a part of the grid and an eighth of the runs, because a run lasts up to ten times as long."""

CHUNK_RUNS = 100
BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some runs of a cell under a policy."""

    policy: str
    cell: Cell
    number: int
    runs: int
    seed: int


def fresh_chunks(runs: int, seed: int, policies: tuple[str, ...]) -> Iterator[Chunk]:
    """The same number of runs on cells that nothing was tuned on; those inside an outage for the policy whose steps wait."""
    for policy in policies:
        cells = list(_cells(policy, fresh_grid(seed)))
        for number, first in enumerate(range(0, runs, CHUNK_RUNS)):
            for cell in cells:
                yield Chunk(policy, cell, number, min(CHUNK_RUNS, runs - first), seed)


def chunks(runs: int, seed: int, policies: tuple[str, ...]) -> Iterator[Chunk]:
    """The work: the whole grid for `standard` (also without history) and `fast`, a part of it for the other policies.

    The policy whose steps wait has the bad releases inside an outage only.
    """
    for policy in policies:
        cells = list(_cells(policy, part_of_grid() if policy in LONG_POLICIES else grid()))
        cells += without_history() if policy == "standard" else ()
        wanted = max(runs // 8, 1) if policy in LONG_POLICIES else runs
        for number, first in enumerate(range(0, wanted, CHUNK_RUNS)):
            for cell in cells:
                yield Chunk(policy, cell, number, min(CHUNK_RUNS, wanted - first), seed)


def _cells(policy: str, cells: Iterable[Cell]) -> Iterator[Cell]:
    """Those of the cells that the report reads under the policy."""
    return (cell for cell in cells if policy != HELD.name or (not cell.release.is_good and cell.release.outage))


def measure(chunk: Chunk) -> CellResult:
    """Simulate a chunk."""
    rng = np.random.default_rng([chunk.seed, crc32(f"{chunk.policy} {chunk.cell.name}".encode()), chunk.number])
    result = CellResult(chunk.policy, chunk.cell)
    for _ in range(chunk.runs):
        result.add(roll_out(World(chunk.cell, rng), POLICIES[chunk.policy]))
    return result


def measure_all(work: list[Chunk], processes: int) -> list[CellResult]:
    """Simulate all chunks and show the progress. The results are in the order of the work, however the chunks end."""
    merged = {(chunk.policy, chunk.cell): CellResult(chunk.policy, chunk.cell) for chunk in work}
    begun, done, total = time.monotonic(), 0, sum(chunk.runs for chunk in work)
    with Pool(processes, initializer=gc.disable) as pool:  # rollouts make no cycles, so it would find nothing
        for result in pool.imap(measure, work, chunksize=4):
            merged[result.policy, result.cell].merge(result)
            done += next(iter(result.tallies.values())).runs
            _progress(done / total, time.monotonic() - begun)
    sys.stderr.write("\n")
    return list(merged.values())


def _progress(share: float, seconds: float) -> None:
    full = int(share * BAR_WIDTH)
    left = seconds / share - seconds
    sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR_WIDTH - full)}] {share:4.0%}, {seconds:.0f} s, about {left:.0f} s left   ")
    sys.stderr.flush()
