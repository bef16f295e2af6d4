"""How long a target's canaries are slow after a weight change, learned from the weight changes of its promoted releases.

New instances start cold, and some code takes minutes to become as fast as it will be. How many requests that makes slow is a
property of the target, and every promoted release shows it again. Before the first one, nothing is known, so half of the
canary's requests may be slow for five minutes after each weight change. This module does not know where counts come from, nor
what is kept of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import starmap
from math import log, sqrt
from typing import TYPE_CHECKING

from canary.rules.judging.families import is_worse_when_cold
from canary.rules.judging.minutes import minutes_after, newest_shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from canary.rules.judging.families import Family

    Four = tuple[int, int | None, int, int | None]

USUAL = (0.1, 0.02)
"""The parts of the canary's requests that cold starts may make slow in each minute after a weight change of most targets."""

MINUTES = 5
"""Whatever is slow for longer is the release."""

MOST = 0.5
"""At most half of the canary's requests may be slow because they are the first ones."""

UNKNOWN = (MOST,) * MINUTES
"""What is allowed until a release of the target was promoted."""

CLEARLY_MORE, MORE_IN_ALL = 6.0, 3.0
"""A target warms up for longer than usual if what was seen in one minute after its changes is likelier at its own rate by this
much, as a logarithm, or what was seen in all of them by the second figure."""

MOST_CHANGES = 20
"""Weight changes that are kept, the newest ones."""


@dataclass(frozen=True, slots=True)
class SeenChange:
    """What one weight change of a promoted release showed.

    ``requests`` and ``slow``: by minute after the change, the canary's requests, and how many of them were slow beyond what
    base and the canary's own later minutes explain.
    """

    requests: tuple[int, ...]
    slow: tuple[float, ...]


def learn(
    minutes: Iterable[tuple[int, Mapping[str, Four]]], shifts: Sequence[float], families: Mapping[str, Family]
) -> tuple[SeenChange, ...]:
    """What the weight changes at `shifts` (epoch seconds) showed, oldest first.

    `minutes`: the epoch second at which each one began, and its counts by metric: the canary's requests and bad ones, then
    base's. Counts that are not whole are left out. A metric whose later minutes were never counted shows nothing: its canary
    may simply be slower.
    """
    after: dict[str, dict[float, dict[int, Four]]] = defaultdict(lambda: defaultdict(dict))
    later: dict[str, list[Four]] = defaultdict(list)
    for minute, counts in minutes:
        number = minutes_after(minute, shifts)
        for metric, four in counts.items():
            if number is None or not is_worse_when_cold(families[metric]) or None in four:
                continue
            if number < MINUTES:
                after[metric][newest_shift(minute, shifts)][number] = four
            else:
                later[metric].append(four)
    usual = {metric: _usual_rate(later[metric], changes) for metric, changes in after.items() if later[metric]}
    times = sorted({at for metric in usual for at in after[metric]})
    return tuple(_seen([(after[metric][at], rate) for metric, rate in usual.items()]) for at in times)


def allowed_warm_up(said: Sequence[float] | None, seen: Sequence[SeenChange] | None) -> tuple[float, ...]:
    """The parts of the canary's requests that may be slow in each minute after a weight change.

    `said`: what the target's definition says, which counts whatever was seen. `seen`: the weight changes of its promoted
    releases, None if no release was promoted yet.
    """
    if said is not None:
        return tuple(said)
    if seen is None:
        return UNKNOWN
    if not is_longer_than_usual(seen):
        return USUAL
    most = [max(starmap(_most, _at(seen, number)), default=MOST) for number in range(MINUTES)]
    return tuple(min(max(share, _usual_at(number)), MOST) for number, share in enumerate(most))


def is_longer_than_usual(seen: Sequence[SeenChange]) -> bool:
    """Whether the canaries were clearly slower after weight changes than is usual, in one of the minutes or in all of them."""
    slow = [sum(one.slow[number] for one in seen) for number in range(MINUTES)]
    usual = [sum(one.requests[number] for one in seen) * _usual_at(number) for number in range(MINUTES)]
    is_clear = any(_log_likelier(*pair) > CLEARLY_MORE for pair in zip(slow, usual, strict=True))
    return is_clear or _log_likelier(sum(slow), sum(usual)) > MORE_IN_ALL


def _log_likelier(slow: float, expected: float) -> float:
    """How much likelier so many slow requests are at their own rate than at the usual one, of which one is always expected."""
    expected = max(expected, 1.0)
    return slow * log(slow / expected) - (slow - expected) if slow > expected else 0.0


def _usual_rate(later: Sequence[Four], changes: Mapping[float, Mapping[int, Four]]) -> float:
    """The rate of slow requests that needs no warm-up as its explanation: base's, or the canary's own once it is warm."""
    cold = [four for change in changes.values() for four in change.values()]
    base = _rate([(four[2], four[3] or 0) for four in (*later, *cold)])
    return max(base, _rate([(four[0], four[1] or 0) for four in later]))


def _rate(counted: Sequence[tuple[int, int]]) -> float:
    return (sum(bad for _, bad in counted) + 0.5) / (sum(requests for requests, _ in counted) + 1.0)


def _seen(by_metric: Sequence[tuple[Mapping[int, Four], float]]) -> SeenChange:
    """One weight change: of several metrics, the one that was slowest beyond its usual rate counts."""
    requests, slow = [0] * MINUTES, [0.0] * MINUTES
    for counted, rate in by_metric:
        for number, (nc, ec, _, _) in counted.items():
            requests[number] = max(requests[number], nc)
            slow[number] = max(slow[number], _beyond(nc, ec or 0, rate))
    return SeenChange(tuple(requests), tuple(round(one, 1) for one in slow))


def _beyond(requests: int, slow: int, rate: float) -> float:
    """How many requests were slow that would not have been so at their usual rate, by more than chance explains."""
    expected = requests * rate
    return max(slow - expected - sqrt(expected * (1.0 - rate)), 0.0) / (1.0 - rate)


def _at(seen: Sequence[SeenChange], number: int) -> list[tuple[int, float]]:
    return [(one.requests[number], one.slow[number]) for one in seen if one.requests[number]]


def _most(requests: int, slow: float) -> float:
    """The largest part that the next change may show after one that showed so many."""
    return (slow + 1.0 + 2.0 * sqrt(slow + 1.0)) / requests


def _usual_at(number: int) -> float:
    return USUAL[number] if number < len(USUAL) else 0.0
