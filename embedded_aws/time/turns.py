"""Who may act: one thread at a time, so that everything in the embedded AWS happens in one order.

A `Turn` is held by the thread that drives the clock, by the actor it has handed over to, or by a guest (a thread from
outside, such as one that serves an HTTP request). It knows nothing of time.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 60.0  # real time: a guest that waits longer is in a deadlock, waiting for a thread that waits for it


class TurnError(RuntimeError):
    """A thread waited for its turn in vain."""


class Turn:
    """The right to act, which one thread has at a time. Guests go before the driver, in the order of their arrival."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._changed = threading.Condition()
        self._holder: int | None = None
        self._guests: list[int] = []
        self._patience = patience
        self._news = 0

    @property
    def news(self) -> int:
        """A number that rises whenever a waiting driver has a reason to look again."""
        return self._news

    def is_mine(self) -> bool:
        """Whether the calling thread holds the turn."""
        return self._holder == threading.get_ident()

    @contextmanager
    def as_guest(self) -> Iterator[None]:
        """Hold the turn for the length of a with block; do nothing if the thread holds it already.

        Raises:
            TurnError: the turn did not come free, because its holder waits for this thread. A holder must not do that.

        """
        if self.is_mine():
            yield
            return
        self._take_as_guest(threading.get_ident())
        try:
            yield
        finally:
            self._give_back(news=1)

    @contextmanager
    def as_driver(self) -> Iterator[None]:
        """Hold the turn for one step, once no guest is waiting."""
        with self._changed:
            self._changed.wait_for(lambda: self._holder is None and not self._guests)
            self._holder = threading.get_ident()
        try:
            yield
        finally:
            self._give_back(news=0)

    def hand_to(self, thread: int) -> None:
        """Pass the turn that the caller holds to another thread."""
        self._holder = thread

    def wait_for_news(self, since: int, seconds: float | None) -> None:
        """Sleep in real time until there is news since the number ``since``, at most ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: self._news != since, seconds)

    def tell_news(self) -> None:
        """Wake the driver if it waits for news."""
        with self._changed:
            self._news += 1
            self._changed.notify_all()

    def _take_as_guest(self, me: int) -> None:
        with self._changed:
            self._guests.append(me)
            is_free = self._changed.wait_for(lambda: self._holder is None and self._guests[0] == me, self._patience)
            self._guests.remove(me)
            if is_free:
                self._holder = me
                return
            self._changed.notify_all()
        raise TurnError(
            f"no turn came free in {self._patience:g} s: its holder waits for thread {threading.current_thread().name}; "
            "call the embedded AWS from the thread that holds the turn, through boto3"
        )

    def _give_back(self, *, news: int) -> None:
        with self._changed:
            self._holder = None
            self._news += news
            self._changed.notify_all()
