"""What the report draws over time: rates, evidence, weights, shares, and the verdicts with their reasons."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.replay import intervals_of
from canary.rules.looks.sources import ERRORS
from canary.rules.reports.evidence_report import (
    EvidencePoint,
    MinuteRate,
    RateLine,
    RatePoint,
    SharePoint,
    VerdictSpan,
    WeightPoint,
)
from canary.rules.reports.metric_rows import estimate_of
from canary.rules.reports.weights import weights_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.look_numbers import MinuteRecord
    from canary.rules.looks.replay import ReplayedLook
    from canary.rules.looks.verdict import VerdictKind
    from canary.rules.reports.evidence_report import MetricRow
    from canary.rules.rollouts.rollout import Rollout

T = TypeVar("T")

MOST_POINTS = 200
"""As many points as a line is drawn with; a longer rollout is drawn from evenly spaced ones, the last always among them."""


def rate_lines(looks: Sequence[ReplayedLook], rows: Sequence[MetricRow]) -> tuple[RateLine, ...]:
    """The rates of every metric that can be compared, after each look."""
    minutes = [minute.record for look in looks for minute in look.minutes]
    lines = [
        RateLine(row.metric, row.label, tuple(_rates(thinned(looks), row.metric)), tuple(_of_minutes(minutes, row.metric)))
        for row in rows
    ]
    return tuple(line for line in lines if line.points or line.minutes)


def evidence_line(looks: Sequence[ReplayedLook]) -> tuple[EvidencePoint, ...]:
    """The evidence after each minute."""
    minutes = [minute for look in looks for minute in look.minutes]
    return tuple(
        EvidencePoint(float(one.record.minute + MINUTE_SECONDS), one.evidence.log_strength, one.evidence.log_e)
        for one in thinned(minutes)
    )


def shares(looks: Sequence[ReplayedLook]) -> tuple[SharePoint, ...]:
    """The canary's share of every minute's requests."""
    records = [minute.record for look in looks for minute in look.minutes]
    counted = [(one.minute, *_requests(one)) for one in thinned(records)]
    return tuple(
        SharePoint(minute + MINUTE_SECONDS / 2, canary / (canary + base), canary + base)
        for minute, canary, base in counted
        if canary + base
    )


def weights(rollout: Rollout, looks: Sequence[ReplayedLook]) -> tuple[WeightPoint, ...]:
    """Every weight, from when it was set."""
    return tuple(WeightPoint(one.set_at, one.weight_percent) for one in weights_set(rollout, [one.look for one in looks]))


def alike(looks: Sequence[ReplayedLook]) -> Iterator[tuple[ReplayedLook, ...]]:
    """The looks in groups of consecutive ones that say the same but for their numbers."""
    for _, group in groupby(looks, _gist):
        yield tuple(group)


def decisions(looks: Sequence[ReplayedLook]) -> tuple[VerdictSpan, ...]:
    """One decision for all consecutive looks that say the same but for their numbers."""
    return tuple(
        VerdictSpan(
            first_at=same[0].look.at,
            last_at=same[-1].look.at,
            looks=len(same),
            step=same[-1].look.step,
            weight_percent=float(same[-1].rollout.plan.policy.steps[same[-1].look.step].weight_percent),
            verdict=same[-1].look.verdict,
            reason=same[-1].look.reason,
            log_e=same[-1].evidence.log_strength,
        )
        for same in alike(looks)
    )


def thinned(items: Sequence[T]) -> Sequence[T]:
    """The items, or at most `MOST_POINTS` of them and the last."""
    every = -(-len(items) // MOST_POINTS) or 1
    return items[(len(items) - 1) % every :: every]


def _rates(looks: Sequence[ReplayedLook], metric: str) -> Iterator[RatePoint]:
    for look in looks:
        if compared := intervals_of(look, metric):
            yield RatePoint(look.look.at, estimate_of(compared.canary), estimate_of(compared.base))


def _of_minutes(records: Sequence[MinuteRecord], metric: str) -> Iterator[MinuteRate]:
    for record in thinned(records):
        requests, bad, _, _ = record.counts.get(metric, (0, None, 0, None))
        if requests and bad is not None:
            yield MinuteRate(record.minute + MINUTE_SECONDS / 2, bad / requests, requests)


def _requests(record: MinuteRecord) -> tuple[int, int]:
    """The requests of canary and base that reached an integration, or those that were counted with the errors."""
    if record.integrated:
        return record.integrated
    canary, _, base, _ = record.counts.get(ERRORS, (0, 0, 0, 0))
    return canary, base


def _gist(one: ReplayedLook) -> tuple[int, VerdictKind, str]:
    return one.look.step, one.look.verdict, re.sub(r"[\d.,]+", "0", one.look.reason)
