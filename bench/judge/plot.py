"""The benchmark as a picture (SVG): each judge by the good releases it rolls back and the harm of bad releases under it."""

from __future__ import annotations

from html import escape
from math import isfinite, log10
from typing import TYPE_CHECKING

from bench.judge.rows import rows
from bench.measured import CONTROLLER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.judge.fair import FairSet
    from bench.judge.rows import Row
    from bench.measured import CellResult

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 860, 480, 80, 60, 40, 250
LEAST_SHARE, LEAST_HARM, MOST_HARM = 1e-4, 0.8, 200.0
SHARES = (0.0001, 0.001, 0.01, 0.1, 1.0)
MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200)


def plot(results: Sequence[CellResult], fair: FairSet) -> str:
    """The judges on the common schedule."""
    common = [result for result in results if result.policy == "standard" and result.cell.has_history]
    shown = [row for row in rows(common, fair) if row.false_worst and isfinite(row.harm[0])]
    body = "\n".join((*_axes(), *_points(shown)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def _axes() -> Iterator[str]:
    for share in SHARES:
        yield _text(_x(share), HEIGHT - BOTTOM + 18, f"{share * 100:g} %", anchor="middle")
        yield _line(_x(share), TOP, _x(share), HEIGHT - BOTTOM)
    for multiple in MULTIPLES:
        yield _text(LEFT - 8, _y(multiple) + 4, f"{multiple}", anchor="end")
        yield _line(LEFT, _y(multiple), WIDTH - RIGHT, _y(multiple))
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "good releases rolled back, worst cell", anchor="middle")
    yield _text(LEFT - 60, TOP - 16, "harm of bad releases, multiple of Wald's limit (down and left is better)")


def _points(shown: Sequence[Row]) -> Iterator[str]:
    taken: list[float] = []
    for row in sorted(shown, key=lambda one: one.harm[0]):
        share = row.false_worst.share if row.false_worst else 0.0
        x, y = _x(max(share, LEAST_SHARE)), _y(row.harm[0])
        label = max(y + 4, taken[-1] + 15) if taken else y + 4
        taken.append(label)
        colour = "#0a7d33" if row.judge.startswith(CONTROLLER) else "#555"
        yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="{colour}"/>'
        yield _line(x, y, WIDTH - RIGHT + 8, label - 4, colour="#bbb")
        yield _text(WIDTH - RIGHT + 12, label, row.judge, colour=colour)


def _x(share: float) -> float:
    return LEFT + (log10(share) - log10(LEAST_SHARE)) / -log10(LEAST_SHARE) * (WIDTH - LEFT - RIGHT)


def _y(multiple: float) -> float:
    high, low = log10(MOST_HARM), log10(LEAST_HARM)
    place = (log10(min(max(multiple, LEAST_HARM), MOST_HARM)) - low) / (high - low)
    return HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP)


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, colour: str = "#e5e5e5") -> str:
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{colour}"/>'
