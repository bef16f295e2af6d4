"""Which CloudWatch metrics hold each metric's counts, for each arm.

Behind a stage with a suitable access log, they are those of the target's metric filters. Without a log, or for weighted
aliases, they are Lambda's own, which do not count a 5xx that a function returns (docs/aws.md#returned-5xx). Where the log does
not show every failure of a function, Lambda's are compared too. Business metrics come from the user: one value, 0 or 1, per
request with a dimension `arm` (`canary.rules.judging.values`).
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from canary.rules.judging.families import Family
from canary.rules.targets.access_log import metric_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.live import Intent, Snapshot
    from canary.rules.targets.target import BusinessMetric, Target, TargetFunction

ERRORS = "errors"
"""The metric of failed requests."""

FUNCTION_ERRORS = "function_errors"
"""The metric of failed invocations, as Lambda counts them beside an access log that does not show them all."""

CLIENT_ERRORS = "client_errors"
"""The metric of 4xx answers."""

REQUESTS = "requests"
"""What the metrics of errors and of fixed limits have in common: they count the requests themselves."""

LATENCY = "latency"
"""What the percentiles have in common: one series of latency."""


class Arm(enum.StrEnum):
    """The two arms."""

    BASE = "base"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Series:
    """One CloudWatch metric with one statistic; hashable, so that GetMetricData queries can be deduplicated."""

    namespace: str
    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def with_statistic(self, statistic: str) -> Series:
        """The same metric, another statistic."""
        return Series(self.namespace, self.name, statistic, self.dimensions)


STATISTICS_OF_A_METRIC = 5
"""Up to so many statistics of one metric are charged as one metric, if one call asks for them (docs/aws.md#prices)."""


def charged(series: Iterable[Series]) -> int:
    """How many metrics CloudWatch charges for these series in one call."""
    statistics = Counter((one.namespace, one.name, one.dimensions) for one in series)
    return sum(ceil(number / STATISTICS_OF_A_METRIC) for number in statistics.values())


@dataclass(frozen=True, slots=True)
class ArmSource:
    """An arm's requests and its bad requests. Several series (one per function, or the refused requests) are added up.

    If ``counts_good`` is set, the second list counts good requests (a trimmed count up to a latency limit), and all other
    requests are bad.
    """

    requests: tuple[Series, ...]
    bad: tuple[Series, ...]
    counts_good: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One metric: its name, its family, and where the counts of its two arms are.

    ``bad_are``: what a verdict says of the bad requests ("failed"). ``heard_as``: whose data the metric needs: those of all
    requests, of the latency, or its own.
    ``counts_bad_always``: a minute with requests always has a count of bad ones, even if it is 0. A missing count is therefore
    late or lost and never means 0. This holds for a metric filter with a default, and for Lambda's own `Errors`.
    """

    metric: str
    family: Family
    base: ArmSource
    canary: ArmSource
    bad_are: str
    heard_as: str = REQUESTS
    counts_bad_always: bool = False


@dataclass(frozen=True, slots=True)
class LatencySource:
    """The latency series of both arms, from which limits and slow counts are read (milliseconds)."""

    base: tuple[Series, ...]
    canary: tuple[Series, ...]


def has_log(target: Target) -> bool:
    """Whether the target is judged on its access log."""
    return target.shifter.has_access_log and target.access_log_group is not None


def error_source(target: Target, snapshot: Snapshot, intent: Intent) -> Source:
    """Requests and failed requests of both arms; with an access log, without those refused before their integration."""
    if has_log(target):
        return _logged(target, ERRORS, Family.ERRORS, "Errors", bad_are="failed")
    return _invoked(target, snapshot, intent, ERRORS, bad_are="failed")


def function_error_source(target: Target, snapshot: Snapshot, intent: Intent, functions: tuple[str, ...]) -> Source:
    """Invocations of these functions of the target by both arms, and those that Lambda counts as failed."""
    some = replace(target, functions=tuple(one for one in target.functions if one.name in functions))
    return _invoked(some, snapshot, intent, FUNCTION_ERRORS, bad_are="ended in a function error")


def client_error_source(target: Target) -> Source | None:
    """Requests and 4xx answers of both arms, including the gateway's own; None if they are not compared."""
    if not (has_log(target) and target.metrics.client_errors):
        return None
    requests = ("Requests", "Refused")
    return _logged(target, CLIENT_ERRORS, Family.CLIENT_ERRORS, "ClientErrors", bad_are="were 4xx", requests=requests)


def latency_series(target: Target, snapshot: Snapshot, intent: Intent) -> LatencySource:
    """The series whose percentiles give the limits and whose trimmed counts are the good requests."""
    if has_log(target):
        space = metric_namespace(target.name)
        return LatencySource((Series(space, "BaseLatency", "p99"),), (Series(space, "CanaryLatency", "p99"),))
    durations = {
        arm: tuple(Series("AWS/Lambda", "Duration", "p99", d) for d in _lambda_dimensions(target, arm, snapshot, intent))
        for arm in Arm
    }
    return LatencySource(durations[Arm.BASE], durations[Arm.CANARY])


def slow_sources(latency: LatencySource, limits_ms: Mapping[str, tuple[float, ...]]) -> Iterator[Source]:
    """One source per percentile taken from history: slow requests are those above it, all requests less the trimmed count.

    Each series (one per function if Lambda's own metrics are read) has its own limit in milliseconds.
    """
    for percentile, limits in limits_ms.items():
        yield Source(
            percentile_metric(percentile),
            Family.SLOW,
            base=slow_arm(latency.base, limits),
            canary=slow_arm(latency.canary, limits),
            bad_are=_slower_than(limits),
            heard_as=LATENCY,
        )


def fixed_limit_sources(target: Target) -> Iterator[Source]:
    """One source per limit fixed in the target, counted exactly by its own metric filter."""
    if has_log(target):
        for limit in target.metrics.latency_limits_ms:
            yield _logged(target, f"slow_{limit}ms", Family.SLOW, f"Slow{limit}", bad_are=_slower_than((limit,)))


def percentile_metric(percentile: str) -> str:
    """What the metric of the requests beyond a percentile of history is called."""
    return f"slow_{percentile}"


def business_metric(metric: BusinessMetric) -> str:
    """The name of a business metric among the target's metrics."""
    return f"business_{metric.name}"


def business_sources(target: Target) -> Iterator[Source]:
    """One source per business metric of the target."""
    for metric in target.metrics.business:
        arms = {
            arm: ArmSource(
                (Series(metric.namespace, metric.name, "SampleCount", (("arm", arm.value),)),),
                (Series(metric.namespace, metric.name, "Sum", (("arm", arm.value),)),),
            )
            for arm in Arm
        }
        name, bad_are = business_metric(metric), f"had {metric.name}"
        yield Source(name, Family.BUSINESS, arms[Arm.BASE], arms[Arm.CANARY], bad_are=bad_are, heard_as=name)


def stage_error_history(api_name: str, stage_name: str) -> ArmSource:
    """The stage's own metrics: the history of errors for a target whose metric filters have none yet."""
    return _stage_history(api_name, stage_name, "5XXError")


def stage_client_error_history(api_name: str, stage_name: str) -> ArmSource:
    """The same for 4xx answers."""
    return _stage_history(api_name, stage_name, "4XXError")


def stage_latency_history(api_name: str, stage_name: str) -> tuple[Series, ...]:
    """The stage's own latency."""
    return (Series("AWS/ApiGateway", "Latency", "p99", (("ApiName", api_name), ("Stage", stage_name))),)


def slow_arm(series: tuple[Series, ...], limits_ms: tuple[float, ...]) -> ArmSource:
    """Requests, and requests up to the limit, of latency series."""
    return ArmSource(
        tuple(one.with_statistic("SampleCount") for one in series),
        tuple(one.with_statistic(f"TC(:{_plain(limit)})") for one, limit in zip(series, limits_ms, strict=True)),
        counts_good=True,
    )


def _plain(limit: float) -> str:
    return f"{limit:.1f}".removesuffix(".0")


def all_sources(
    target: Target,
    snapshot: Snapshot,
    intent: Intent,
    limits_ms: Mapping[str, tuple[float, ...]],
    *,
    functions: tuple[str, ...] = (),
) -> tuple[Source, ...]:
    """Everything that is compared between the arms once the latency limits are frozen.

    `functions`: those whose function errors are compared beside the access log.
    """
    latency = latency_series(target, snapshot, intent)
    client_errors = client_error_source(target)
    return (
        *((error_source(target, snapshot, intent),) if target.metrics.errors else ()),
        *((function_error_source(target, snapshot, intent, functions),) if functions else ()),
        *((client_errors,) if client_errors else ()),
        *slow_sources(latency, limits_ms),
        *fixed_limit_sources(target),
        *business_sources(target),
    )


def sources_of(rollout: Rollout) -> dict[str, Source]:
    """Everything that a rollout compares, by metric."""
    functions = rollout.plan.function_errors
    found = all_sources(rollout.target, rollout.snapshot, rollout.intent, rollout.limits_ms, functions=functions)
    return {source.metric: source for source in found}


def _slower_than(limits_ms: tuple[float, ...]) -> str:
    return f"took longer than {' or '.join(f'{limit:g}' for limit in limits_ms)} ms"


def _logged(
    target: Target, metric: str, family: Family, bad: str, *, bad_are: str, requests: tuple[str, ...] = ("Requests",)
) -> Source:
    """A metric whose requests and bad requests are counted by the target's metric filters."""
    space = metric_namespace(target.name)
    base, canary = (
        ArmSource(tuple(Series(space, f"{arm}{one}", "Sum") for one in requests), (Series(space, f"{arm}{bad}", "Sum"),))
        for arm in ("Base", "Canary")
    )
    return Source(metric, family, base, canary, bad_are=bad_are, counts_bad_always=True)


def _stage_history(api_name: str, stage_name: str, bad: str) -> ArmSource:
    dimensions = (("ApiName", api_name), ("Stage", stage_name))
    return ArmSource(
        (Series("AWS/ApiGateway", "Count", "SampleCount", dimensions),),
        (Series("AWS/ApiGateway", bad, "Sum", dimensions),),
    )


def _invoked(target: Target, snapshot: Snapshot, intent: Intent, metric: str, *, bad_are: str) -> Source:
    """A metric of the invocations of a target's functions, whose bad ones are those that Lambda counts as failed."""
    arms = {arm: tuple(_lambda_dimensions(target, arm, snapshot, intent)) for arm in Arm}
    base, canary = _lambda_errors(arms[Arm.BASE]), _lambda_errors(arms[Arm.CANARY])
    return Source(metric, Family.ERRORS, base, canary, bad_are=bad_are, counts_bad_always=True)


def _lambda_errors(dimensions: tuple[tuple[tuple[str, str], ...], ...]) -> ArmSource:
    return ArmSource(
        tuple(Series("AWS/Lambda", "Invocations", "Sum", d) for d in dimensions),
        tuple(Series("AWS/Lambda", "Errors", "Sum", d) for d in dimensions),
    )


def _lambda_dimensions(target: Target, arm: Arm, snapshot: Snapshot, intent: Intent) -> Iterator[tuple[tuple[str, str], ...]]:
    for function in target.functions:
        yield (("FunctionName", function.name), *_lambda_resource(target, function, arm, snapshot, intent))


def _lambda_resource(
    target: Target, function: TargetFunction, arm: Arm, snapshot: Snapshot, intent: Intent
) -> tuple[tuple[str, str], ...]:
    if target.shifter.has_split_aliases:
        version = snapshot.live[function.name] if arm is Arm.BASE else intent.versions[function.name]
        return (("Resource", f"{function.name}:{function.live}"), ("ExecutedVersion", version))
    alias = function.live if arm is Arm.BASE else function.canary
    return (("Resource", f"{function.name}:{alias}"),)


def drain_series(target: Target, snapshot: Snapshot, intent: Intent) -> tuple[tuple[Series, ...], tuple[Series, ...]]:
    """Canary requests, and base requests that reached an integration."""
    if has_log(target):
        space = metric_namespace(target.name)
        return (Series(space, "CanaryRequests", "Sum"),), (Series(space, "BaseIntegrated", "Sum"),)
    return integrated_series(target, snapshot, intent)


def integrated_series(target: Target, snapshot: Snapshot, intent: Intent) -> tuple[tuple[Series, ...], tuple[Series, ...]]:
    """The series that show the canary's real share of the traffic: canary, then base requests that reached an integration.

    Requests that were refused before that may have no arm (docs/aws.md#is-canary-of-refused-request). Other answers that the
    gateway gives without an integration are counted too: a cached or mocked answer, or a failure of its own. Without an access
    log, Lambda's invocations are used.
    """
    if has_log(target):
        space = metric_namespace(target.name)
        return (Series(space, "CanaryRequests", "Sum"),), (Series(space, "BaseRequests", "Sum"),)
    return canary_invocations(target, snapshot, intent), _invocations(target, Arm.BASE, snapshot, intent)


def canary_invocations(target: Target, snapshot: Snapshot, intent: Intent) -> tuple[Series, ...]:
    """How often Lambda ran the canary's code, one series per function: by the canary's alias, or by version behind weights.

    No step is proven by more requests than this: an answer that ran no new code says nothing about the new code.
    """
    return _invocations(target, Arm.CANARY, snapshot, intent)


def _invocations(target: Target, arm: Arm, snapshot: Snapshot, intent: Intent) -> tuple[Series, ...]:
    dimensions = _lambda_dimensions(target, arm, snapshot, intent)
    return tuple(Series("AWS/Lambda", "Invocations", "Sum", one) for one in dimensions)
