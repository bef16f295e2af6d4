"""Compare the judge with every peer and the oracles, on the same requests: `python -m bench.judge [--quick]`.

Writes results.md, results.svg and judges.md to a folder that Git ignores. A full run also writes fair.json: the oracle's misses
and the runs of each cell with a bad release, from which it follows which cells are fair. A quick run reads bench/fair.json
instead, which has the same counts from the runs that docs/benchmark.md names. `python -m bench.judge.keep` keeps a full run.
Seeds are fixed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.judge.fair import fair_set_of, read_fair_set, write_fair_set
from bench.judge.plot import plot
from bench.judge.tables import KEPT_SOURCE, OWN_SOURCE, judges, report
from bench.policies import POLICIES
from bench.runs import FULL_RUNS, QUICK_RUNS, SEED, chunks, fresh_chunks, measure_all

if TYPE_CHECKING:
    from bench.judge.fair import FairSet
    from bench.measured import CellResult

BENCH = Path(__file__).resolve().parents[1]
OUT = BENCH.parent / "reports" / "bench"
RESULTS, PICTURE, JUDGES, FAIR = "results.md", "results.svg", "judges.md", "fair.json"


def make_parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="bench.judge", description="Compare the judge with its peers on simulated requests.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per cell instead of {FULL_RUNS}")
    parser.add_argument("--runs", type=int, help="runs per cell")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--fresh", type=int, metavar="SEED", help="cells drawn with this seed, instead of the grid")
    parser.add_argument("--policies", nargs="+", choices=tuple(POLICIES), default=tuple(POLICIES))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder that the results go to")
    return parser


def main() -> None:
    """Measure and write the report."""
    asked = make_parser().parse_args()
    runs = asked.runs or (QUICK_RUNS if asked.quick else FULL_RUNS)
    begun = time.monotonic()
    policies = tuple(asked.policies)
    work = chunks(runs, asked.seed, policies) if asked.fresh is None else fresh_chunks(runs, asked.fresh, policies)
    kept = None if runs >= FULL_RUNS or asked.fresh is not None else read_fair_set(BENCH / FAIR)
    results = measure_all(list(work), asked.processes)
    own = fair_set_of(results)
    fair, source = (kept.over(own), KEPT_SOURCE) if kept else (own, OWN_SOURCE)
    is_full = runs >= FULL_RUNS and set(policies) == set(POLICIES) and asked.fresh is None
    seed = asked.seed if asked.fresh is None else asked.fresh
    text = report(results, fair, seed=seed, seconds=time.monotonic() - begun, fair_source=source)
    _write(results, fair, text, asked.out, is_full=is_full)
    sys.stdout.write(text)


def _write(results: list[CellResult], fair: FairSet, text: str, out: Path, *, is_full: bool) -> None:
    """The files of this run; what an earlier run left in the folder goes."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (RESULTS, PICTURE, JUDGES, FAIR):
        (out / name).unlink(missing_ok=True)
    common = [result for result in results if result.policy == "standard" and result.cell.has_history]
    (out / RESULTS).write_text(text, encoding="utf-8")
    if common:
        (out / PICTURE).write_text(plot(results, fair), encoding="utf-8")
        (out / JUDGES).write_text(judges(common, fair) + "\n", encoding="utf-8")
    if is_full:
        write_fair_set(fair, out / FAIR)
    sys.stderr.write(f"written to {out}\n")
