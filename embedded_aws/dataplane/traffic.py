"""Traffic: who calls what, and how often, as arrivals on the simulated clock.

Decides when requests arrive: a Poisson process whose rate may change over time. The data plane decides what happens to
them.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from embedded_aws.dataplane.served import NOTHING, Invoke, Request

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

MINUTE = 60.0
_NO_CHOICES: Mapping[str, Sequence[str]] = MappingProxyType({})
Rate = float | Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of request and its share of the traffic.

    ``{name}`` in the path becomes one of the texts in ``choices["name"]``, and ``{n}`` a new number for each request unless
    ``choices`` has texts for it. The path is percent-encoded, the query's pairs are not.
    """

    method: str
    path: str
    share: float = 1.0
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: str | None = None
    query: Sequence[tuple[str, str]] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=lambda: _NO_CHOICES)


class Traffic:
    """Requests to one stage. ``per_minute`` is a rate, or a function from time to rate; it may be changed later."""

    def __init__(self, api_id: str, stage: str, shapes: Sequence[Shape], *, per_minute: Rate, rng: random.Random) -> None:
        self.per_minute = per_minute
        self._api_id = api_id
        self._stage = stage
        self._shapes = list(shapes)
        self._limits = _running_totals([shape.share for shape in shapes])
        self._rng = rng

    def requests(self, start: float, end: float) -> Iterator[Request]:
        """The requests that arrive after ``start`` and up to ``end``."""
        rng, limits = self._rng, self._limits
        for at in arrivals(self.per_minute, start, end, rng):
            shape = self._shapes[bisect(limits, rng.random() * limits[-1])]
            path = shape.path
            for name, texts in shape.choices.items():
                path = path.replace(f"{{{name}}}", texts[int(rng.random() * len(texts))])
            if "{n}" in path:
                path = path.replace("{n}", str(int(rng.random() * 10_000)))
            yield Request(self._api_id, self._stage, shape.method, path, at, shape.headers, shape.query, shape.body)


class InvokeTraffic:
    """Direct invocations of one function by one qualifier, like those of an event source."""

    def __init__(self, function: str, qualifier: str, event: Any, *, per_minute: Rate, rng: random.Random) -> None:  # noqa: ANN401 - JSON-like
        self.per_minute = per_minute
        self._call = (function, qualifier, event)
        self._rng = rng

    def requests(self, start: float, end: float) -> Iterator[Invoke]:
        """The invocations that arrive after ``start`` and up to ``end``."""
        for at in arrivals(self.per_minute, start, end, self._rng):
            yield Invoke(*self._call, at)


def arrivals(per_minute: Rate, start: float, end: float, rng: random.Random) -> Iterator[float]:
    """The times of a Poisson process after ``start`` and up to ``end``; the rate is looked up once a minute."""
    while start < end:
        until = min(end, (math.floor(start / MINUTE) + 1) * MINUTE)
        rate = (per_minute(start) if callable(per_minute) else per_minute) / MINUTE
        at = start
        while rate > 0:
            at += rng.expovariate(rate)
            if at > until:
                break
            yield at
        start = until


def _running_totals(shares: Sequence[float]) -> list[float]:
    totals: list[float] = []
    for share in shares:
        totals.append(share + (totals[-1] if totals else 0.0))
    return totals
