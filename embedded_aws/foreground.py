"""What a command does that serves in the foreground: read a positive number, and wait for the signal that ends it."""

from __future__ import annotations

import argparse
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

POLL_SECONDS = 0.2
"""In real time. A signal that arrives just before a wait begins does not end the wait, so every wait is short."""


class Ending:
    """Whether a signal has come.

    A handler runs in the main thread between any two of its instructions. It must not take a lock, as `threading.Event.set`
    does: the main thread may hold it, and would then wait for itself.
    """

    def __init__(self) -> None:
        self.has_come = False

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        self.has_come = True


@contextmanager
def signalled() -> Iterator[Ending]:
    """What hears SIGINT and SIGTERM while the block runs."""
    ended = Ending()
    before = {number: signal.signal(number, ended.hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(ended: Ending) -> None:
    """Return once a signal has come."""
    while not ended.has_come:
        time.sleep(POLL_SECONDS)


def positive(text: str) -> float:
    """The number that an argument of the command line gives.

    Raises:
        argparse.ArgumentTypeError: it is not above 0.

    """
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return number
