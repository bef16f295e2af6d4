"""Counts of both arms, minute by minute, from the series of each metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.metrics import total
from canary.rules.counts import slow_requests
from canary.rules.look import RawCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from canary.aws.metrics import Metrics, Values
    from canary.rules.sources import ArmSource, Series, Source

MINUTE = 60


def read_counts(metrics: Metrics, sources: Sequence[Source], start: int, end: int) -> dict[int, Mapping[str, RawCounts]]:
    """By minute and metric, what CloudWatch has of both arms. A metric with no value at all in a minute is absent there.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    values = metrics.read(list(_series_of(sources)), start, end)
    return {minute: _minute(values, sources, minute) for minute in range(start, end, MINUTE)}


def read_history(metrics: Metrics, arm: ArmSource, start: int, end: int) -> list[tuple[int, int]]:
    """One arm's (requests, bad) of every minute that had requests, in time order.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    values = metrics.read([*arm.requests, *arm.bad], start, end)
    minutes = (_arm_counts(values, arm, minute) for minute in range(start, end, MINUTE))
    return [counts for counts in minutes if counts and counts[0] > 0]


def _series_of(sources: Sequence[Source]) -> Iterator[Series]:
    for source in sources:
        for arm in (source.base, source.canary):
            yield from arm.requests
            yield from arm.bad


def _minute(values: Values, sources: Sequence[Source], minute: int) -> dict[str, RawCounts]:
    counts = {}
    for source in sources:
        base = _arm_counts(values, source.base, minute)
        canary = _arm_counts(values, source.canary, minute)
        if base or canary:
            counts[source.metric] = RawCounts(*(canary or (0, 0)), *(base or (0, 0)))
    return counts


def _arm_counts(values: Values, arm: ArmSource, minute: int) -> tuple[int, int] | None:
    requests = total(values, arm.requests, minute)
    if requests is None:
        return None
    second = total(values, arm.bad, minute) or 0.0
    return round(requests), slow_requests(requests, second) if arm.counts_good else round(second)
