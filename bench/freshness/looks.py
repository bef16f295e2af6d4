"""What rarer looks would save, and what they would harm: `python -m bench.freshness.looks`.

Each rollout runs once under `standard` with a look each minute. A rarer look sees the same minutes later, so it rolls back at
the first of its times at which a look each minute would already have rolled back. The end of a step is always looked at.

The last column has faults that begin at any minute of the rollout: they, more than the others, meet a step that was calm.
"""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass, replace
from math import ceil
from multiprocessing import Pool
from statistics import fmean
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.arguments import runs_and_processes
from bench.cells import BAD, GOOD, Cell, Release
from bench.policies import COMMON
from bench.ratios import paired_ratio
from bench.rollout import roll_out
from bench.runs import SEED
from bench.world import World
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.look_schedule import CLOSE_SECONDS
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

POLICY = replace(
    COMMON, steps=STANDARD.steps, calm_look_seconds=MINUTE_SECONDS, metric_delay_seconds=STANDARD.metric_delay_seconds
)
TRANSITIONS, CALLS, METRICS = 226, 78, 628
"""What the healthy release of `python -m bench.price` used with a look each minute, as docs/performance.md tells."""

LOOKS, WATCH_LOOKS, WATCH_METRICS = 46, 16, 77
WATCH_AT_FIRST = 5
"""The watch's looks up to the one that judges its first minute: they come each minute."""

METRICS_OF_A_LOOK, TRANSITIONS_OF_A_LOOK = 12, 3


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A look each minute for so many minutes of a step, then every `then` minutes. ``watch``: minutes between its looks.

    ``waits_for_calm``: only a look that found nothing against the canary is followed by a rarer one, as in the product.
    """

    at_first: int
    then: int
    watch: int = 1
    waits_for_calm: bool = True

    @property
    def name(self) -> str:
        """Its name in the table."""
        if self.then == 1:
            look = "each minute"
        elif self.at_first:
            calm = " while calm" if self.waits_for_calm else ""
            look = f"each minute for {self.at_first} minutes of a step, then every {self.then}{calm}"
        else:
            look = f"every {self.then} minutes"
        watch = "" if self.watch == 1 else f"; the watch every {self.watch}"
        return look + watch

    def minutes_to_next(self, minute: int, *, is_calm: bool) -> int:
        """Minutes from the step's `minute`-th look, from 0, to the next one."""
        is_rare = minute >= self.at_first and (is_calm or not self.waits_for_calm)
        return self.then if is_rare else 1


RHYTHMS = (
    Rhythm(15, 1),
    Rhythm(15, 1, watch=2),
    Rhythm(15, 1, watch=3),
    Rhythm(10, 2),
    Rhythm(8, 2),
    Rhythm(6, 2),
    Rhythm(5, 2),
    Rhythm(CLOSE_SECONDS // MINUTE_SECONDS, 2),
    Rhythm(3, 2),
    Rhythm(7, 3),
    Rhythm(5, 3),
    Rhythm(8, 2, waits_for_calm=False),
    Rhythm(5, 2, waits_for_calm=False),
    Rhythm(5, 3, waits_for_calm=False),
    Rhythm(0, 2, waits_for_calm=False),
    Rhythm(0, 3, waits_for_calm=False),
    Rhythm(CLOSE_SECONDS // MINUTE_SECONDS, STANDARD.calm_look_seconds // MINUTE_SECONDS, watch=2),
    Rhythm(7, 3, watch=3),
)
"""The last but one is the product's."""


def dollars(rhythm: Rhythm, looks: float) -> float:
    """The measured price less what the looks that are not taken would have used."""
    fewer, watched = LOOKS - looks, WATCH_LOOKS - WATCH_AT_FIRST
    watched -= ceil(watched / rhythm.watch)
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
    step, minute, due, before = -1, 0, 0, 0.0
    for look in tape.looks:
        if look.step != step:
            step, minute, due = look.step, 0, 0
        if look.ends_step or minute >= due:
            yield look.now
            due = minute + rhythm.minutes_to_next(minute, is_calm=look.may_be_calm and look.strength <= before)
            before = look.strength
        minute += 1


def cells() -> list[Cell]:
    """The bad releases that are found at each of the traffics."""
    return [Cell(release, traffic, RATE) for release in BAD if release.name not in LEFT_OUT for traffic in TRAFFICS]


def late_cells() -> list[Cell]:
    """Faults that begin at any of a rollout's minutes."""
    begins = range(2, 48, 5)
    some = [Release(f"+5 points from minute {at}", is_good=False, points=0.05, begins=float(at)) for at in begins]
    all_fail = [Release(f"all failing from minute {at}", is_good=False, points=1.0, begins=float(at)) for at in begins]
    return [Cell(release, traffic, RATE) for release in (*some, *all_fail) for traffic in TRAFFICS]


def good_cells() -> list[Cell]:
    """A release that fails no more than base."""
    return [Cell(GOOD[0], traffic, RATE) for traffic in TRAFFICS]


def measure(work: tuple[Cell, int]) -> tuple[Cell, list[tuple[float, int]]]:
    """One run: under each rhythm, the requests harmed, and how many looks a rollout without a rollback has."""
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


Harm = dict[Cell, list[list[float]]]
"""By cell and rhythm, the harm of every run."""


def table(runs: int, processes: int) -> str:
    """Every rhythm with its looks, its price, and its harm beside that of a look each minute."""
    harm: Harm = {cell: [[] for _ in RHYTHMS] for cell in cells()}
    late: Harm = {cell: [[] for _ in RHYTHMS] for cell in late_cells()}
    looks: list[list[int]] = [[] for _ in RHYTHMS]
    work = [(cell, run) for cell in (*harm, *late, *good_cells()) for run in range(runs)]
    with Pool(processes, initializer=gc.disable) as pool:
        for cell, told in pool.imap(measure, work, chunksize=8):
            for place, (harmed, number) in enumerate(told):
                if cell.release.is_good:
                    looks[place].append(number)
                else:
                    (harm if cell in harm else late)[cell][place].append(harmed)
    others = LOOKS - fmean(looks[0])
    lines = [
        "| a look | looks | dollars | harm, times that of a look each minute | faults at any minute |",
        "|---|---|---|---|---|",
    ]
    for place, rhythm in enumerate(RHYTHMS):
        taken = fmean(looks[place]) + others
        price_of = f"{taken:.0f} | {dollars(rhythm, taken):.4f}"
        lines.append(f"| {rhythm.name} | {price_of} | {_told(harm, place)} | {_told(late, place)} |")
    return "\n".join(lines) + "\n"


def _told(harm: Harm, place: int) -> str:
    multiple, error = paired_ratio(zip(columns[place], columns[0], strict=True) for columns in harm.values())
    return f"{multiple:.3f} ± {error:.3f}"


def main() -> None:
    """Measure and print the table."""
    runs, processes = runs_and_processes("bench.freshness.looks", "What rarer looks would save and harm.", runs=RUNS)
    sys.stdout.write(table(runs, processes))


if __name__ == "__main__":
    main()
