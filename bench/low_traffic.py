"""What the product says where there is too little traffic, and whether that is true: `python -m bench.low_traffic`.

The first part shows the verdicts of the shipped `standard` at six requests a minute, for each value of `when_unproven`. The
second part compares the estimate of the requests and minutes still needed with the real number. A canary that is worse by the
policy's `detect` effect is watched at one weight until it is condemned. The ratio of the two is reported as the median over the
runs of each cell.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, assert_never

import numpy as np

from bench.runs import SEED
from bench.world import HISTORY_MINUTES
from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family
from canary.rules.judging.outlook import requests_needed
from canary.rules.looks.verdict import VerdictKind
from canary.rules.targets.policy import STANDARD, WhenUnproven
from canary_cli.backtest.course import Course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.looks.verdict import Verdict
    from canary.rules.targets.policy import Policy

TRAFFIC = 6.0
TRAFFICS, BASE_RATES, SHARES = (6, 60, 600), (0.0001, 0.001, 0.01), (0.1, 0.5)
FAMILIES = {"errors": Family.ERRORS}
DETECT = STANDARD.detect["errors"]
RUNS = 15
PATIENCE = 12
"""A run ends without a result at this multiple of the estimate."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One run: canary requests estimated and taken, and minutes likewise."""

    said: int
    taken: int
    minutes_said: float
    minutes_taken: int

    @property
    def ratio(self) -> float:
        """What the run took, as a multiple of the estimate."""
        return self.taken / self.said


def watch(traffic: float, base_rate: float, share: float, rng: np.random.Generator) -> Watched:
    """Watch a canary that is worse by the effect, at one weight, until it is condemned."""
    evidence = begin_evidence(
        {"errors": history(traffic, base_rate, rng)}, families=FAMILIES, stakes={"errors": 1.0}, alpha=STANDARD.alpha
    )
    said = requests_needed(evidence, metric="errors", detect=DETECT, share=share) or 1
    canary, base = traffic * share, traffic * (1.0 - share)
    worse = base_rate + DETECT
    means = (canary * (1.0 - worse), canary * worse, base * (1.0 - base_rate), base * base_rate)
    taken = minutes = 0
    while not evidence.is_condemned and taken < PATIENCE * said:
        gc, ec, gb, eb = rng.poisson(means).tolist()
        evidence = judge.fold(evidence, {"errors": Counts(gc + ec, ec, gb + eb, eb)})
        taken, minutes = taken + gc + ec, minutes + 1
    return Watched(said, taken, said / canary, minutes)


def history(traffic: float, base_rate: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A day of base."""
    bad = rng.poisson(traffic * base_rate, HISTORY_MINUTES)
    requests = bad + rng.poisson(traffic * (1.0 - base_rate), HISTORY_MINUTES)
    return list(zip(requests.tolist(), bad.tolist(), strict=True))


def verdicts(policy: Policy, rng: np.random.Generator) -> Iterator[tuple[float, float, Verdict]]:
    """A good release at six requests a minute: minute, weight, and each verdict whose kind differs from the previous one."""
    course = Course.begun(policy, {"errors": history(TRAFFIC, 0.001, rng)}, FAMILIES)
    now, last = 20.0, None
    seen: dict[int, dict[str, tuple[int, int, int, int]]] = {}
    course.shift(now, now + 1.0)
    while True:
        now += 60.0
        weight_percent = float(policy.steps[course.step].weight_percent)
        minute = int(now // 60) * 60 - 60
        seen[minute] = {"errors": _minute(weight_percent / 100.0, rng)}
        verdict = course.look(now, seen)
        if verdict.kind is not last:
            yield (now - 20.0) / 60.0, weight_percent, verdict
        last = verdict.kind
        match last:
            case VerdictKind.ADVANCE:
                course.shift(now, now + 1.0)
            case VerdictKind.PROMOTE | VerdictKind.ROLL_BACK:
                return
            case VerdictKind.CONTINUE | VerdictKind.HOLD:
                continue
            case _:
                assert_never(last)


def _minute(share: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    nc, nb = rng.poisson((TRAFFIC * share, TRAFFIC * (1.0 - share))).tolist()
    return nc, int(rng.binomial(nc, 0.001)), nb, int(rng.binomial(nb, 0.001))


def main() -> None:
    """Measure and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    sys.stdout.write(f"A good release at {TRAFFIC:g} requests a minute under `standard`:\n\n")
    for answer in WhenUnproven:
        sys.stdout.write(f"`when_unproven: {answer}`\n\n| minute | weight | verdict | reason |\n|---|---|---|---|\n")
        for minute, weight_percent, verdict in verdicts(replace(STANDARD, when_unproven=answer), np.random.default_rng(SEED)):
            sys.stdout.write(f"| {minute:.0f} | {weight_percent:g} % | {verdict.kind} | {verdict.reason} |\n")
        sys.stdout.write("\n")
    _tell_estimates(runs)


def _tell_estimates(runs: int) -> None:
    sys.stdout.write("| requests/min | base rate | weight | said: requests, minutes | taken: requests, minutes | ratio |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    ratios = []
    rng = np.random.default_rng(SEED)
    for traffic in TRAFFICS:
        for rate in BASE_RATES:
            for share in SHARES:
                seen = [watch(traffic, rate, share, rng) for _ in range(runs)]
                ratios.append(median(one.ratio for one in seen))
                said = f"{median(one.said for one in seen):.0f}, {median(one.minutes_said for one in seen):.0f}"
                taken = f"{median(one.taken for one in seen):.0f}, {median(one.minutes_taken for one in seen):.0f}"
                row = (f"{traffic}", f"{rate:.2%}", f"{share:.0%}", said, taken, f"{ratios[-1]:.2f}")
                sys.stdout.write(f"| {' | '.join(row)} |\n")
                sys.stdout.flush()
    sys.stdout.write(f"\nMedian over the grid: {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}.\n")


if __name__ == "__main__":
    main()
