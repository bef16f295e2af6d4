"""Holds log lines back while many requests are served together, and passes them on in one go.

CloudWatch Logs takes many lines of a group much faster together than one by one. This module decides nothing about them.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Line = tuple[float, str]


class Logs(Protocol):
    """CloudWatch Logs, which receives log lines."""

    def ingest_many(self, group: str, lines: Iterable[Line], *, stream: str = ...) -> object:
        """Take lines of one stream of one group, each with its time."""


class LineBuffer:
    """Passes lines on at once, except inside a `holding` block: there when the block ends."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._held: defaultdict[tuple[str, str], list[Line]] | None = None

    def write(self, group: str, stream: str, lines: Iterable[Line]) -> None:
        """Write lines of one stream, in order."""
        if self._held is None:
            self._logs.ingest_many(group, lines, stream=stream)
        else:
            self._held[group, stream].extend(lines)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold lines back inside a with block."""
        if self._held is not None:
            yield
            return
        held = self._held = defaultdict(list)
        try:
            yield
        finally:
            self._held = None
            for (group, stream), lines in held.items():
                self._logs.ingest_many(group, lines, stream=stream)
