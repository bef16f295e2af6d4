"""What one look requests from CloudWatch, early and late in a long rollout; printed by `python -m bench.look_cost`.

It runs the product's own code from the rollout's record to the counts, with a CloudWatch that answers at once with a value for
each requested minute. So calls, metrics and minutes are what AWS would receive, and the time is what the function itself takes
for them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from canary.aws.counting import read_counts
from canary.aws.metrics import MetricReader
from canary.rules.looks.completeness import wanted_minutes
from canary.rules.looks.sources import all_sources, integrated_series
from canary.rules.releases.plan import Plan
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.live import Intent, Snapshot
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import BusinessMetric, Metrics, Stage, Target

if TYPE_CHECKING:
    from datetime import datetime

NOON = 1_769_860_800
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look requested (calls, metrics over all calls, minutes per metric), and the seconds that the function took."""

    calls: int
    metrics: int
    minutes: int
    seconds: float


class AnsweringCloudWatch:
    """Answers GetMetricData with 1 for each minute, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.minutes = 0

    def get_metric_data(self, *, StartTime: datetime, EndTime: datetime, **asked: Any) -> dict[str, Any]:  # noqa: ANN401, N803 - CloudWatch's names
        """One page with everything."""
        self.calls += 1
        self.minutes = (EndTime - StartTime) // timedelta(minutes=1)
        stamps = [StartTime + timedelta(minutes=minute) for minute in range(self.minutes)]
        values = [1.0] * self.minutes
        found = [{"Id": query["Id"], "Timestamps": stamps, "Values": values} for query in asked["MetricDataQueries"]]
        return {"MetricDataResults": found}


def a_rollout(metrics: int) -> Rollout:
    """A rollout behind a stage that compares a given number of metrics: errors, and business metrics for the rest."""
    business = tuple(BusinessMetric(f"Failed{number}", "Orders") for number in range(metrics - 1))
    stage = Stage("a1b2c3d4e5", "prod", "lambdaAlias")
    compared = Metrics(client_errors=False, slow=(), business=business)
    target = Target("orders", (), STANDARD, stage, "/apigw/orders-prod", metrics=compared)
    return Rollout(
        rollout_id="bench",
        execution="bench",
        target=target,
        plan=Plan(target.policy, MINUTE),
        snapshot=Snapshot({}),
        intent=Intent({}),
        phase=Phase.SHIFTING,
        started_at=NOON,
        judged_to=NOON - MINUTE,
    )


def read(metrics: int, *, minute: int, repeats: int) -> Reading:
    """A look a given number of minutes after the rollout began; the previous look was a minute earlier."""
    rollout, now = a_rollout(metrics), NOON + minute * MINUTE
    seen_to = int((now - MINUTE - rollout.plan.policy.metric_delay_seconds) // MINUTE) * MINUTE
    rollout = replace(rollout, judged_to=seen_to - MINUTE)
    readings = [_read_once(rollout, now) for _ in range(repeats)]
    return replace(readings[0], seconds=median(reading.seconds for reading in readings))


def _read_once(rollout: Rollout, now: float) -> Reading:
    cloudwatch = AnsweringCloudWatch()
    reader = MetricReader(cloudwatch)
    begun = time.perf_counter()
    sources = all_sources(rollout.target, rollout.snapshot, rollout.intent, rollout.limits_ms)
    arms = integrated_series(rollout.target, rollout.snapshot, rollout.intent)
    read_counts(reader, sources, arms, *wanted_minutes(rollout, now))
    return Reading(cloudwatch.calls, reader.requested, cloudwatch.minutes, time.perf_counter() - begun)
