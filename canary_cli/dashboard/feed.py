"""Reads the source again and again while someone looks, and hands each new snapshot to every page that waits for it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.dashboard.source import Source

MOST_PAGES = 20
"""So many pages are served at once: each holds a connection and a thread."""


class TooManyPagesError(Exception):
    """As many pages as can be served are open."""


class Snapshot(NamedTuple):
    """A snapshot as JSON, and its number: 1 for the first."""

    number: int
    text: str


class Feed:
    """One reader for all pages. With no page open, AWS is not asked. ``seconds``: the pause between two readings."""

    def __init__(self, source: Source, *, seconds: float) -> None:
        self._source = source
        self._seconds = seconds
        self._news = threading.Condition()
        self._is_due = threading.Event()
        self._newest = Snapshot(0, "")
        self._pages = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="dashboard feed", daemon=True)

    def start(self) -> None:
        """Read whenever a page is open."""
        self._thread.start()

    def close(self) -> None:
        """End, and let every page that waits go."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()
        self._is_due.set()
        self._thread.join()

    @property
    def is_closed(self) -> bool:
        """Whether it has ended."""
        return self._is_closed

    def hurry(self) -> None:
        """Read again at once, because something was changed."""
        self._is_due.set()

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Count a page while it is open, and give the number of the last snapshot that is too old for it.

        Raises:
            TooManyPagesError: too many are open.

        """
        with self._news:
            if self._pages >= MOST_PAGES:
                raise TooManyPagesError
            stale = self._newest.number - (1 if self._pages else 0)
            self._pages += 1
            self._news.notify_all()
        try:
            yield max(stale, 0)
        finally:
            with self._news:
                self._pages -= 1

    def wait(self, number: int, seconds: float) -> Snapshot | None:
        """The newest snapshot once it is newer than `number`; None if there is none within `seconds`, or at the end."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._newest.number > number, seconds)
            return self._newest if self._newest.number > number else None

    def _run(self) -> None:
        """Read until the end. Should reading ever fail, the streams end too, and the pages say that they are not connected."""
        try:
            while self._is_wanted():
                self._is_due.clear()
                text = json.dumps(self._source.snapshot(), ensure_ascii=False)
                with self._news:
                    self._newest = Snapshot(self._newest.number + 1, text)
                    self._news.notify_all()
                self._is_due.wait(self._seconds)
        finally:
            with self._news:
                self._is_closed = True
                self._news.notify_all()

    def _is_wanted(self) -> bool:
        """Wait until a page is open; whether one is."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._pages > 0)
            return not self._is_closed
