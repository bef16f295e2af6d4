"""The standard output of installed packages that user code calls: they write to the process's stdout, not the function's.

Decides, per thread, where text written to ``sys.stdout`` goes while a function runs. User code's own ``print`` does not
come through here; it has its own way (`user_views`).
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Router:
    """A text file that sends each thread's text to that thread's sink, or else to the real standard output."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks = threading.local()
        self._capturing = 0
        self._behind: Any = sys.stdout

    def write(self, text: str) -> int:
        """Write this thread's text."""
        sink = getattr(self._sinks, "sink", None)
        if sink is None:
            return int(self._real().write(text))
        sink(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the real stream's attributes
        return getattr(self._real(), name)

    @contextmanager
    def capturing(self, sink: Callable[[str], object]) -> Iterator[None]:
        """While in the block, text that this thread writes to ``sys.stdout`` goes to ``sink``."""
        self._enter()
        outer, self._sinks.sink = getattr(self._sinks, "sink", None), sink
        try:
            yield
        finally:
            self._sinks.sink = outer
            self._leave()

    def _real(self) -> Any:  # noqa: ANN401 - whatever the process uses
        """The real stream. It is needed because a logger made inside a function may keep this router after the capture."""
        return self._behind if sys.stdout is self else sys.stdout

    def _enter(self) -> None:
        with self._lock:
            self._capturing += 1
            if sys.stdout is not self:
                self._behind, sys.stdout = sys.stdout, self

    def _leave(self) -> None:
        with self._lock:
            self._capturing -= 1
            if not self._capturing and sys.stdout is self:
                sys.stdout = self._behind


ROUTER = Router()
