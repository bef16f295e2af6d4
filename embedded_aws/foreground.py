"""What a command does that serves in the foreground: read a positive number, and wait for the signal that ends it."""

from __future__ import annotations

import argparse
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS = 0.2
"""In real time. A signal that arrives just before a wait begins does not end the wait, so every wait is short."""


@contextmanager
def signalled() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set while the block runs."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda _number, _frame: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(ended: threading.Event) -> None:
    """Return once the event is set."""
    while not ended.wait(POLL_SECONDS):
        continue


def positive(text: str) -> float:
    """The number that an argument of the command line gives.

    Raises:
        argparse.ArgumentTypeError: it is not above 0.

    """
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return number
