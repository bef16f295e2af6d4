"""How a drill makes a metric speak against its canary: it writes counts to a series that the judge reads.

The judge, the alarms and the report see these counts like any others. Only AWS writes metrics of its own namespaces,
so a target that is judged on those alone shows nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.rules.looks.sources import ERRORS, all_sources, business_sources, has_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.looks.sources import Series, Source
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target

REQUESTS = 60
"""How many requests of each arm are written into each minute."""


@dataclass(frozen=True, slots=True)
class BadMetric:
    """A metric that can be written. ``counts_events``: its series hold one value for each request, not sums."""

    metric: str
    counts_events: bool


def find_writable(target: Target) -> BadMetric | None:
    """The metric that a drill writes: a business metric, or the errors counted by the target's metric filters."""
    for source in business_sources(target):
        return BadMetric(source.metric, counts_events=True)
    return BadMetric(ERRORS, counts_events=False) if has_log(target) and target.metrics.errors else None


def source_of(bad: BadMetric, rollout: Rollout) -> Source:
    """Where the judge reads the metric."""
    found = all_sources(rollout.target, rollout.snapshot, rollout.intent, {})
    return next(source for source in found if source.metric == bad.metric)


def write_minute(cloudwatch: Any, bad: BadMetric, source: Source, at: float) -> None:  # noqa: ANN401 - botocore's
    """Write one minute: every written request of the canary is bad, and none of base. ``at``: in epoch seconds.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    stamp = datetime.fromtimestamp(at, UTC)
    data = [*_events(source, stamp)] if bad.counts_events else [*_sums(source, stamp)]
    space = source.canary.bad[0].namespace
    with refusals(f"aws cloudwatch put-metric-data --namespace {space} --metric-name {source.canary.bad[0].name}"):
        cloudwatch.put_metric_data(Namespace=space, MetricData=data)


def _events(source: Source, stamp: datetime) -> Iterator[Mapping[str, Any]]:
    for series, value in ((source.canary.bad[0], 1.0), (source.base.bad[0], 0.0)):
        yield _datum(series, stamp, Values=[value], Counts=[float(REQUESTS)])


def _sums(source: Source, stamp: datetime) -> Iterator[Mapping[str, Any]]:
    for arm, share in ((source.canary, 1), (source.base, 0)):
        yield _datum(arm.requests[0], stamp, Value=float(REQUESTS))
        yield _datum(arm.bad[0], stamp, Value=float(REQUESTS * share))


def _datum(series: Series, stamp: datetime, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - of several shapes
    dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions]
    return {"MetricName": series.name, "Dimensions": dimensions, "Timestamp": stamp, **values}
