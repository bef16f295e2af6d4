"""Compare ladders for the policy `fast`: `python -m bench.ladder [--keep]`.

Faults begin at any minute of ninety with the same probability, and harm counts to minute 120. Every ladder meets the same
draws. The front and the choice are read from one half of the draws, and their figures from the other half. `--keep` writes the
table that docs/benchmark.md includes.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from bench.cells import BAD, GOOD, Cell
from bench.ladder.ladders import FAST, REFERENCE, SHIPPED, Ladder, ladders
from bench.ladder.late_faults import Draw, Ended, roll_out
from bench.ratios import paired_ratio
from bench.runs import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
OUT, KEPT = ROOT / "reports" / "ladder.md", Path(__file__).with_name("front.md")
CHOSEN_ON, REPORTED_ON = 0, 1
RUNS = 60
EARLY_MINUTES = 30.0
SLACK_MINUTES = 0.5
"""A ladder that is slower than the reference by no more than this is not slower."""

FAULTS = ("x5", "+1 point", "+5 points", "1.5 times slower")
TRAFFICS = (60, 600, 6000)
RATE = 0.001
BEFORE_TABLE = """{runs} draws for each of {cells} faults and traffics in each half. Harm is a multiple of that of the
reference, {reference}, on the same draws. Numbers after ± are standard errors.
"""
COLUMNS = (
    "ladder, in percent",
    "harm",
    "of faults in the first half hour",
    "minutes to the last weight",
    "to 100 %",
    "good rolled back",
)


def cells() -> list[Cell]:
    """Faults that a rollout can find, and releases without a fault, each at three traffics."""
    chosen = [release for release in BAD if release.name in FAULTS] + [GOOD[4]]
    return [Cell(release, traffic, RATE) for release in chosen for traffic in TRAFFICS]


@dataclass(slots=True)
class Seen:
    """A ladder's rollouts of one half, by cell."""

    ladder: Ladder
    by_cell: dict[Cell, list[Ended]] = field(default_factory=dict)

    def bad(self) -> Iterator[list[Ended]]:
        """The rollouts of each bad cell."""
        return (ended for cell, ended in self.by_cell.items() if not cell.release.is_good)

    def good(self) -> list[Ended]:
        """The rollouts of good releases, where nothing may keep them: enough requests to show that they are safe."""
        return [one for cell, ended in self.by_cell.items() if cell.release.is_good for one in ended]

    @property
    def minutes(self) -> float:
        """When a good release had all traffic, on the average."""
        return fmean(one.promoted for one in self.good() if one.promoted is not None)

    @property
    def to_last(self) -> float:
        """When it had the last weight, at the highest traffic."""
        most = max(cell.traffic for cell in self.by_cell)
        told = [ended for cell, ended in self.by_cell.items() if cell.release.is_good and cell.traffic == most]
        return fmean(one.last_weight for ended in told for one in ended)

    def is_no_slower_than(self, other: Seen) -> bool:
        """Whether a good release gets the last weight and all traffic as soon."""
        return self.minutes <= other.minutes + SLACK_MINUTES and self.to_last <= other.to_last + SLACK_MINUTES

    @property
    def false(self) -> float:
        """The share of good releases that was rolled back."""
        return fmean(one.back is not None for one in self.good())


def measure(work: tuple[Cell, int, int]) -> list[tuple[int, Ended]]:
    """One draw of a cell under every ladder: the cell, the half and the number of the draw."""
    cell, half, number = work
    draw = Draw.of(cell, (SEED, half, number, cells().index(cell)), FAST.alpha)
    return [(place, roll_out(draw, ladder.policy)) for place, ladder in enumerate(ladders())]


def measure_all(runs: int, processes: int) -> list[list[Seen]]:
    """Every ladder on both halves."""
    wanted = list(ladders())
    halves = [[Seen(ladder) for ladder in wanted] for _ in (CHOSEN_ON, REPORTED_ON)]
    work = [(cell, half, number) for number in range(runs) for half in (CHOSEN_ON, REPORTED_ON) for cell in cells()]
    with Pool(processes, initializer=gc.disable) as pool:
        for done, ((cell, half, _), told) in enumerate(zip(work, pool.imap(measure, work, chunksize=4), strict=True), start=1):
            for place, ended in told:
                halves[half][place].by_cell.setdefault(cell, []).append(ended)
            sys.stderr.write(f"\r{done / len(work):4.0%} ")
    sys.stderr.write("\n")
    return halves


def relative_harm(seen: Seen, reference: Seen, *, until: float | None = None) -> tuple[float, float]:
    """Harm as a multiple of the reference's, the geometric mean over the bad cells, and its standard error.

    ``until``: only faults that begin by then, in minutes after the first shift. The draws are the same for both ladders. Not a
    number if no fault was met.
    """
    return paired_ratio(
        [(a.harm, b.harm) for a, b in zip(ours, theirs, strict=True) if until is None or a.fault <= until]
        for ours, theirs in zip(seen.bad(), reference.bad(), strict=True)
    )


def front(half: Sequence[Seen]) -> list[Seen]:
    """The ladders that no other ladder beats in both harm and minutes, quickest first."""
    reference = half[0]
    told = sorted(half, key=lambda one: (round(one.minutes, 1), relative_harm(one, reference)[0]))
    kept: list[Seen] = []
    for one in told:
        if not kept or relative_harm(one, reference)[0] < relative_harm(kept[-1], reference)[0]:
            kept.append(one)
    return kept


def knee(half: Sequence[Seen]) -> Seen:
    """The ladder with the least harm of those that are no slower than the reference and begin with no higher weight.

    A fault from the start meets the first weight, and `fast` has a bar of its own for such faults.
    """
    reference = half[0]
    allowed = [one for one in half if one.is_no_slower_than(reference) and one.ladder.weights[0] <= reference.ladder.weights[0]]
    return min(allowed, key=lambda one: relative_harm(one, reference)[0])


def table(halves: Sequence[Sequence[Seen]]) -> str:
    """The report in Markdown: every ladder's figures from the second half, with the front and the choice of the first."""
    chosen_on, told = halves
    on_front, best = {one.ladder for one in front(chosen_on)}, knee(chosen_on).ladder
    runs = min(map(len, chosen_on[0].by_cell.values()))
    lines = [
        BEFORE_TABLE.format(runs=runs, cells=len(list(chosen_on[0].bad())), reference=REFERENCE.name),
        f"| {' | '.join(COLUMNS)} | |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in sorted(told, key=lambda one: relative_harm(one, told[0])[0]):
        told_of = (
            ("front", one.ladder in on_front),
            ("chosen", one.ladder == best),
            ("reference", one.ladder == REFERENCE),
            ("shipped", one.ladder == SHIPPED),
        )
        notes = [note for note, holds in told_of if holds]
        cells_told = (
            one.ladder.name,
            _told(relative_harm(one, told[0])),
            _told(relative_harm(one, told[0], until=EARLY_MINUTES)),
            f"{one.to_last:.1f}",
            f"{one.minutes:.1f}",
            f"{100 * one.false:.2f} %",
            ", ".join(notes),
        )
        lines.append(f"| {' | '.join(cells_told)} |")
    return "\n".join(lines) + "\n"


def _told(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.3f} ± {pair[1]:.3f}"


def make_parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="bench.ladder", description="Compare ladders for the policy fast.")
    parser.add_argument("--runs", type=int, default=RUNS, help="draws of each cell in each half")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", action="store_true", help="write the table that the docs include")
    return parser


def main() -> None:
    """Measure and write the table."""
    asked = make_parser().parse_args()
    text = table(measure_all(asked.runs, asked.processes))
    out = KEPT if asked.keep else OUT
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
