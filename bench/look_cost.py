"""What one look costs late in a long rollout: `python -m bench.look_cost`.

A look reads its evidence from the record's JSON, folds the minute that is new and writes the JSON again. That is timed with 1,
10 and 100 metrics in the 24th hour, beside a look in the first hour of the same rollout. CloudWatch is not part of it: a look
asks for the minutes that it has not used yet (tests/aws), whatever the rollout's age.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import numpy as np

from bench.judge import SEED
from canary.rules import judge
from canary.rules.judge import Counts

METRICS = (1, 10, 100)
EARLY_MINUTE, LATE_MINUTE = 30, 24 * 60
REPEATS = 40
HISTORY = [(600, minute % 3) for minute in range(1440)]


def evidence_after(metrics: int, minutes: int) -> judge.Evidence:
    """What so many minutes of a healthy rollout leave."""
    names = [f"slow_{number}" for number in range(metrics)]
    weights = dict.fromkeys(names, 1.0 / metrics)
    evidence = judge.begin_step(
        judge.start(dict.fromkeys(names, HISTORY), weights=weights, alpha=0.01), dict.fromkeys(names, 0.05)
    )
    rng = np.random.default_rng([SEED, metrics])
    for ec, eb in rng.poisson((0.1, 0.9), (minutes, 2)).tolist():
        evidence = judge.look(evidence, dict.fromkeys(names, Counts(60, ec, 540, eb)))
    return evidence


def one_look(evidence: judge.Evidence) -> tuple[float, int]:
    """Seconds of a look from record to record, and the bytes of its evidence."""
    written = json.dumps(judge.to_json(evidence))
    minute = dict.fromkeys(evidence.metrics, Counts(60, 0, 540, 1))
    begun = time.perf_counter()
    after = judge.look(judge.from_json(json.loads(written), evidence.history), minute)
    after.is_condemned  # noqa: B018 - what a look asks
    size = len(json.dumps(judge.to_json(after)))
    return time.perf_counter() - begun, size


def main() -> None:
    """Measure and tell."""
    sys.stdout.write("| metrics | first hour, ms | 24th hour, ms | ratio | evidence, bytes early / late |\n")
    sys.stdout.write("|---|---|---|---|---|\n")
    for metrics in METRICS:
        early, late = (evidence_after(metrics, minutes) for minutes in (EARLY_MINUTE, LATE_MINUTE))
        times = [(one_look(early), one_look(late)) for _ in range(REPEATS)]
        first, last = (median(pair[k][0] for pair in times) * 1000.0 for k in (0, 1))
        sizes = " / ".join(str(times[0][k][1]) for k in (0, 1))
        sys.stdout.write(f"| {metrics} | {first:.2f} | {last:.2f} | {last / first:.2f} | {sizes} |\n")


if __name__ == "__main__":
    main()
