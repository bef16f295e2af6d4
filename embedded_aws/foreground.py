"""What a command does that serves in the foreground: read a positive number, and wait for the signal that ends it."""

from __future__ import annotations

import argparse
import queue
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS = 0.2
"""In real time. A signal that arrives just before a wait begins does not end the wait, so every wait is short."""

Ending = queue.SimpleQueue[int]
"""The signals that came. A handler may interrupt ``get`` and call ``put``; within an event's ``wait``, ``set`` deadlocks."""


@contextmanager
def signalled() -> Iterator[Ending]:
    """Where SIGINT and SIGTERM are put while the block runs."""
    ending: Ending = queue.SimpleQueue()
    before = {end: signal.signal(end, lambda number, _frame: ending.put(number)) for end in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(ending: Ending) -> None:
    """Return once a signal came."""
    while True:
        with suppress(queue.Empty):
            ending.get(timeout=POLL_SECONDS)
            return


def positive(text: str) -> float:
    """The number that an argument of the command line gives.

    Raises:
        argparse.ArgumentTypeError: it is not above 0.

    """
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return number
