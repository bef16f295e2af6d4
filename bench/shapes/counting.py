"""Faults of the counting: one arm's log is late, or batches of lines are counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.shapes.trouble import Live, Trouble

if TYPE_CHECKING:
    from bench.cells import Cell
    from bench.world import Four


@dataclass(frozen=True, slots=True)
class LateBase(Trouble):
    """Base's newest minute has only this part of its lines when it is read; history is whole."""

    part: float = 0.5

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Late(cell, rng, self.part)


class _Late(Live):
    def __init__(self, cell: Cell, rng: np.random.Generator, part: float) -> None:
        super().__init__(cell, rng)
        self.part = part

    def counted(self, errors: Four) -> Four:
        nc, ec, nb, eb = errors
        bad = int(self.rng.binomial(eb, self.part))
        return nc, ec, bad + int(self.rng.binomial(nb - eb, self.part)), bad


@dataclass(frozen=True, slots=True)
class TwiceCounted(Trouble):
    """Lines arrive in batches of `lines` of one arm, and this part of the batches is counted twice, in history too."""

    part: float = 0.1
    lines: int = 50

    def begin(self, cell: Cell, rng: np.random.Generator) -> Live:
        """The trouble in one run."""
        return _Twice(cell, rng, self)


class _Twice(Live):
    def __init__(self, cell: Cell, rng: np.random.Generator, asked: TwiceCounted) -> None:
        super().__init__(cell, rng)
        self.asked = asked

    def counted(self, errors: Four) -> Four:
        nc, ec, nb, eb = errors
        requests, bad = self.past_counted(np.array([nc, nb]), np.array([ec, eb]))
        return int(requests[0]), int(bad[0]), int(requests[1]), int(bad[1])

    def past_counted(self, requests: np.ndarray, bad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        batches = self.rng.binomial(requests // self.asked.lines, self.asked.part)
        again = batches * self.asked.lines
        return requests + again, bad + self.rng.hypergeometric(bad, requests - bad, again)
