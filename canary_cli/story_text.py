"""A story as lines of text, or as Markdown. Times are those of this machine's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.reports.markdown import escaped, printable
from canary_cli.times import local, local_clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary_cli.stories.numbers import MinuteTable
    from canary_cli.story import Event, Story

DAY = len("2026-01-31")


def as_text(story: Story) -> Iterator[str]:
    """One line for each event, its numbers indented below it."""
    yield story.title
    for when, event in _timed(story.events):
        yield ""
        yield f"{when}  {printable(event.text)}"
        yield from (f"    {printable(number)}" for number in event.numbers)
    yield ""
    yield from map(printable, story.remarks)
    if story.minutes:
        yield ""
        yield from _columns(story.minutes)


def as_markdown(story: Story) -> Iterator[str]:
    """A heading, a list of the events, and a table of the minutes."""
    yield f"## {escaped(story.title)}"
    yield ""
    for when, event in _timed(story.events):
        yield f"- **{when}** {escaped(event.text)}"
        yield from (f"  - {escaped(number)}" for number in event.numbers)
    for remark in story.remarks:
        yield ""
        yield escaped(remark)
    if story.minutes:
        yield ""
        yield _table_row(story.minutes.headers)
        yield _table_row(["---"] * len(story.minutes.headers))
        yield from map(_table_row, _rows(story.minutes))


def _timed(events: Iterable[Event]) -> Iterator[tuple[str, Event]]:
    """Each event with its time; the date only where it is another one than before."""
    day = ""
    for event in events:
        last = "" if event.last_at is None else f" to {local_clock(event.last_at)}"
        begun = local(event.happened_at)
        yield (begun if begun[:DAY] != day else local_clock(event.happened_at)) + last, event
        day = begun[:DAY]


def _columns(minutes: MinuteTable) -> Iterator[str]:
    rows = [minutes.headers, *_rows(minutes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield from ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _rows(minutes: MinuteTable) -> Iterator[tuple[str, ...]]:
    for at, cells in zip(minutes.starts_at, minutes.rows, strict=True):
        yield (local_clock(at), *cells)


def _table_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
