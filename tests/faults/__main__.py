"""Thousands of runs with faults: `make faults`. Every seed is printed with what broke, and runs again by its name.

    python -m tests.faults                        10,000 in the small world, then 500 in the full one
    python -m tests.faults --small 200 --full 0   fewer of one, none of the other
    python -m tests.faults --first 50000          other seeds
    python -m tests.faults --only edits:51 --world full

A run is drawn from its family and seed alone, so the same name is the same run on every machine.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from tests.faults.cases import PER_MINUTE, POLICY, SCENARIOS, Case, moments, run
from tests.faults.families import SHARES, draw, family_of
from tests.faults.final import read_final
from tests.faults.promises import broken, seconds_to_rest
from tests.faults.small.sample import make_sample
from tests.faults.small.world import SmallWorld
from tests.faults.worlds import FullWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL, FULL = 10_000, 500
CHUNK = {"small": 50, "full": 5}
PER_MINUTE_IN_FULL = 60.0

Work = tuple[str, str, int]
"""World, family, seed."""


class Result(NamedTuple):
    """The result of one run. ``seconds``: simulated time from the last fault to rest; None if it has no meaning."""

    world: str
    family: str
    name: str
    story: str
    ending: str
    broken: tuple[str, ...]
    seconds: float | None
    is_hit: bool
    kinds: tuple[str, ...]


def work(world: str, first: int, runs: int, family: str | None = None) -> Iterator[Work]:
    """The runs numbered from ``first`` on, of all families or of one; a run's seed is its number."""
    for number in range(first, first + runs):
        yield world, family or family_of(number), number


def result_of(given: Work) -> Result:
    """Run one case. An error of the harness itself also counts as a broken run, with its place."""
    world_name, family, seed = given
    case = draw(family, seed)
    try:
        return _run(world_name, case)
    except Exception:  # noqa: BLE001 - one run's trouble must not end the others
        lines = traceback.format_exc().strip().splitlines()
        sentence = f"harness: {' | '.join(lines[-5:])}"
        return Result(world_name, family, case.name, str(case), "none", (sentence,), None, is_hit=True, kinds=tuple(case.kinds))


def _run(world_name: str, case: Case) -> Result:
    with _open(world_name, case.seed) as world:
        execution = run(case, world)
        final = read_final(case, world, execution)
        states = final.execution.states
        is_hit = bool(case.refused_records) or case.is_measured_wrongly or world.faults.has_hit
        seconds = seconds_to_rest(final)
        ending = f"{states[-1] if states else 'none'}/{final.phase}"
        return Result(
            world_name, case.family, case.name, str(case), ending, tuple(broken(final)), seconds, is_hit, tuple(case.kinds)
        )


def _open(world_name: str, seed: int) -> SmallWorld | FullWorld:
    if world_name == "small":
        return SmallWorld(seed=seed, policy=POLICY, per_minute=PER_MINUTE)
    return FullWorld(seed=seed, policy=POLICY, per_minute=PER_MINUTE_IN_FULL)


def prepare() -> None:
    """Created once in every process; the garbage collector does not look at it again."""
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    make_sample()
    for scenario in SCENARIOS:
        moments(scenario)
    gc.collect()
    gc.freeze()


class Report:
    """Prints broken runs as they come, and the table at the end."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        self.hits: Counter[tuple[str, str]] = Counter()
        self.broken: Counter[tuple[str, str]] = Counter()
        self.promises: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.worst: dict[tuple[str, str], tuple[float, str]] = {}
        self._began = time.monotonic()

    def add(self, result: Result) -> None:
        """One run is over."""
        key = (result.world, result.family)
        self.runs[key] += 1
        self.hits[key] += result.is_hit
        self.kinds.update(result.kinds)
        self.broken[key] += bool(result.broken)
        for sentence in result.broken:
            self.promises[sentence.partition(":")[0]] += 1
            _say(f"BROKEN {result.world} {result.story} -> {result.ending}\n       {sentence}")
        if result.seconds is not None:
            self.worst[key] = max(self.worst.get(key, (0.0, "")), (result.seconds, result.name))

    def progress(self, world: str, of: int) -> None:
        """How far the runs are."""
        done = sum(count for (name, _), count in self.runs.items() if name == world)
        _say(f"{world}: {done} of {of} runs, {sum(self.broken.values())} broken, {time.monotonic() - self._began:.0f} s")

    def close(self) -> int:
        """Print the table; returns the exit status."""
        _say(f"\n{'world':8}{'family':14}{'runs':>7}{'hit':>7}{'broken':>8}   worst seconds to rest")
        for key in sorted(self.runs):
            worst, name = self.worst.get(key, (0.0, ""))
            _say(f"{key[0]:8}{key[1]:14}{self.runs[key]:7}{self.hits[key]:7}{self.broken[key]:8}   {worst:.0f} {name}")
        _say("faults by kind: " + ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common()))
        for promise, count in self.promises.most_common():
            _say(f"promise {promise!r} broken {count} times")
        runs, took = sum(self.runs.values()), time.monotonic() - self._began
        _say(f"{sum(self.broken.values())} of {runs} runs broken, in {took:.0f} s, {runs / took:.1f} a second")
        return 1 if sum(self.broken.values()) else 0


def make_parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=SMALL, help="how many runs in the small world")
    parser.add_argument("--full", type=int, default=FULL, help="how many in the full one")
    parser.add_argument("--family", choices=[*SHARES], help="runs of this family only")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    parser.add_argument("--only", action="append", default=[], metavar="FAMILY:SEED", help="run this case; may come again")
    parser.add_argument("--world", choices=["small", "full"], default="small", help="where, with --only")
    return parser


def main() -> int:
    """Run what was asked for; the exit status says whether every promise was kept."""
    given = make_parser().parse_args()
    report = Report()
    if given.only:
        prepare()
        for name in given.only:
            family, _, seed = name.partition(":")
            result = result_of((given.world, family, int(seed)))
            _say(f"{result.story} -> {result.ending}, at rest after {result.seconds} s")
            report.add(result)
        return report.close()
    _say(f"seeds {given.first} to {given.first + max(given.small, given.full) - 1}, {given.jobs} processes")
    with ProcessPoolExecutor(given.jobs, initializer=prepare) as pool:
        for world, runs in (("small", given.small), ("full", given.full)):
            _run_all(pool, report, world, list(work(world, given.first, runs, given.family)))
    return report.close()


def _run_all(pool: ProcessPoolExecutor, report: Report, world: str, wanted: list[Work]) -> None:
    results = pool.map(result_of, wanted, chunksize=CHUNK[world])
    for number, result in enumerate(results, 1):
        report.add(result)
        if number % (CHUNK[world] * 5) == 0:
            report.progress(world, len(wanted))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
