"""Virtual time without threads: actions run in the order of their due times, also while a caller waits.

A wait inside an action runs the other actions that are due before it ends. They may wait too, so a wait can last longer
than asked for. It is never shorter.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class SmallClock:
    """Simulated seconds since the epoch, and the actions still to come."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> float:
        """The present, in epoch seconds."""
        return self._now

    def call_at(self, due: float, action: Callable[[], None]) -> None:
        """Run the action at this time, or next if the time has passed."""
        heapq.heappush(self._due, (due, next(self._order), action))

    def call_after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run the action after this many seconds."""
        self.call_at(self._now + seconds, action)

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass, with everything that is due in them."""
        self.run_until(self._now + seconds)

    def run_until(self, end: float) -> None:
        """Let time pass until ``end``."""
        while self._due and self._due[0][0] <= end:
            self._step()
        self._now = max(self._now, end)

    def run_while(self, is_on: Callable[[], bool], *, limit: float) -> bool:
        """Let time pass while ``is_on``, for at most ``limit`` seconds; returns whether ``is_on`` became false."""
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
