"""What the report's pictures are made of: a frame with scales, ticks, lines and bands. SVG without a script.

A picture is 360 units wide, which is a phone's width, so its text is as large as the page's on a phone and in a column of a
wide page. Colours are classes of the page's style, so that dark mode and print change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from canary.rules.reports.amounts import clock
from canary.rules.reports.markup import Markup, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canary.rules.reports.amounts import LocalTime

WIDTH = 360.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 10.0, 26.0, 24.0
MOST_TICKS = 4
TICK_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200)


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale: the values ``low`` to ``high`` lie at ``start`` to ``end`` of the picture."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies; what is outside of the scale lies at its end."""
        inside = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * (inside - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture over time: instants on ``x``, figures on ``y``."""

    x: Axis
    y: Axis
    height: float


def frame(first_at: float, last_at: float, low: float, high: float, *, height: float = 190.0) -> Frame:
    """A frame for instants and figures between these."""
    x = Axis(first_at, max(last_at, first_at + 60.0), LEFT, WIDTH - RIGHT)
    return Frame(x, Axis(low, high if high > low else low + 1.0, height - BOTTOM, TOP), height)


def picture(name: str, title: str, description: str, height: float, parts: Iterable[Markup]) -> Markup:
    """The SVG with the texts that a screen reader says instead."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def label(words: str, x: float, y: float, *, anchor: str = "start", class_: str = "label") -> Markup:
    """A text of the picture."""
    return tag("text", words, x=x, y=y, text_anchor=anchor, class_=class_)


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def line(frame: Frame, points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through (instant, figure) points."""
    return tag("path", d=_path(frame, points), class_=class_)


def band(frame: Frame, points: Sequence[tuple[float, float, float]], class_: str) -> Markup:
    """The area between the low and the high of (instant, low, high) points."""
    there = [(at, high) for at, _, high in points]
    back = [(at, low) for at, low, _ in reversed(points)]
    return tag("path", d=f"{_path(frame, [*there, *back])}Z", class_=class_)


def steps(frame: Frame, points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line that keeps each figure until the next one, to the right edge."""
    stairs: list[tuple[float, float]] = []
    for (at, value), (until, _) in zip(points, [*points[1:], (frame.x.high, 0.0)], strict=True):
        stairs += [(at, value), (until, value)]
    return line(frame, stairs, class_)


def time_ticks(frame: Frame, local: LocalTime) -> Iterator[Markup]:
    """The bottom line with local times at round minutes."""
    bottom = frame.y.start
    yield rule(LEFT, bottom, WIDTH - RIGHT, bottom, "axis")
    every = 60 * next((one for one in TICK_MINUTES if _span(frame) / (60 * one) <= MOST_TICKS), TICK_MINUTES[-1])
    offset = local(frame.x.low).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = ceil((frame.x.low + shift) / every) * every - shift
    for number in range(int((frame.x.high - first) // every) + 1):
        at = first + number * every
        x = frame.x.at(at)
        anchor = "end" if x > WIDTH - 30 else "start" if x < LEFT + 12 else "middle"
        yield rule(x, bottom, x, bottom + 4, "axis")
        yield label(clock(at, local), x, bottom + 16, anchor=anchor, class_="tick")


def value_ticks(frame: Frame, ticks: Iterable[tuple[float, str]]) -> Iterator[Markup]:
    """Hairlines at these figures, labelled on the left."""
    for value, words in ticks:
        y = frame.y.at(value)
        yield rule(LEFT, y, WIDTH - RIGHT, y, "grid")
        yield label(words, LEFT - 6, y + 4, anchor="end", class_="tick")


def step_marks(frame: Frame, weights: Iterable[tuple[float, str]]) -> Iterator[Markup]:
    """A dotted line where each weight was set, with the weight above it where there is room."""
    free_from = 0.0
    for at, words in weights:
        if frame.x.low <= at <= frame.x.high:
            x = frame.x.at(at)
            yield rule(x, TOP - 6, x, frame.y.start, "mark")
            if x >= free_from:
                is_last = x > WIDTH - 44
                yield label(words, x, TOP - 10, anchor="end" if is_last else "start", class_="tick")
                free_from = x + 36


def round_ticks(high: float) -> list[float]:
    """Zero and two to four round figures up to `high`, which is above 0."""
    size = 10.0 ** floor(log10(high))
    every = next(size * part for part in (0.2, 0.5, 1.0, 2.0, 5.0) if high / (size * part) <= MOST_TICKS)
    return [number * every for number in range(int(high / every + 1e-9) + 1)]


def together(*parts: Iterable[Markup]) -> Markup:
    """Parts of a picture, drawn one above another."""
    return joined(one for part in parts for one in part)


def _span(frame: Frame) -> float:
    return frame.x.high - frame.x.low


def _path(frame: Frame, points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{frame.x.at(at):.1f} {frame.y.at(value):.1f}" for at, value in points)
