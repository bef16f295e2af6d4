"""What counts of ten seconds would be worth, and what they would cost: `python -m bench.freshness`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from math import exp, log
from multiprocessing import Pool
from statistics import fmean

import numpy as np

from bench.freshness.prices import price_table
from bench.freshness.slots import Fault, Freshness, seconds_to_rollback
from bench.runs import SEED

TODAY = Freshness(60, 60)
FRESHER = (TODAY, *(Freshness(slot, delay) for slot, delay in ((60, 120), (60, 10), (30, 10), (10, 60), (10, 10), (10, 5))))
BASE = 0.001
FAULTS = (("+1 point", 0.01), ("+5 points", 0.05), ("all failing", 1.0 - BASE))
TRAFFICS = (60, 600, 6000, 60000)
SHARES = (0.1, 0.5)
RUNS = 60


def faults() -> list[Fault]:
    """Every fault at every traffic and weight."""
    return [
        Fault(f"{name}, {traffic}/min, weight {share:.0%}", traffic, share, BASE, min(BASE + points, 1.0))
        for name, points in FAULTS
        for traffic in TRAFFICS
        for share in SHARES
    ]


def measure(work: tuple[int, int]) -> list[tuple[float, float]]:
    """One run of a fault, given by its number and the run's, under each freshness."""
    number, run = work
    fault = faults()[number]
    return [seconds_to_rollback(fault, fresh, np.random.default_rng([SEED, number, run])) for fresh in FRESHER]


def measure_all(runs: int, processes: int) -> list[list[list[tuple[float, float]]]]:
    """By fault and freshness, the seconds of every run under Wald's test and the product's judge."""
    told: list[list[list[tuple[float, float]]]] = [[[] for _ in FRESHER] for _ in faults()]
    work = [(number, run) for number in range(len(faults())) for run in range(runs)]
    with Pool(processes, initializer=gc.disable) as pool:
        for (number, _), pairs in zip(work, pool.imap(measure, work, chunksize=8), strict=True):
            for place, pair in enumerate(pairs):
                told[number][place].append(pair)
    return told


def table(told: list[list[list[tuple[float, float]]]]) -> str:
    """Each freshness beside today's: harm as the geometric mean over the faults of the mean seconds that a fault is met."""
    today = FRESHER.index(TODAY)
    by_traffic = {traffic: [k for k, fault in enumerate(faults()) if fault.traffic == traffic] for traffic in TRAFFICS}
    heads = ["slots, s", "known after, s", "harm, rates known", "harm, this judge", *(f"at {t:,} a minute" for t in TRAFFICS)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for place, fresh in enumerate(FRESHER):
        known = _multiple(told, range(len(told)), place, today, 0)
        judged = _multiple(told, range(len(told)), place, today, 1)
        columns = [f"{_multiple(told, where, place, today, 1):.2f}" for where in by_traffic.values()]
        lines.append(f"| {fresh.slot} | {fresh.delay} | {known:.2f} | {judged:.2f} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def _multiple(
    told: list[list[list[tuple[float, float]]]], where: range | list[int], place: int, today: int, judge: int
) -> float:
    means = [[fmean(pair[judge] for pair in told[number][at]) for at in (place, today)] for number in where]
    return exp(fmean(log(mine / theirs) for mine, theirs in means))


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(prog="bench.freshness", description="What counts of ten seconds would be worth.")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each fault")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    sys.stdout.write(f"{table(measure_all(asked.runs, asked.processes))}\n{price_table()}")
