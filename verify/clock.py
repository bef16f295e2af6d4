"""Time as the questions see it: AWS's own, and a way to wait.

The only module that reads a real clock. An emulator whose time runs faster than this machine's says how much by ``speed``.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Epoch seconds, as AWS counts them."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Let so many of AWS's seconds pass."""


class AwsClock:
    """Started with what AWS said the time was; goes on at ``speed`` of its seconds to each of this machine's."""

    def __init__(self, aws_now: float, *, speed: float = 1.0) -> None:
        self._start = aws_now
        self._real = time.monotonic()
        self._speed = speed

    def now(self) -> float:
        """The time."""
        return self._start + (time.monotonic() - self._real) * self._speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self._speed)
