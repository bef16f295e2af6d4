"""Whether the limit on false rollbacks holds for many metrics at once: `python -m bench.several_metrics`.

Good releases are judged on errors, 4xx, three latency limits and one business metric together, each with its part of the
stakes. The result is compared with errors and 4xx judged alone, on the same errors. A third of all requests are business
requests, and one in fifty of them fails.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from bench.cells import GOOD, Cell, Release
from bench.measured import Tally
from bench.policies import COMMON
from bench.rollout import roll_out
from bench.runs import SEED
from bench.world import HISTORY_MINUTES, Minute, World
from canary.rules.judging.families import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSINESS = "business_Checkout"
BUSINESS_SHARE, BUSINESS_RATE = 1 / 3, 0.02
RUNS = 300
TRAFFICS, RATES = (60, 600, 6000), (0.001, 0.01)


@dataclass(slots=True)
class BusinessWorld(World):
    """A world in which requests are also checkouts that succeed or fail, alike in both arms."""

    bought: list[tuple[int, int, int, int]] = field(default_factory=list)

    def minute(self, index: int) -> Minute:
        """A minute with its business metric in addition to the slow requests."""
        minute = World.minute(self, index)
        nc, nb = (int(self.rng.binomial(n, BUSINESS_SHARE)) for n in (minute.errors[0], minute.errors[2]))
        ec, eb = (int(self.rng.binomial(n, BUSINESS_RATE)) for n in (nc, nb))
        return replace(minute, slow=(*minute.slow, (nc, ec, nb, eb)))

    def families(self) -> dict[str, Family]:
        """The metrics with the business metric."""
        return {**World.families(self), BUSINESS: Family.BUSINESS}

    def history(self) -> dict[str, list[tuple[int, int]]]:
        """A day of history with the business metric."""
        told = World.history(self)
        n: Any = self.rng.poisson(self.cell.traffic * BUSINESS_SHARE, HISTORY_MINUTES)
        told[BUSINESS] = list(zip(n.tolist(), self.rng.binomial(n, BUSINESS_RATE).tolist(), strict=True))
        return told


def cells() -> Iterator[Cell]:
    """Good releases with latency: nothing changed, a cold start, an outage, bursts."""
    chosen = {"same", "shared outage", "bursts", "cold start", "outage at a weight change"}
    for release in GOOD:
        if release.name in chosen:
            for traffic in TRAFFICS:
                for rate in RATES:
                    yield Cell(_with_latency(release), traffic, rate)


def _with_latency(release: Release) -> Release:
    return Release(
        release.name,
        is_good=True,
        outage=release.outage,
        outage_at_shift=release.outage_at_shift,
        burst=release.burst,
        is_cold=release.is_cold,
        slower=1.0,
    )


def rolled_back(cell: Cell, runs: int, *, is_whole: bool) -> Tally:
    """How many good releases were rolled back, with all metrics or with errors alone."""
    rng = np.random.default_rng([SEED, crc32(cell.name.encode())])
    tally = Tally()
    for _ in range(runs):
        alone = World(Cell(_without_latency(cell.release), cell.traffic, cell.base_rate), rng)
        tape = roll_out(BusinessWorld(cell, rng) if is_whole else alone, COMMON)
        tally.add(harm=0.0, back_after=tape.judge_at, promoted_after=tape.promoted_at)
    return tally


def _without_latency(release: Release) -> Release:
    return Release(
        release.name, is_good=True, outage=release.outage, outage_at_shift=release.outage_at_shift, burst=release.burst
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    sys.stdout.write("| good release | all six metrics, rolled back | errors and 4xx |\n|---|---|---|\n")
    total = [Tally(), Tally()]
    for cell in cells():
        both = [rolled_back(cell, runs, is_whole=is_whole) for is_whole in (True, False)]
        for held, one in zip(total, both, strict=True):
            held.merge(one)
        sys.stdout.write(f"| {cell.name} | {' | '.join(map(_told, both))} |\n")
        sys.stdout.flush()
    sys.stdout.write(f"| all | {' | '.join(map(_told, total))} |\n")


def _told(tally: Tally) -> str:
    return f"{tally.back_share * 100:.2f} % ± {tally.back_error * 100:.2f}"


if __name__ == "__main__":
    main()
