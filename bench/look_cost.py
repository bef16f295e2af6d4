"""What one look costs late in a long rollout: `python -m bench.look_cost`.

A look reads its evidence from the record's JSON, folds the new minute and writes the JSON again. The first table times this
with 1, 10 and 100 metrics in the 24th hour, and compares it with a look in the first hour of the same rollout. Before that, a
look asks CloudWatch for the minutes that it has not used yet. The second table has the number of calls, metrics and minutes,
and the time that the function itself takes for them, also early and late.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench import look_reading
from bench.runs import SEED
from canary.rules.judging import evidence_json, judge
from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

METRICS = (1, 10, 100)
EARLY_MINUTE, LATE_MINUTE = 30, 24 * 60
REPEATS = 40
HISTORY = [(600, minute % 3) for minute in range(1440)]


def evidence_after(metrics: int, minutes: int) -> judge.Evidence:
    """The evidence after some minutes of a healthy rollout."""
    names = [f"slow_{number}" for number in range(metrics)]
    stakes = dict.fromkeys(names, 1.0 / metrics)
    families = dict.fromkeys(names, Family.SLOW)
    begun = begin_evidence(dict.fromkeys(names, HISTORY), families=families, stakes=stakes, alpha=0.01)
    evidence = begin_step(begun, dict.fromkeys(names, 0.05))
    rng = np.random.default_rng([SEED, metrics])
    for ec, eb in rng.poisson((0.1, 0.9), (minutes, 2)).tolist():
        evidence = judge.fold(evidence, dict.fromkeys(names, Counts(60, ec, 540, eb)))
    return evidence


def one_look(evidence: judge.Evidence) -> tuple[float, int]:
    """The seconds that a look takes from reading the record to writing it, and the size of its evidence in bytes."""
    written = json.dumps(evidence_json.to_json(evidence))
    minute = dict.fromkeys(evidence.metrics, Counts(60, 0, 540, 1))
    begun = time.perf_counter()
    after = judge.fold(evidence_json.from_json(json.loads(written), evidence.history), minute)
    after.is_condemned  # noqa: B018 - what a look asks
    size = len(json.dumps(evidence_json.to_json(after)))
    return time.perf_counter() - begun, size


def judging(metrics: Iterable[int], *, late: int, repeats: int) -> Iterator[str]:
    """The judge's time, as Markdown lines; ``late`` is the late look's minute."""
    yield "| metrics | judging in the first hour, ms | late, ms | ratio | evidence, bytes early / late |"
    yield "|---|---|---|---|---|"
    for count in metrics:
        evidences = [evidence_after(count, minutes) for minutes in (EARLY_MINUTE, late)]
        looks = [[one_look(evidence) for evidence in evidences] for _ in range(repeats)]
        first, last = (median(pair[k][0] for pair in looks) * 1000.0 for k in (0, 1))
        sizes = " / ".join(str(size) for _, size in looks[0])
        yield f"| {count} | {first:.2f} | {last:.2f} | {last / first:.2f} | {sizes} |"


def reading(metrics: Iterable[int], *, late: int, repeats: int) -> Iterator[str]:
    """What a look requests from CloudWatch, as Markdown lines."""
    yield "| metrics | calls early / late | metrics requested | minutes | reading in the first hour, ms | late, ms | ratio |"
    yield "|---|---|---|---|---|---|---|"
    for count in metrics:
        first, last = (look_reading.read(count, minute=minute, repeats=repeats) for minute in (EARLY_MINUTE, late))
        asked = [f"{getattr(first, what)} / {getattr(last, what)}" for what in ("calls", "metrics", "minutes")]
        times = f"{first.seconds * 1000:.2f} | {last.seconds * 1000:.2f} | {last.seconds / first.seconds:.2f}"
        yield f"| {count} | {' | '.join(asked)} | {times} |"


def main() -> None:
    """Measure and print the tables."""
    tables = (one(METRICS, late=LATE_MINUTE, repeats=REPEATS) for one in (judging, reading))
    sys.stdout.write("\n".join("".join(f"{line}\n" for line in lines) for lines in tables))


if __name__ == "__main__":
    main()
