"""Compare the judge with every peer and both oracles, on the same requests: `python -m bench.judge [--quick]`.

Writes bench/results.md, bench/results.svg and the table in docs/how-it-decides.md. Seeds are fixed; each share is reported with
its standard error.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.cells import Cell, fresh_grid, grid, part_of_grid, without_history
from bench.measured import CellResult
from bench.plot import plot
from bench.policies import POLICIES
from bench.rollout import roll_out
from bench.tables import judges, report
from bench.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
SEED = 20_261_123
FULL_RUNS, QUICK_RUNS = 2000, 35
LONG_POLICIES = {"cautious", "hotfix"}
"""These use a part of the grid and an eighth of the runs, because a run lasts up to ten times as long."""
CHUNK_RUNS = 100
BAR_WIDTH = 40
DOC = HERE.parent / "docs" / "how-it-decides.md"
DOC_BEGINS = "<!-- bench: the table of bench/results.md, written by python -m bench.judge -->\n"
DOC_ENDS = "<!-- bench: end -->"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some runs of a cell under a policy."""

    policy: str
    cell: Cell
    number: int
    runs: int
    seed: int


def fresh_chunks(runs: int, seed: int, policies: tuple[str, ...]) -> Iterator[Chunk]:
    """The same number of runs on cells that nothing was tuned on."""
    for policy in policies:
        for number, first in enumerate(range(0, runs, CHUNK_RUNS)):
            for cell in fresh_grid(seed):
                yield Chunk(policy, cell, number, min(CHUNK_RUNS, runs - first), seed)


def chunks(runs: int, seed: int, policies: tuple[str, ...]) -> Iterator[Chunk]:
    """The work: the whole grid for `standard` (also without history) and `fast`, a part of it for the long policies."""
    for policy in policies:
        cells = list(part_of_grid() if policy in LONG_POLICIES else grid())
        cells += without_history() if policy == "standard" else ()
        wanted = max(runs // 8, 1) if policy in LONG_POLICIES else runs
        for number, first in enumerate(range(0, wanted, CHUNK_RUNS)):
            for cell in cells:
                yield Chunk(policy, cell, number, min(CHUNK_RUNS, wanted - first), seed)


def measure(chunk: Chunk) -> CellResult:
    """Simulate a chunk."""
    rng = np.random.default_rng([chunk.seed, crc32(f"{chunk.policy} {chunk.cell.name}".encode()), chunk.number])
    result = CellResult(chunk.policy, chunk.cell)
    for _ in range(chunk.runs):
        result.add(roll_out(World(chunk.cell, rng), POLICIES[chunk.policy]))
    return result


def measure_all(work: list[Chunk], processes: int) -> list[CellResult]:
    """Simulate all chunks and show the progress."""
    merged: dict[tuple[str, Cell], CellResult] = {}
    begun, done, total = time.monotonic(), 0, sum(chunk.runs for chunk in work)
    with Pool(processes, initializer=gc.disable) as pool:  # rollouts make no cycles, so it would find nothing
        for result in pool.imap_unordered(measure, work, chunksize=4):
            known = merged.setdefault((result.policy, result.cell), CellResult(result.policy, result.cell))
            known.merge(result)
            done += next(iter(result.tallies.values())).runs
            _progress(done / total, time.monotonic() - begun)
    sys.stderr.write("\n")
    return list(merged.values())


def _progress(share: float, seconds: float) -> None:
    full = int(share * BAR_WIDTH)
    left = seconds / share - seconds
    sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR_WIDTH - full)}] {share:4.0%}, {seconds:.0f} s, about {left:.0f} s left   ")
    sys.stderr.flush()


def with_table(doc: str, told: str) -> str:
    """The document with the table between its two markers."""
    before, _, rest = doc.partition(DOC_BEGINS)
    _, _, after = rest.partition(DOC_ENDS)
    return f"{before}{DOC_BEGINS}\n{told}\n{DOC_ENDS}{after}"


def _write(results: list[CellResult], text: str, out: Path) -> None:
    (out / "results.md").write_text(text, encoding="utf-8")
    (out / "results.svg").write_text(plot(results), encoding="utf-8")
    common = [result for result in results if result.policy == "standard" and result.cell.has_history]
    if out == HERE and common:
        DOC.write_text(with_table(DOC.read_text(encoding="utf-8"), judges(common)), encoding="utf-8")


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per cell instead of {FULL_RUNS}")
    parser.add_argument("--runs", type=int, help="runs per cell")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--fresh", type=int, metavar="SEED", help="cells drawn with this seed, instead of the grid")
    parser.add_argument("--policies", nargs="+", choices=tuple(POLICIES), default=tuple(POLICIES))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=HERE, help="the directory that results.md and results.svg go to")
    asked = parser.parse_args()
    runs = asked.runs or (QUICK_RUNS if asked.quick else FULL_RUNS)
    begun = time.monotonic()
    policies = tuple(asked.policies)
    work = chunks(runs, asked.seed, policies) if asked.fresh is None else fresh_chunks(runs, asked.fresh, policies)
    results = measure_all(list(work), asked.processes)
    seed = asked.seed if asked.fresh is None else asked.fresh
    text = report(results, seed=seed, seconds=time.monotonic() - begun)
    if asked.fresh is None:
        _write(results, text, asked.out)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
