"""What a backtest asks of CloudWatch: which metrics of which days, how many, and at what price. Pure, and known beforehand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.aws.histories import DAY, HOUR
from canary.rules.checks.forecast import draft_sources
from canary.rules.judging.counts import RawCounts
from canary.rules.judging.families import Family
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.listening import traffic_of
from canary.rules.looks.sources import (
    CLIENT_ERRORS,
    ERRORS,
    FUNCTION_ERRORS,
    ArmSource,
    Series,
    has_log,
    latency_series,
    percentile_metric,
    stage_client_error_history,
    stage_error_history,
    stage_latency_history,
)
from canary.rules.rollouts.price import RATES
from canary_cli.backtest.frugal import POINTS_PER_CALL
from canary_cli.backtest.releases import Fault
from canary_cli.backtest.splitting import TAIL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy

KEPT_SECONDS = 15 * DAY - HOUR
"""How far back the minutes reach that CloudWatch still has, less an hour (docs/aws.md#metric-retention)."""

MOST_DAYS = 14
"""The first start needs a day before it."""

MOST_FOLDS = 1_500_000
"""Minutes and metrics to judge. More of them could take two cores over two minutes, so there are fewer starts then."""


@dataclass(frozen=True, slots=True)
class PastMetric:
    """One metric of base's past, and where it is counted."""

    metric: str
    family: Family
    arm: ArmSource
    counts_bad_always: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """One source of base's past. ``traffic``: the metric whose requests stand for all. ``latency``: its series."""

    metrics: tuple[PastMetric, ...]
    traffic: str
    latency: tuple[Series, ...]

    @property
    def families(self) -> Mapping[str, Family]:
        """The metrics but the percentiles, with their families."""
        return {one.metric: one.family for one in self.metrics}

    @property
    def series(self) -> frozenset[Series]:
        """Every series of counts by minute."""
        return frozenset(series for one in self.metrics for series in (*one.arm.requests, *one.arm.bad))


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked. Times are epoch seconds.

    Minutes are read from ``start`` up to ``end``; rollouts begin from ``begin`` on, every so many hours. ``stage``: AWS's own
    metrics of the stage, if the target has one.
    """

    start: int
    begin: int
    end: int
    every_hours: int
    own: Past
    stage: Past | None
    percentiles: tuple[str, ...]

    def starts_per_call(self, seconds: int) -> int:
        """For how many starts one call holds the trimmed counts, if each needs `seconds` after the day before it."""
        each = max(1, (len(self.percentiles) + 1) * max(len(self.own.latency), 1))
        found = 1
        while (found + 1) * each * (DAY + seconds + found * self.every_hours * HOUR) // MINUTE_SECONDS <= POINTS_PER_CALL:
            found += 1
        return found

    @property
    def most_starts(self) -> int:
        """How many starts there are at most."""
        return (self.end - self.begin) // (self.every_hours * HOUR)

    @property
    def most_metrics(self) -> int:
        """How many metrics are requested at most: base's minutes, hourly percentiles, and the limits of each start."""
        pasts = [one for one in (self.own, self.stage) if one]
        minutes = sum(len(one.series) + len(one.latency) for one in pasts)
        latency = max(len(one.latency) for one in pasts)
        return minutes + latency * (len(self.percentiles) + self.most_starts * self.trimmed)

    @property
    def trimmed(self) -> int:
        """How many trimmed counts each start needs of a latency series."""
        tail = {percentile_metric(one) for one in self.percentiles} & {TAIL}
        return len(self.percentiles) + len(tail)

    @property
    def most(self) -> dict[str, int | float]:
        """Starts, metrics and what those cost at list prices (US dollars), at most."""
        dollars = float(self.most_metrics * RATES.metric)
        return {"most_starts": self.most_starts, "most_metrics": self.most_metrics, "most_dollars": dollars}


def inquire(draft: Rollout, policies: Sequence[Policy], *, now: float, days: int) -> Inquiry | None:
    """What a backtest of this target asks; None if nothing that it compares counts requests."""
    own = _own(draft)
    if own is None:
        return None
    end = int((now - max(policy.metric_delay_seconds for policy in policies)) // MINUTE_SECONDS) * MINUTE_SECONDS
    begin = end - days * DAY
    start = max(begin - DAY, int((now - KEPT_SECONDS) // MINUTE_SECONDS) * MINUTE_SECONDS)
    percentiles = draft.target.metrics.slow
    metrics = len(own.metrics) + len(percentiles)
    minutes = sum(step.bake_seconds for policy in policies for step in policy.steps) // MINUTE_SECONDS
    folds = days * 24 * minutes * metrics * len(Fault)
    return Inquiry(start, begin, end, max(1, -(-folds // MOST_FOLDS)), own, _stage(draft, own), percentiles)


def _own(draft: Rollout) -> Past | None:
    """The metrics that a rollout compares, as base has them."""
    percentiles = {percentile_metric(one) for one in draft.target.metrics.slow}
    metrics = tuple(
        PastMetric(one.metric, one.family, one.base, one.counts_bad_always)
        for one in draft_sources(draft)
        if one.metric not in percentiles
    )
    counts = {one.metric: RawCounts(0, 0, 1, 0) for one in metrics}
    stands_for_all = traffic_of(counts, draft.target)
    if stands_for_all is None:
        return None
    traffic = next(metric for metric, one in counts.items() if one is stands_for_all)
    latency = latency_series(draft.target, draft.snapshot, draft.intent).base if percentiles else ()
    return Past(metrics, traffic, latency)


def _stage(draft: Rollout, own: Past) -> Past | None:
    """The same as far as AWS counts it for the stage: what the access log alone shows is missing."""
    stage, api_name = draft.target.stage, draft.plan.api_name
    if not (has_log(draft.target) and stage and api_name):
        return None
    arms = {
        ERRORS: stage_error_history(api_name, stage.stage_name),
        CLIENT_ERRORS: stage_client_error_history(api_name, stage.stage_name),
    }
    metrics = [replace(one, arm=arms[one.metric], counts_bad_always=False) for one in own.metrics if one.metric in arms]
    others = [one for one in own.metrics if one.family is Family.BUSINESS or one.metric == FUNCTION_ERRORS]
    latency = stage_latency_history(api_name, stage.stage_name) if own.latency else ()
    return Past((*metrics, *others), own.traffic, latency) if own.traffic in arms else None
