"""Time as the questions see it: AWS's own, and a way to wait.

The only module that reads a real clock. An emulator's time may run faster than this machine's, which ``speed`` says, and falls
behind where the machine is busy. So it is asked for its time again and again; AWS itself is asked once.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

FEWEST_LOOKS = 40
ASK_SECONDS = 0.25
"""Of real time: how old an emulator's word may be when something has been waited for."""
BELIEF_SECONDS = 0.75
"""Of real time: an emulator's time moves in ticks, so for so long the answer counts that was furthest ahead."""
LONGEST_LAG_SECONDS = 60.0
"""Of real time: how much longer than planned an emulator is waited for. Its time may be standing still."""


class Clock(Protocol):
    """Epoch seconds, as AWS counts them."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Let so many of AWS's seconds pass."""


class Deadline:
    """The end of a wait for something that is looked at again and again.

    It is over once the time has passed, and not before `FEWEST_LOOKS`: where this machine is busy and an emulator's time runs
    fast, few looks fit into the time, and to have looked twice is no reason to give up.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.now() + seconds
        self._looks = 0

    def is_over(self) -> bool:
        """Whether to give up; to be asked after each look."""
        self._looks += 1
        return self._looks >= FEWEST_LOOKS and self._clock.now() >= self._end


class AwsClock:
    """Started with what AWS said the time was; goes on at ``speed`` of its seconds to each of this machine's.

    ``ask``, of an emulator, gives its time; ``real`` and ``pause`` are this machine's clock.
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
        """When an answer came, and how far it was ahead of this machine's time at this speed."""
        self._hear(aws_now)

    def now(self) -> float:
        """The time. It goes back when an emulator turns out to have fallen behind: what counts is what it would say."""
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
