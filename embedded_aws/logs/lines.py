"""The lines that a log group still holds, and the pages in which they are read.

Decides which lines a reader gets. Only the newest lines are kept, because an hour of traffic would fill the memory and nobody
reads it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from embedded_aws.wire.refusal import RefusalError

MOST_EVENTS = 10_000


class Line(NamedTuple):
    """One line: its number in the group, its time and its arrival time in milliseconds, its stream, and its text."""

    number: int
    at: int
    arrived: int
    stream: str
    text: str

    def describe(self) -> dict[str, Any]:
        """The line as GetLogEvents shows it."""
        return {"timestamp": self.at, "message": self.text, "ingestionTime": self.arrived}

    def describe_found(self) -> dict[str, Any]:
        """The line as FilterLogEvents shows it."""
        return {**self.describe(), "logStreamName": self.stream, "eventId": f"{self.number:056d}"}


@dataclass(frozen=True, slots=True)
class Range:
    """A time range in milliseconds; the end is exclusive, None means open."""

    start: int | None = None
    end: int | None = None

    def holds(self, at: int) -> bool:
        """Whether the time is inside the range."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


def search(
    lines: Sequence[Line],
    span: Range,
    *,
    is_wanted: Callable[[Line], bool],
    limit: int | None = None,
    token: str | None = None,
) -> dict[str, Any]:
    """A page of FilterLogEvents: the wanted lines, oldest first."""
    found = sorted((line for line in lines if span.holds(line.at) and is_wanted(line)), key=_by_time)
    first = _parse_offset(token)
    last = first + (limit or MOST_EVENTS)
    more = {"nextToken": str(last)} if len(found) > last else {}
    events = [line.describe_found() for line in found[first:last]]
    return {"events": events, "searchedLogStreams": [], **more}


def read(
    lines: Sequence[Line],
    span: Range,
    *,
    from_head: bool,
    limit: int | None = None,
    token: str | None = None,
) -> dict[str, Any]:
    """A page of GetLogEvents, with the tokens for either direction; at an end the token stays the same."""
    found = sorted((line for line in lines if span.holds(line.at)), key=_by_time)
    size = limit or MOST_EVENTS
    start = _start_of_page(token, len(found), size, from_head=from_head)
    page = found[start : start + size]
    return {
        "events": [line.describe() for line in page],
        "nextForwardToken": f"f/{start + len(page):056d}/s",
        "nextBackwardToken": f"b/{start:056d}/s",
    }


class Keeper:
    """The newest lines of one group."""

    def __init__(self, most: int) -> None:
        self._lines: deque[tuple[int, int, int, str, str]] = deque(maxlen=most)
        self._number = 0

    def __iter__(self) -> Iterator[Line]:
        return map(Line._make, self._lines)

    def keep(self, at: float, arrived: float, stream: str, text: str) -> None:
        """Keep a line; if there are too many, the oldest is dropped."""
        self._number += 1
        self._lines.append((self._number, int(at * 1_000), int(arrived * 1_000), stream, text))


def _by_time(line: Line) -> tuple[int, int]:
    return line.at, line.number


def _parse_offset(token: str | None) -> int:
    if token and not token.isdecimal():
        raise RefusalError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(token or 0)


def _start_of_page(token: str | None, found: int, size: int, *, from_head: bool) -> int:
    if token is None:
        return 0 if from_head else max(0, found - size)
    direction, _, rest = token.partition("/")
    place = rest.partition("/")[0]
    if direction not in ("f", "b") or not place.isdecimal():
        raise RefusalError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(place) if direction == "f" else max(0, int(place) - size)
