"""Which cells are fair: those in which even the oracle that may only compare the arms misses few of the bad releases.

A full run measures this itself. A quick run has too few runs per cell for that, so it reads bench/fair.json: the oracle's
misses and the runs of each cell, from the runs that docs/benchmark.md names. Cells near the edge are listed with their figures,
because a cell may be on the other side of it in the next run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.measured import ARMS_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.measured import CellResult

FAIR_MISSES = 0.05
EDGE = (0.02, 0.2)
"""A cell is near the edge if the oracle misses this share of its bad releases."""

Place = tuple[str, str]
"""A policy's and a cell's name."""


@dataclass(frozen=True, slots=True)
class FairSet:
    """The oracle's misses and runs by policy and cell, over bad releases with a history."""

    misses: Mapping[Place, tuple[int, int]]

    def share(self, result: CellResult) -> float:
        """The share of bad releases that the oracle misses in the result's cell."""
        missed, runs = self.misses[result.policy, result.cell.name]
        return missed / runs

    def is_fair(self, result: CellResult) -> bool:
        """Whether a judge that compares the arms can be expected to find this fault."""
        return (result.policy, result.cell.name) in self.misses and self.share(result) <= FAIR_MISSES

    def is_near_edge(self, result: CellResult) -> bool:
        """Whether the cell is nearly fair, or nearly not."""
        return (result.policy, result.cell.name) in self.misses and EDGE[0] <= self.share(result) <= EDGE[1]

    def fair(self, results: Iterable[CellResult]) -> list[CellResult]:
        """The results of fair cells."""
        return [result for result in results if self.is_fair(result)]

    def over(self, other: FairSet) -> FairSet:
        """The figures of this set, and the other's figures for cells that this one does not know."""
        return FairSet({**other.misses, **self.misses})


def fair_set_of(results: Iterable[CellResult]) -> FairSet:
    """What these results say themselves."""
    told = {}
    for result in results:
        if not result.cell.release.is_good and result.cell.has_history:
            tally = result.tallies[ARMS_ONLY]
            told[result.policy, result.cell.name] = (tally.runs - tally.back, tally.runs)
    return FairSet(told)


def write_fair_set(fair: FairSet, path: Path) -> None:
    """Keep the set as JSON: by policy and cell the oracle's misses and the runs."""
    told: dict[str, dict[str, list[int]]] = {}
    for (policy, cell), counts in sorted(fair.misses.items()):
        told.setdefault(policy, {})[cell] = list(counts)
    lines = [
        f"{json.dumps(policy)}: {{\n" + ",\n".join(f"{json.dumps(cell)}: {counts}" for cell, counts in cells.items()) + "\n}"
        for policy, cells in told.items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_fair_set(path: Path) -> FairSet:
    """The set that was kept.

    Raises:
        ValueError: the file holds something else.
    """
    text = path.read_text(encoding="utf-8")
    try:
        told: Any = json.loads(text)
        return FairSet({(policy, cell): _counts(pair) for policy, cells in told.items() for cell, pair in cells.items()})
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must give misses and runs by policy and cell, got {error}; keep a full run again") from error


def _counts(pair: Sequence[int]) -> tuple[int, int]:
    missed, runs = pair
    if not 0 <= missed <= runs or not runs:
        raise ValueError(f"{missed} misses of {runs} runs")
    return int(missed), int(runs)
