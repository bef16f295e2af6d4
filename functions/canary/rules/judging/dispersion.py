"""How much more bad requests cluster in time than independent ones would: phi, by which every ln e is divided.

It is measured on base's minutes of the last day, in blocks of 30 of them, each around its own rate. Measured over the whole day
at once, it would include slow changes and old outages and make the judge blind. This module does not know what is bad, nor
which minutes of the day these are.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from math import log, sqrt
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Minute = tuple[int, int]
"""Requests and bad requests."""

BLOCK_MINUTES = 30
FEWEST_BLOCKS = 3
OUTAGE_BLOCKS = 2
"""An outage clusters most in the blocks in which it begins and ends; both are left out of the means."""

OUTAGE_MINUTES = 3
"""This many clearly worse minutes in a row are an outage, not a burst. Only every other minute of the day is measured."""

CLEARLY_WORSE = 8.0
"""A minute is clearly worse than the day if its bad requests are likelier at their own rate by this much, as a logarithm."""

ONSET_IS_CLEAR = 15.0
"""The same, compared with the minute before. It is higher, because one minute says less than a day."""

SUMMED_MINUTES = 3
"""Sums of so many measured minutes show clusters that last for several minutes, such as those of a sick instance."""

DRIFT_IS_SHARED = 4.0
"""Of what the sums add to phi, the part ``(phi - 1) / (phi + 4)`` counts for drift."""

ABRUPT_TIMES = 1.2
"""What sums of three minutes show of clusters that begin abruptly counts so many times: those clusters last for longer, and a
rollout that waits for more evidence meets more of them. Counted once, 2.4 to 2.7 % of good releases were rolled back where each
sandbox falls sick once a day.
"""

ONSET_TIMES = 4.0
FEWEST_ONSETS = 5
"""Clusters begin abruptly if a minute has so many times the bad requests of the one before, and does so this often a day."""

SURE_ERRORS = 3.0
"""A mean that includes the most clustered blocks counts if it is above 1 by this many of its standard errors."""

UNPROVEN_PHI = 4.0
SPARSE_PHI = 1.2


class _Block(NamedTuple):
    """A block's Pearson statistic by degree of freedom, its bad requests, and whether it holds a part of an outage."""

    clustered: float
    bad: int
    is_outage: bool


def dispersion(minutes: Sequence[Minute]) -> float:
    """Phi of minutes (requests, bad) in time order: 1 or more.

    It is the largest of four figures:

    * the median over the blocks;
    * their mean weighted by bad requests, without the two most clustered blocks, in which an outage may begin and end;
    * the same mean with these two, unless they hold an outage: where bursts are few, those blocks hold all of them. With the
      other figures alone, up to 3 % of good releases were rolled back in a simulation of three to five bursts a day;
    * the last mean once more, over sums of three minutes and increased by a fifth of what it is above 1, if clusters begin
      abruptly: a sick instance fails for several minutes.

    Otherwise what clusters for several minutes is drift. The arms mostly drift together, and then it says nothing about either;
    counted in full, it hid 12 to 24 % of releases that were four times worse than a drifting base. So only a part of what the
    sums add to the single minutes counts: a small part where single minutes cluster little, and most of it where they
    cluster much, because a metric with so many bad requests can afford it.

    The last two count only if they are above 1 by three standard errors. A block without any bad or any good request cannot
    show clustering and is left out (counted as 1, such blocks hid bursts).

    With fewer than three blocks nothing is known; 4 is then enough for bursts of three errors. If there are enough blocks but
    fewer than three with a bad request, bursts are too rare to meet many rollouts, and 1.2 is enough.
    """
    blocks = [block for block in chunks(minutes, BLOCK_MINUTES) if len(block) == BLOCK_MINUTES]
    if len(blocks) < FEWEST_BLOCKS:
        return UNPROVEN_PHI
    told = [block for block in blocks if 0 < total(block)[1] < total(block)[0]]
    if len(told) < FEWEST_BLOCKS:
        return SPARSE_PHI
    outages = set(_in_outage(told))
    single = [_measured(block, is_outage=number in outages) for number, block in enumerate(told)]
    calm = sorted(single)[:-OUTAGE_BLOCKS]
    by_minute = max(1.0, median(block.clustered for block in single), _mean(calm), _sure_mean(single, told, 1))
    summed = [_measured(_summed(block), is_outage=number in outages) for number, block in enumerate(told)]
    by_sum = _sure_mean(summed, told, SUMMED_MINUTES)
    if by_sum <= by_minute:
        return by_minute
    if _is_abrupt(told):
        return 1.0 + ABRUPT_TIMES * (by_sum - 1.0)
    return by_minute + (by_sum - by_minute) * (by_minute - 1.0) / (by_minute + DRIFT_IS_SHARED)


def _sure_mean(measured: Sequence[_Block], blocks: Sequence[Sequence[Minute]], size: int) -> float:
    """The mean by bad request without at most two blocks of an outage; 1 if chance explains it.

    `measured`: the `blocks` with their minutes summed by `size`.
    """
    kept = sorted(measured, key=lambda block: (block.is_outage, block.clustered))
    dropped = min(OUTAGE_BLOCKS, sum(block.is_outage for block in kept))
    kept = kept[: len(kept) - dropped]
    points = len(blocks[0]) // size
    expected = sum(block.bad for block in kept) / len(kept) / points
    error = sqrt((2.0 + 1.0 / expected) / (len(kept) * (points - 1)))
    found = _mean(kept)
    return found if found > 1.0 + SURE_ERRORS * error else 1.0


def _mean(blocks: Sequence[_Block]) -> float:
    """The mean of the blocks, weighted by bad requests."""
    return sum(block.clustered * block.bad for block in blocks) / sum(block.bad for block in blocks)


def _in_outage(blocks: Sequence[Sequence[Minute]]) -> Iterator[int]:
    """The numbers of the blocks that hold a part of an outage: several minutes in a row clearly worse than the day."""
    usual = median(bad / requests for requests, bad in map(total, blocks))
    minutes = [
        (number, _log_likelier(bad, requests * usual) > CLEARLY_WORSE)
        for number, block in enumerate(blocks)
        for requests, bad in block
    ]
    for is_worse, run in groupby(minutes, key=lambda one: one[1]):
        numbers = [number for number, _ in run]
        if is_worse and len(numbers) >= OUTAGE_MINUTES:
            yield from numbers


def _is_abrupt(blocks: Sequence[Sequence[Minute]]) -> bool:
    """Whether bad requests often begin to cluster from one minute to the next, as when an instance falls sick."""
    return sum(_begins(*pair) for block in blocks for pair in pairwise(block)) >= FEWEST_ONSETS


def _begins(before: Minute, now: Minute) -> bool:
    expected = now[0] * max(before[1], 1) / before[0]
    return now[1] > ONSET_TIMES * expected and _log_likelier(now[1], expected) > ONSET_IS_CLEAR


def _log_likelier(bad: int, expected: float) -> float:
    """How much likelier so many bad requests are at their own rate than where fewer are expected, as a logarithm."""
    return bad * log(bad / expected) - (bad - expected) if bad > expected else 0.0


def _measured(block: Sequence[Minute], *, is_outage: bool) -> _Block:
    """Pearson's statistic over its degrees of freedom: 1 in expectation for independent requests of one rate."""
    requests, bad = total(block)
    rate = bad / requests
    spread = sum([(x - n * rate) ** 2 / n for n, x in block])
    return _Block(spread / (rate * (1.0 - rate) * (len(block) - 1)), bad, is_outage)


def _summed(block: Sequence[Minute]) -> list[Minute]:
    return [total(some) for some in chunks(block, SUMMED_MINUTES)]


def total(minutes: Sequence[Minute]) -> Minute:
    """The requests and the bad requests of all the minutes."""
    return sum([requests for requests, _ in minutes]), sum([bad for _, bad in minutes])


def chunks(minutes: Sequence[Minute], size: int) -> list[Sequence[Minute]]:
    """The minutes in order, so many at a time; the last part may be shorter."""
    return [minutes[first : first + size] for first in range(0, len(minutes), size)]
