"""Virtual time without threads: what is due is done in its order, and whoever waits lets everything else happen meanwhile.

A wait inside an action runs the actions that are due before it ends. They may wait too, so a wait can last longer than it was
asked to; it is never shorter.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class SmallClock:
    """Simulated seconds since the epoch, and what is still to happen."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> float:
        """The present, in epoch seconds."""
        return self._now

    def call_at(self, due: float, action: Callable[[], None]) -> None:
        """Have the action done at this time, or next if that is over."""
        heapq.heappush(self._due, (due, next(self._order), action))

    def call_after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have the action done in so many seconds."""
        self.call_at(self._now + seconds, action)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass, and all that is due in them."""
        self.run_until(self._now + seconds)

    def run_until(self, end: float) -> None:
        """Let time pass until ``end``."""
        while self._due and self._due[0][0] <= end:
            self._step()
        self._now = max(self._now, end)

    def run_while(self, is_on: Callable[[], bool], *, limit: float) -> bool:
        """Let time pass while ``is_on``, for at most ``limit`` seconds; whether it came to its end."""
        end = self._now + limit
        while is_on():
            if not self._due or self._due[0][0] > end:
                self._now = max(self._now, end)
                return not is_on()
            self._step()
        return True

    def _step(self) -> None:
        due, _, action = heapq.heappop(self._due)
        self._now = max(self._now, due)
        action()
