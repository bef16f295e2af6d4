"""Time as the questions see it: AWS's own time, and a way to wait.

This is the only module that reads a real clock. An emulator's time may run faster than this machine's, by the factor ``speed``,
and falls behind if the machine is busy. So an emulator is asked for its time repeatedly; AWS is asked once.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

FEWEST_LOOKS = 40
ASK_SECONDS = 0.25
"""Real seconds: how old an emulator's answer may be after a wait."""
BELIEF_SECONDS = 0.75
"""Real seconds: an emulator's time moves in ticks, so the answer that was furthest ahead counts for this long."""
LONGEST_LAG_SECONDS = 60.0
"""Real seconds: how much longer than planned to wait for an emulator. Its time may have stopped."""


class Clock(Protocol):
    """Epoch seconds, by AWS's clock."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Wait for this many of AWS's seconds."""


class Deadline:
    """The end of a wait for something that is checked repeatedly.

    It is over once the time has passed, but not before `FEWEST_LOOKS` checks. If this machine is busy and an emulator's time
    runs fast, few checks fit into the time, and two checks are not enough to give up.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.now() + seconds
        self._looks = 0

    def is_over(self) -> bool:
        """Whether to give up; to be called after each check."""
        self._looks += 1
        return self._looks >= FEWEST_LOOKS and self._clock.now() >= self._end


class AwsClock:
    """A clock that starts with AWS's time and runs ``speed`` times as fast as this machine's.

    ``ask`` returns an emulator's time; ``real`` and ``pause`` are this machine's clock.
    """

    def __init__(
        self,
        aws_now: float,
        *,
        speed: float = 1.0,
        ask: Callable[[], float] | None = None,
        real: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed = speed
        self._ask = ask
        self._real = real
        self._pause = pause
        self._heard: deque[tuple[float, float]] = deque()
        """When an answer arrived, and how far it was ahead of this machine's time at this speed."""
        self._hear(aws_now)

    def now(self) -> float:
        """The time. It goes back if an emulator turns out to have fallen behind, because the emulator's own time counts."""
        return max(ahead for _, ahead in self._heard) + self._real() * self._speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        target = self.now() + seconds
        self._pause(seconds / self._speed)
        if self._ask is None:
            return
        end = self._real() + LONGEST_LAG_SECONDS
        self._keep_up(self._ask)
        while (missing := target - self.now()) > 0 and self._real() < end:
            self._pause(min(ASK_SECONDS, missing / self._speed))
            self._keep_up(self._ask)

    def _keep_up(self, ask: Callable[[], float]) -> None:
        if self._real() - self._heard[-1][0] >= ASK_SECONDS:
            self._hear(ask())

    def _hear(self, aws_now: float) -> None:
        moment = self._real()
        self._heard.append((moment, aws_now - moment * self._speed))
        while moment - self._heard[0][0] > BELIEF_SECONDS:
            self._heard.popleft()
