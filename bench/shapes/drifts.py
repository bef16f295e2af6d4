"""Bad rates that drift: together in both arms, or each arm's on its own. The logarithm of the rate is an AR(1) process."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import TYPE_CHECKING

import numpy as np

from bench.shapes.trouble import BASE, CANARY, DAY, Arm, Live, Trouble

if TYPE_CHECKING:
    from bench.cells import Cell


@dataclass(frozen=True, slots=True)
class Drift(Trouble):
    """The log rate has the standard deviation `sd` and forgets in `minutes`; ``is_shared``: it is the same in both arms."""

    sd: float
    minutes: float
    is_shared: bool = False

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Drifting(cell, rng, self)


class _Drifting(Live):
    """The mean rate stays the cell's."""

    def __init__(self, cell: Cell, rng: np.random.Generator, asked: Drift) -> None:
        super().__init__(cell, rng)
        self.asked = asked
        self.kept = exp(-1.0 / asked.minutes)
        self.fresh = asked.sd * sqrt(1.0 - self.kept**2)
        self.level = {CANARY: float(rng.normal(0.0, asked.sd)), BASE: float(rng.normal(0.0, asked.sd))}
        self.moved_at = -1

    def bad(self, arm: Arm) -> int:
        if arm.minute != self.moved_at:
            self.moved_at = arm.minute
            for which in (CANARY, BASE):
                self.level[which] = self._after(self.level[which])
        level = self.level[BASE if self.asked.is_shared else arm.which]
        return int(self.rng.poisson(min(arm.bad * exp(level - self.asked.sd**2 / 2.0), arm.requests)))

    def past_bad(self) -> np.ndarray:
        levels, level = [], float(self.rng.normal(0.0, self.asked.sd))
        for _ in range(DAY):
            level = self._after(level)
            levels.append(level)
        self.level[BASE] = level
        rates = self.cell.base_rate * np.exp(np.array(levels) - self.asked.sd**2 / 2.0)
        return self.rng.poisson(self.cell.traffic * np.minimum(rates, 1.0))

    def _after(self, level: float) -> float:
        return level * self.kept + self.fresh * self.rng.standard_normal()
