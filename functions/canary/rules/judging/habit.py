"""How much data a metric usually has: how many samples come with a request, frozen from history at the start.

It is computed from base's minutes of the last day, their samples and their requests. The values of the samples do not matter.
Half of what the quietest quarter of the day gave is expected, because what users do with their requests changes from hour to
hour. When all of it was expected, 3 % of good releases were held in a simulation in which only half as many requests as usual
were checkouts. This module does not know which metrics there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

QUARTERS = 4
SURE_PART = 0.5
"""The part of the quietest quarter's samples that is expected now."""

BLOCK_MINUTES = 30
WILD_BLOCKS = 2
"""How many of the most clustered blocks are left out: an import of a few minutes says nothing about the rest of the day."""

UNPROVEN_CLUSTER = 3.0
PRIOR_DATA = 20
"""Without data, three samples are assumed to come together. This assumption weighs as much as twenty samples."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How much data a metric usually has, frozen at the start.

    ``per_request``: the least number of samples per request, 0 if history does not show it. ``clustered``: how many samples
    come together within one arm, 1 if they are independent. ``is_heard``: whether base had any sample in the last day.
    """

    per_request: float = 0.0
    clustered: float = 1.0
    is_heard: bool = True


OF_REQUESTS = Habit(clustered=2.0)
"""For a metric whose samples are the log's lines: requests cannot predict them, and a line may arrive twice."""

ONE_A_REQUEST = Habit(per_request=SURE_PART, clustered=2.0)
"""For a metric that has one value per line, such as latency."""

UNHEARD = Habit(clustered=UNPROVEN_CLUSTER, is_heard=False)
"""For a metric without any sample in history, such as a misspelt one."""


def habit_of(data: Sequence[int], requests: Sequence[int]) -> Habit:
    """The habit of a metric from base's samples and requests of each minute, minutes without any included."""
    first = next((minute for minute, n in enumerate(data) if n), None)
    if first is None:
        return UNHEARD
    told = list(zip(data, requests, strict=True))[first:]
    return Habit(per_request=SURE_PART * _quietest(told), clustered=_clustered(told))


def _quietest(told: Sequence[tuple[int, int]]) -> float:
    """The fewest samples per request in any quarter of the minutes, given as (samples, requests)."""
    size = -(-len(told) // QUARTERS)
    totals = [tuple(map(sum, zip(*quarter, strict=True))) for quarter in _chunks(told, size)]
    return min((data / requests for data, requests in totals if requests), default=0.0)


def _clustered(told: Sequence[tuple[int, int]]) -> float:
    """How many samples come together: Pearson's dispersion in each block, weighted by sample, without the wildest blocks."""
    blocks = [block for block in _chunks(told, BLOCK_MINUTES) if len(block) == BLOCK_MINUTES]
    calm = sorted(filter(None, map(_dispersion, blocks)))[:-WILD_BLOCKS]
    together = sum(clustered * data for clustered, data in calm) + UNPROVEN_CLUSTER * PRIOR_DATA
    return max(1.0, together / (sum(data for _, data in calm) + PRIOR_DATA))


def _dispersion(block: Sequence[tuple[int, int]]) -> tuple[float, int] | None:
    """Pearson's dispersion of the samples in minutes with requests, and the number of samples."""
    data, requests = map(sum, zip(*block, strict=True))
    if not data or not requests:
        return None
    rate = data / requests
    terms = [(n - rate * asked) ** 2 / (rate * asked) for n, asked in block if asked]
    return sum(terms) / max(len(terms) - 1, 1), data


def _chunks(told: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [told[first : first + size] for first in range(0, len(told), size)]
