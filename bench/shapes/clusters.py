"""Bad requests that come together within an arm: incidents, rare bursts, sick sandboxes, a zone that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.shapes.trouble import BASE, CANARY, DAY, Arm, Live, Trouble

if TYPE_CHECKING:
    from bench.cells import Cell

PER_SANDBOX = 30.0
"""Requests a minute that one sandbox serves."""


@dataclass(frozen=True, slots=True)
class OutageInThrees(Trouble):
    """In calm times bad requests are independent; those of an outage come `size` at a time within an arm."""

    size: int = 3

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _InThrees(cell, rng, self.size)


class _InThrees(Live):
    def __init__(self, cell: Cell, rng: np.random.Generator, size: int) -> None:
        super().__init__(cell, rng)
        self.size = size

    def bad(self, arm: Arm) -> int:
        together = int(self.rng.poisson(arm.extra / self.size)) * self.size
        return int(self.rng.poisson(arm.calm)) + together


@dataclass(frozen=True, slots=True)
class ZoneOutage(Trouble):
    """In an outage each sandbox of both arms fails with the probability `part`, and all of its requests with it."""

    part: float = 0.2

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Zone(cell, rng, self.part)


class _Zone(Live):
    """An arm keeps its sandboxes until its weight changes."""

    def __init__(self, cell: Cell, rng: np.random.Generator, part: float) -> None:
        super().__init__(cell, rng)
        self.part = part
        self.failing: dict[tuple[int, int], float] = {}

    def bad(self, arm: Arm) -> int:
        sandboxes = sandboxes_for(arm.requests)
        drawn = self.failing.get((arm.which, sandboxes))
        if drawn is None:
            drawn = float(self.rng.binomial(sandboxes, self.part)) / sandboxes
            self.failing[arm.which, sandboxes] = drawn
        points = self.cell.release.outage_points
        return int(self.rng.poisson(arm.calm + arm.extra * min(drawn / points, 1.0 / points)))


@dataclass(frozen=True, slots=True)
class RareBursts(Trouble):
    """`a_day` bursts on the whole service beside its independent errors; each hits one arm, with `mean` errors (geometric)."""

    a_day: float
    mean: float

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Rare(cell, rng, self)


class _Rare(Live):
    def __init__(self, cell: Cell, rng: np.random.Generator, asked: RareBursts) -> None:
        super().__init__(cell, rng)
        self.asked = asked

    def bad(self, arm: Arm) -> int:
        bursts = int(self.rng.poisson(self.asked.a_day / DAY * arm.requests / self.cell.traffic))
        more = int(self.rng.geometric(1.0 / self.asked.mean, bursts).sum()) if bursts else 0
        return int(self.rng.poisson(arm.bad)) + min(more, int(arm.requests))

    def past_bad(self) -> np.ndarray:
        bursts = self.rng.poisson(self.asked.a_day / DAY, DAY)
        sizes = [int(self.rng.geometric(1.0 / self.asked.mean, n).sum()) if n else 0 for n in bursts.tolist()]
        return super().past_bad() + np.minimum(sizes, int(self.cell.traffic))


@dataclass(frozen=True, slots=True)
class ParetoBursts(Trouble):
    """All errors come in incidents within an arm whose sizes have a Pareto tail of the exponent `exponent`."""

    exponent: float = 1.5

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Pareto(cell, rng, self.exponent)


class _Pareto(Live):
    MOST = 10_000.0

    def __init__(self, cell: Cell, rng: np.random.Generator, exponent: float) -> None:
        super().__init__(cell, rng)
        self.exponent = exponent
        sizes = np.arange(1.0, self.MOST + 1.0)
        self.mean = float((sizes**-exponent).sum())

    def _errors(self, incidents: int) -> int:
        if not incidents:
            return 0
        sizes = np.minimum(self.rng.random(incidents) ** (-1.0 / self.exponent), self.MOST)
        return int(np.floor(sizes).sum())

    def bad(self, arm: Arm) -> int:
        return min(self._errors(int(self.rng.poisson(arm.bad / self.mean))), int(arm.requests))

    def past_bad(self) -> np.ndarray:
        incidents = self.rng.poisson(self.cell.traffic * self.cell.base_rate / self.mean, DAY)
        return np.array([min(self._errors(n), int(self.cell.traffic)) for n in incidents.tolist()])


@dataclass(frozen=True, slots=True)
class SickSandboxes(Trouble):
    """Each sandbox falls sick `a_day` times a day for `minutes`; all of its requests fail meanwhile, in history too."""

    a_day: float
    minutes: int = 5

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Sick(cell, rng, self)


class _Sick(Live):
    def __init__(self, cell: Cell, rng: np.random.Generator, asked: SickSandboxes) -> None:
        super().__init__(cell, rng)
        self.asked = asked
        self.began: dict[int, list[tuple[int, int]]] = {CANARY: [], BASE: []}

    def bad(self, arm: Arm) -> int:
        sandboxes = sandboxes_for(arm.requests)
        ill = self.began[arm.which] = [one for one in self.began[arm.which] if arm.minute - one[0] < self.asked.minutes]
        ill.append((arm.minute, int(self.rng.poisson(sandboxes * self.asked.a_day / DAY))))
        part = min(sum(number for _, number in ill) / sandboxes, 1.0)
        return int(self.rng.poisson(arm.bad + (arm.requests - arm.bad) * part))

    def past_bad(self) -> np.ndarray:
        sandboxes = sandboxes_for(self.cell.traffic)
        fresh = self.rng.poisson(sandboxes * self.asked.a_day / DAY, DAY)
        ill = np.convolve(fresh, np.ones(self.asked.minutes), "full")[:DAY] / sandboxes
        return super().past_bad() + self.rng.poisson(self.cell.traffic * (1.0 - self.cell.base_rate) * np.minimum(ill, 1.0))


def sandboxes_for(requests: float) -> int:
    """How many sandboxes serve so many requests a minute."""
    return max(1, round(requests / PER_SANDBOX))
