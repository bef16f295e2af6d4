"""One day of history for the sample: what its base did in each minute, written straight into the metric store.

The day agrees with `orders_traffic` and with the handlers' first release, as if a day of requests had been served. Only the
requests of the rollouts are really served. To save time, the day repeats two hours of distinct minutes and holds only the
series that a rollout compares with, not every series that AWS would have.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.targets.access_log import metric_namespace
from demo.orders_traffic import PER_MINUTE, READ_SHARE
from demo.sample import API_NAME, READ, WRITE
from embedded_aws.awslambda.records import zeros_and_ones
from embedded_aws.awslambda.runtime import BASE_DURATION_MS
from embedded_aws.dataplane.dataplane import GATEWAY_MS
from embedded_aws.dataplane.proxy_integration import LAMBDA_MS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from canary.rules.targets.target import Target
    from embedded_aws.cloudwatch.metric_store import MetricStore

MINUTE, DAY = 60, 86_400
DIFFERENT_MINUTES = 120
MEDIAN_MS, SPREAD = 40.0, 0.5
FAILING_SHARE, DECLINED_SHARE, UNKNOWN_SHARE = 0.001, 0.02, 0.02

Cells = tuple[Sequence[float], Sequence[float]]
"""Distinct values, and how often each occurs."""

Sample = tuple[str, Cells]


@dataclass(frozen=True, slots=True)
class _Work:
    """One function's work in one minute: requests, failures, other refusals, and durations in milliseconds."""

    requests: int
    failed: int
    refused: int
    durations: Counter[float]


@dataclass(frozen=True, slots=True)
class _Minute:
    """One minute of the whole API, as the metric samples that it produces, by namespace or function."""

    filters: Sequence[Sample]
    stage: Sequence[Sample]
    functions: Mapping[str, Sequence[Sample]]
    checkouts: Cells
    payments: Cells


def write_day(
    store: MetricStore,
    target: Target,
    *,
    until: float,
    rng: random.Random,
    per_minute: float = PER_MINUTE,
    seconds: int = DAY,
) -> None:
    """Write the 24 hours (or ``seconds``) before ``until`` (epoch seconds) of the sample behind a stage."""
    if target.stage is None:
        raise ValueError(f"target {target.name} has no stage; use write_ship_day")
    stage = {"ApiName": API_NAME, "Stage": target.stage.stage_name}
    minutes = [_draw_minute(rng, per_minute) for _ in range(DIFFERENT_MINUTES)]
    for start in _minutes_before(until, seconds):
        minute = rng.choice(minutes)
        _put(store, metric_namespace(target.name), {}, start, minute.filters)
        _put(store, "AWS/ApiGateway", stage, start, minute.stage)
        for name, samples in minute.functions.items():
            _put(store, "AWS/Lambda", {"FunctionName": name, "Resource": f"{name}:live"}, start, samples)
        store.put("Orders", "CheckoutFailed", {"arm": "base"}, start, *minute.checkouts)
        store.put("Orders", "PaymentFailed", {}, start, *minute.payments)


def write_ship_day(store: MetricStore, function: str, *, until: float, rng: random.Random, per_minute: float) -> None:
    """Write the 24 hours before ``until`` (epoch seconds) of a function that is invoked through its alias alone."""
    minutes = [_of_function(_work(rng, round(per_minute), refused=0.0)) for _ in range(DIFFERENT_MINUTES)]
    dimensions = {"FunctionName": function, "Resource": f"{function}:live", "ExecutedVersion": "1"}
    for start in _minutes_before(until, DAY):
        samples = rng.choice(minutes)
        _put(store, "AWS/Lambda", dimensions, start, samples)


def _draw_minute(rng: random.Random, per_minute: float) -> _Minute:
    requests = max(1, round(rng.gauss(per_minute, math.sqrt(per_minute))))
    reads = round(requests * READ_SHARE)
    read = _work(rng, reads, refused=UNKNOWN_SHARE)
    write = _work(rng, requests - reads, refused=DECLINED_SHARE, has_early_end=True)
    durations = read.durations + write.durations
    failed, refused = read.failed + write.failed, read.refused + write.refused
    return _Minute(
        filters=_of_log(requests, failed, refused, durations),
        stage=_of_stage(requests, failed, refused, durations),
        functions={READ: _of_function(read, is_caught=True), WRITE: _of_function(write, is_caught=True)},
        checkouts=zeros_and_ones(write.requests, write.failed + write.refused),
        payments=zeros_and_ones(write.requests, write.refused),
    )


def _work(rng: random.Random, requests: int, *, refused: float, has_early_end: bool = False) -> _Work:
    turned_away = _count(rng, requests * refused)
    queries = requests - turned_away if has_early_end else requests
    durations = Counter(BASE_DURATION_MS + round(rng.lognormvariate(math.log(MEDIAN_MS), SPREAD)) for _ in range(queries))
    if has_early_end and turned_away:
        durations[BASE_DURATION_MS] += turned_away
    return _Work(requests, min(requests, _count(rng, requests * FAILING_SHARE)), turned_away, durations)


def _count(rng: random.Random, expected: float) -> int:
    """Draw from a Poisson distribution."""
    product, limit, count = rng.random(), math.exp(-expected), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _of_log(requests: int, failed: int, refused: int, durations: Counter[float]) -> Sequence[Sample]:
    """What the target's metric filters count in the access log while there is no canary."""
    return (
        ("BaseRequests", _counted(requests)),
        ("BaseErrors", _counted(failed)),
        ("BaseClientErrors", _counted(refused)),
        ("BaseIntegrated", _counted(requests)),
        ("BaseLatency", _cells(durations, LAMBDA_MS + GATEWAY_MS)),
        ("BaseRefused", _counted(0)),
        *((f"Canary{what}", _counted(0)) for what in ("Requests", "Errors", "ClientErrors", "Refused")),
    )


def _counted(lines: int) -> Cells:
    """What a filter with the default value 0 records for this many lines."""
    return ((1.0,), (float(lines),)) if lines else ((0.0,), (1.0,))


def _of_stage(requests: int, failed: int, refused: int, durations: Counter[float]) -> Sequence[Sample]:
    return (
        ("Count", ((1.0,), (float(requests),))),
        ("4XXError", zeros_and_ones(requests, refused)),
        ("5XXError", zeros_and_ones(requests, failed)),
        ("Latency", _cells(durations, LAMBDA_MS + GATEWAY_MS)),
        ("IntegrationLatency", _cells(durations, LAMBDA_MS)),
    )


def _of_function(work: _Work, *, is_caught: bool = False) -> Sequence[Sample]:
    """Lambda's own metrics. An error that the handler catches and answers as 5xx does not appear in them."""
    return (
        ("Invocations", ((1.0,), (float(work.requests),))),
        ("Errors", zeros_and_ones(work.requests, 0 if is_caught else work.failed)),
        ("Duration", _cells(work.durations, 0)),
    )


def _cells(durations: Counter[float], more: float) -> Cells:
    values = sorted(durations)
    return tuple(value + more for value in values), tuple(float(durations[value]) for value in values)


def _put(store: MetricStore, namespace: str, dimensions: Mapping[str, str], start: int, samples: Sequence[Sample]) -> None:
    for name, (values, counts) in samples:
        store.put(namespace, name, dimensions, start, values, counts)


def _minutes_before(until: float, seconds: int) -> Iterator[int]:
    last = int(until) // MINUTE * MINUTE
    return iter(range(last - seconds, last, MINUTE))
