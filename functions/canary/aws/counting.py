"""Counts of both arms for each minute, from the series of each metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from canary.aws.metrics import total
from canary.rules.judging.counts import RawCounts, slow_requests
from canary.rules.judging.minutes import MINUTE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.aws.metrics import MetricReader, Values
    from canary.rules.looks.promotion import PromotedSource
    from canary.rules.looks.sources import ArmSource, Series, Source


@dataclass(frozen=True, slots=True)
class Counted:
    """By minute: each metric's counts of both arms, and the (canary, base) requests that reached an integration, if any."""

    metrics: dict[int, Mapping[str, RawCounts]]
    integrated: dict[int, tuple[int, int]]


def read_counts(
    metrics: MetricReader,
    sources: Sequence[Source],
    integrated: tuple[Sequence[Series], Sequence[Series]],
    start: int,
    end: int,
) -> Counted:
    """The counts of both arms in CloudWatch. A metric without any value in a minute is absent from that minute.

    `integrated`: the series of the requests that reached an integration, the canary's and the base's.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    values = metrics.read([*_series_of(sources), *integrated[0], *integrated[1]], start, end)
    minutes = range(start, end, MINUTE_SECONDS)
    arms = {minute: _integrated(values, integrated, minute) for minute in minutes}
    return Counted(
        {minute: _minute(values, sources, minute) for minute in minutes},
        {minute: both for minute, both in arms.items() if both},
    )


def read_total(metrics: MetricReader, series: Sequence[Series], start: int, end: int) -> int:
    """The sum of counting series over all minutes.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    return round(sum(sum(found.values()) for found in metrics.read(series, start, end).values()))


def read_history(
    metrics: MetricReader, arm: ArmSource, start: int, end: int, *, counts_bad_always: bool = False
) -> dict[int, tuple[int, int]]:
    """One arm's (requests, bad) by minute, in time order, for every minute that had requests.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    values = metrics.read([*arm.requests, *arm.bad], start, end)
    served = {minute for series in arm.requests for minute in values[series]}.intersection(range(start, end, MINUTE_SECONDS))
    minutes = ((minute, _arm_counts(values, arm, minute, counts_bad_always)) for minute in sorted(served))
    return {minute: (counts[0], counts[1]) for minute, counts in minutes if counts and counts[0] > 0 and counts[1] is not None}


def read_minutes(
    metrics: MetricReader, sources: Mapping[str, PromotedSource], start: int, end: int
) -> dict[int, dict[str, tuple[int, int | None]]]:
    """By minute and metric, one arm's (requests, bad); None for bad requests that should be counted and are not.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    values = metrics.read([series for one in sources.values() for series in (*one.arm.requests, *one.arm.bad)], start, end)
    found: dict[int, dict[str, tuple[int, int | None]]] = {}
    for minute in range(start, end, MINUTE_SECONDS):
        counts = {name: _arm_counts(values, one.arm, minute, one.counts_bad_always) for name, one in sources.items()}
        found[minute] = {name: pair for name, pair in counts.items() if pair}
    return found


def _integrated(values: Values, integrated: tuple[Sequence[Series], Sequence[Series]], minute: int) -> tuple[int, int] | None:
    canary, base = (total(values, series, minute) for series in integrated)
    return None if canary is None and base is None else (round(canary or 0), round(base or 0))


def _series_of(sources: Sequence[Source]) -> Iterator[Series]:
    for source in sources:
        for arm in (source.base, source.canary):
            yield from arm.requests
            yield from arm.bad


def _minute(values: Values, sources: Sequence[Source], minute: int) -> dict[str, RawCounts]:
    counts = {}
    for source in sources:
        base, canary = (_arm_counts(values, arm, minute, source.counts_bad_always) for arm in (source.base, source.canary))
        if base or canary:
            counts[source.metric] = RawCounts(*(canary or (0, 0)), *(base or (0, 0)))
    return counts


def _arm_counts(values: Values, arm: ArmSource, minute: int, counts_bad_always: bool) -> tuple[int, int | None] | None:  # noqa: FBT001
    """Requests and bad ones. The bad ones are None if they should always be counted and one of their series has no value."""
    requests = total(values, arm.requests, minute)
    if requests is None:
        return None
    if counts_bad_always and _has_uncounted(values, arm, minute):
        return round(requests), None
    second = total(values, arm.bad, minute) or 0.0
    return round(requests), slow_requests(requests, second) if arm.counts_good else round(second)


def _has_uncounted(values: Values, arm: ArmSource, minute: int) -> bool:
    """Whether a series had requests in a minute in which its bad requests have no value, not even 0."""
    pairs = zip_longest(arm.requests, arm.bad, fillvalue=arm.bad[-1])
    return any(values[requests].get(minute, 0.0) > 0 and minute not in values[bad] for requests, bad in pairs)
