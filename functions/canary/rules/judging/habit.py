"""What a metric is used to say: how many data come with a request, frozen from history at the start.

It rests on the base's minutes of the last day, their data and their requests. Data are samples, whatever their values. Half of
what the quietest quarter of the day gave is expected, because what users do with their requests changes from hour to hour. With
the whole of it, 3 % of good releases were held in a simulation in which half as many requests as usual were checkouts. Which
metrics there are is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

QUARTERS = 4
SURE_PART = 0.5
"""The part of what the quietest quarter gave that is expected now."""

BLOCK_MINUTES = 30
WILD_BLOCKS = 2
"""So many blocks that cluster most are left out: an import of a few minutes says nothing of the rest."""

UNPROVEN_CLUSTER = 3.0
PRIOR_DATA = 20
"""Without data to tell, three are taken to come together. That counts as much as what twenty data show."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a metric is used to say, frozen at the start.

    ``per_request``: data that come with a request at least, 0 where history does not tell. ``clustered``: how many data come
    together within one arm, 1 where each stands for itself. ``is_heard``: whether base had any datum in the last day.
    """

    per_request: float = 0.0
    clustered: float = 1.0
    is_heard: bool = True


OF_REQUESTS = Habit(clustered=2.0)
"""Of a metric whose data are the log's lines: they cannot be expected from requests, and a line may arrive twice."""

ONE_A_REQUEST = Habit(per_request=SURE_PART, clustered=2.0)
"""Of a metric that has one value in each line, such as latency."""

UNHEARD = Habit(clustered=UNPROVEN_CLUSTER, is_heard=False)
"""Of a metric without any datum in history: also a misspelt one."""


def habit_of(data: Sequence[int], requests: Sequence[int]) -> Habit:
    """The habit of a metric whose data and requests in the base are given minute for minute, those without any included."""
    first = next((minute for minute, n in enumerate(data) if n), None)
    if first is None:
        return UNHEARD
    told = list(zip(data, requests, strict=True))[first:]
    return Habit(per_request=SURE_PART * _quietest(told), clustered=_clustered(told))


def _quietest(told: Sequence[tuple[int, int]]) -> float:
    """The fewest data for a request in any quarter of the minutes (data, requests)."""
    size = -(-len(told) // QUARTERS)
    totals = [tuple(map(sum, zip(*quarter, strict=True))) for quarter in _chunks(told, size)]
    return min((data / requests for data, requests in totals if requests), default=0.0)


def _clustered(told: Sequence[tuple[int, int]]) -> float:
    """How many data come together: Pearson's dispersion about each block's own rate, by datum, without the wildest blocks."""
    blocks = [block for block in _chunks(told, BLOCK_MINUTES) if len(block) == BLOCK_MINUTES]
    calm = sorted(filter(None, map(_dispersion, blocks)))[:-WILD_BLOCKS]
    together = sum(clustered * data for clustered, data in calm) + UNPROVEN_CLUSTER * PRIOR_DATA
    return max(1.0, together / (sum(data for _, data in calm) + PRIOR_DATA))


def _dispersion(block: Sequence[tuple[int, int]]) -> tuple[float, int] | None:
    """Of data in minutes with requests, with their number."""
    data, requests = map(sum, zip(*block, strict=True))
    if not data or not requests:
        return None
    rate = data / requests
    terms = [(n - rate * asked) ** 2 / (rate * asked) for n, asked in block if asked]
    return sum(terms) / max(len(terms) - 1, 1), data


def _chunks(told: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [told[first : first + size] for first in range(0, len(told), size)]
