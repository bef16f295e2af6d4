"""How long a target's canaries are slow after a weight change, learned from the weight changes of its promoted releases.

New instances start cold, and some code takes minutes to become as fast as it will be. How many requests that makes slow is a
property of the target, and every promoted release shows it again. Before that nothing is known, so half of the canary's
requests may be slow for five minutes after each weight change. This module does not know where counts come from, nor what is
kept of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from canary.rules.judging.families import is_worse_when_cold
from canary.rules.judging.minutes import minutes_after, newest_shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canary.rules.judging.families import Family

Four = tuple[int, ...]
"""The canary's requests and slow ones, then base's."""

USUAL = (0.1, 0.02)
"""The parts of the canary's requests that cold starts may make slow in each minute after a weight change of most targets."""

MINUTES = 5
"""Whatever is slow for longer is the release."""

MOST = 0.5
"""At most half of the canary's requests may be slow because they are the first ones."""

UNKNOWN = (MOST,) * MINUTES
"""What is allowed until the target's releases have shown how long they are slow."""

FEWEST_REQUESTS = 1000
"""Canary requests in these minutes that show a warm-up, or that there is none. With fewer, 2 % of good releases were rolled
back at 60 requests a minute, because their warm-up had not shown.
"""

CLEARLY_MORE = 4.0
"""A target warms up for longer than usual if its canaries were slower by so many standard errors, in one minute or in all."""

MORE_NEXT_TIME = 1.25
"""The next release may need a quarter more than the ones before it."""

NO_REQUEST: Four = (0, 0, 0, 0)
SPREADING = 0
"""The place of the minutes in which a change spreads, before those after it."""


@dataclass(frozen=True, slots=True)
class SeenChange:
    """What one weight change of a promoted release showed.

    ``counts``: by latency limit, the counts of the minutes in which the change spread, added up, and then of each minute after
    it. ``later``: by limit, the part of the canary's requests that was slow beyond base's in the release's later minutes, which
    is no warm-up.
    """

    counts: Mapping[str, tuple[Four, ...]]
    later: Mapping[str, float]


class _Excess(NamedTuple):
    """How many requests were slow beyond the usual ones, of how many that might have been, and the variance of that number."""

    slow: float
    requests: float
    variance: float

    @property
    def share(self) -> float:
        """The part of the requests that was slow beyond the usual ones."""
        return self.slow / self.requests

    @property
    def error(self) -> float:
        """Its standard error."""
        return sqrt(self.variance) / self.requests


def learn(
    minutes: Iterable[tuple[int, Mapping[str, Sequence[int | None]]]], shifts: Sequence[float], families: Mapping[str, Family]
) -> tuple[SeenChange, ...]:
    """What the weight changes at `shifts` (epoch seconds) showed, oldest first.

    `minutes`: the epoch second at which each one began, and its counts by metric. Counts that are not whole, and metrics
    without a family, which were not judged, are left out. A limit whose later minutes were never counted shows nothing: the
    canary may simply be slower.
    """
    after: dict[float, dict[str, dict[int, Four]]] = defaultdict(lambda: defaultdict(dict))
    later: dict[str, list[Four]] = defaultdict(list)
    for minute, counts in minutes:
        changed = newest_shift(minute, shifts)
        if changed == -inf:
            continue
        settled = minutes_after(minute, shifts)
        place = SPREADING if settled is None else settled + 1
        for metric, four in _whole(counts, families):
            if place <= MINUTES:
                known = after[changed][metric].get(place, NO_REQUEST)
                after[changed][metric][place] = tuple(map(add, known, four))
            else:
                later[metric].append(four)
    slower = {metric: _slower(counted) for metric, counted in later.items()}
    return tuple(change for _, seen in sorted(after.items()) if (change := _change(seen, slower)).counts)


def allowed_warm_up(said: Sequence[float] | None, seen: Sequence[SeenChange]) -> tuple[float, ...]:
    """The parts of the canary's requests that may be slow in each minute after a weight change.

    `said`: what the target's definition says, which counts whatever was seen. `seen`: the weight changes of its promoted
    releases.
    """
    if said is not None:
        return tuple(said)
    if not is_known(seen):
        return UNKNOWN
    slow = [metric for metric in _limits(seen) if _is_longer(seen, metric)]
    if not slow:
        return USUAL
    return tuple(
        min(max(_usual(place), *(MORE_NEXT_TIME * _most(seen, metric, place) for metric in slow)), MOST)
        for place in range(1, MINUTES + 1)
    )


def is_longer_than_usual(seen: Sequence[SeenChange]) -> bool:
    """Whether enough is known to say that the canaries are clearly slower after weight changes than is usual."""
    return is_known(seen) and any(_is_longer(seen, metric) for metric in _limits(seen))


def is_known(seen: Sequence[SeenChange]) -> bool:
    """Whether the weight changes had enough requests, by the limit that counted the most."""
    requests = (sum(four[0] for four in _fours(seen, metric)) for metric in _limits(seen))
    return max(requests, default=0) >= FEWEST_REQUESTS


def _whole(counts: Mapping[str, Sequence[int | None]], families: Mapping[str, Family]) -> Iterator[tuple[str, Four]]:
    """The counts of latency limits that were counted whole in both arms."""
    for metric, counted in counts.items():
        if metric in families and is_worse_when_cold(families[metric]):
            four = tuple(one for one in counted if one is not None)
            if len(four) == len(counted) and four[0] and four[2]:
                yield metric, four


def _change(seen: Mapping[str, Mapping[int, Four]], slower: Mapping[str, float]) -> SeenChange:
    counts = {
        metric: tuple(counted.get(place, NO_REQUEST) for place in range(MINUTES + 1))
        for metric, counted in seen.items()
        if metric in slower
    }
    return SeenChange(counts, {metric: round(slower[metric], 4) for metric in counts})


def _slower(counted: Sequence[Four]) -> float:
    """The part of the canary's requests that was slow beyond base's."""
    nc, ec, nb, eb = (sum(column) for column in zip(*counted, strict=True))
    base = _rate(nb, eb)
    excess: float = (ec / nc - base) / (1.0 - base)
    return max(excess, 0.0)


def _rate(requests: int, slow: int) -> float:
    return (slow + 0.5) / (requests + 1.0)


def _limits(seen: Sequence[SeenChange]) -> list[str]:
    return sorted({metric for change in seen for metric in change.counts})


def _fours(seen: Sequence[SeenChange], metric: str) -> Iterator[Four]:
    for change in seen:
        yield from change.counts.get(metric, ())


def _is_longer(seen: Sequence[SeenChange], metric: str) -> bool:
    """Whether one limit shows clearly more slow requests than usual."""
    scores = [
        (one.slow - _usual(place) * one.requests) / sqrt(one.variance + _usual(place) * one.requests)
        for place in range(MINUTES + 1)
        if (one := _pooled(seen, metric, place)).requests
    ]
    return bool(scores) and max(*scores, sum(scores) / sqrt(len(scores))) > CLEARLY_MORE


def _most(seen: Sequence[SeenChange], metric: str, place: int) -> float:
    """At least the part that a change makes slow in the minute, by all changes together and by the one that showed the most.

    What is allowed in the first minute after a change also holds while it spreads.
    """
    if place == 1:
        return max(_most_at(seen, metric, SPREADING), _most_at(seen, metric, 1))
    return _most_at(seen, metric, place)


def _most_at(seen: Sequence[SeenChange], metric: str, place: int) -> float:
    together = _pooled(seen, metric, place)
    if not together.requests:
        return MOST
    alone = [one for change in seen if (one := _pooled([change], metric, place)).requests]
    return max(together.share + 2.0 * together.error, *(one.share - one.error for one in alone))


def _pooled(seen: Sequence[SeenChange], metric: str, place: int) -> _Excess:
    """What some changes showed in one minute, each beside base's own requests of that minute."""
    found = [_excess(change.counts[metric][place], change.later[metric]) for change in seen if metric in change.counts]
    return _Excess(*(sum(column) for column in zip(*found, strict=True))) if found else _Excess(0.0, 0.0, 0.0)


def _excess(four: Four, later: float) -> _Excess:
    """One change in one minute. `later`: what the canary is slower by once it is warm."""
    nc, ec, nb, eb = four
    if not nc or not nb:
        return _Excess(0.0, 0.0, 0.0)
    base = _rate(nb, eb)
    usual = base + (1.0 - base) * later
    return _Excess(ec - nc * usual, nc * (1.0 - usual), nc * usual * (1.0 - usual) + nc * nc * base * (1.0 - base) / nb)


def _usual(place: int) -> float:
    after = max(place - 1, 0)
    return USUAL[after] if after < len(USUAL) else 0.0
