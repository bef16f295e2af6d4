"""What a trouble of the simulated world is: how bad requests come about in each arm, and how they are counted.

The base class is the world of the grid: bad requests are independent, and every request is counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from bench.cells import Cell
    from bench.world import Four

DAY = 1440
CANARY, BASE = 0, 1


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm in one minute: which one, the minute's index, and the expected requests, bad ones, and bad ones in calm times."""

    which: int
    minute: int
    requests: float
    bad: float
    calm: float

    @property
    def extra(self) -> float:
        """Expected bad requests of an outage or a fault."""
        return max(self.bad - self.calm, 0.0)


class Live:
    """A trouble in one run of a cell."""

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.cell, self.rng = cell, rng

    def bad(self, arm: Arm) -> int:
        """The arm's bad requests in the minute."""
        return int(self.rng.poisson(arm.bad))

    def past_bad(self) -> np.ndarray:
        """Base's bad requests in each minute of the last day."""
        return self.rng.poisson(self.cell.traffic * self.cell.base_rate, DAY)

    def counted(self, errors: Four) -> Four:
        """What is counted of (nc, ec, nb, eb) by the time at which the minute is read."""
        return errors

    def past_counted(self, requests: np.ndarray, bad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Base's requests and bad ones as they were counted in the last day."""
        return requests, bad


class Trouble:
    """A trouble with its parameters, from which every run begins its own."""

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return Live(cell, rng)
