"""Base's last 24 hours. A rollout's latency limits and the judge's starting values are taken from them once and kept.

The history comes from the target's own metrics, or from the stage's metrics if the target's are too new. If there is no history
at all, latency is judged only where the target sets a limit, and the notes say so. Each metric is as old as its own filter, so
a single newer metric takes only its own history from the stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, assert_never

from canary.aws.counting import read_history
from canary.aws.metrics import total
from canary.rules.checks.forecast import Traffic
from canary.rules.checks.hours import CountedHour
from canary.rules.judging.families import Family
from canary.rules.judging.habit import Habit, habit_of
from canary.rules.judging.history import FEWEST_MINUTES
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.judging.values import always_bad_sentence, find_always_bad, odd_values_sentence, possible_minutes
from canary.rules.looks.sources import (
    CLIENT_ERRORS,
    ERRORS,
    all_sources,
    business_metric,
    error_source,
    has_log,
    latency_series,
    percentile_metric,
    slow_arm,
    stage_client_error_history,
    stage_error_history,
    stage_latency_history,
)
from canary.rules.releases.release import Expectation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from canary.aws.metrics import MetricReader
    from canary.rules.looks.sources import ArmSource, Series, Source
    from canary.rules.rollouts.rollout import Rollout

Minutes = dict[int, tuple[int, int]]
"""Requests and bad requests by minute."""

NONE = (0, 0)
DAY = 86_400
HOUR = 3_600
DAYS = 14
"""How far back the hours of the day are looked at."""


@dataclass(frozen=True, slots=True)
class FrozenHistory:
    """Base's minutes (requests, bad) by metric, latency limits (ms) by percentile and series, and notes for the operator.

    ``minutes`` and ``families`` have the metrics that are judged. A business metric of which base writes failures only is not
    among them, unless nothing else would be judged.
    ``habits``: by business metric, how many data points it usually has per request.
    """

    minutes: dict[str, list[tuple[int, int]]]
    families: dict[str, Family]
    limits_ms: dict[str, tuple[float, ...]]
    notes: tuple[str, ...]
    habits: dict[str, Habit]


def read_histories(metrics: MetricReader, rollout: Rollout, api_name: str, now: float) -> FrozenHistory:
    """The history at `now` (epoch seconds).

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    end = int((now - rollout.plan.policy.metric_delay_seconds) // MINUTE_SECONDS) * MINUTE_SECONDS
    return _HistoryReader(metrics, rollout, api_name, end - DAY, end).read()


def read_traffic(metrics: MetricReader, rollout: Rollout, now: float) -> Traffic:
    """Base's requests of the last day at `now` (epoch seconds); a start is checked against them before anything changes.

    A draft that does not know its API's name has the target's own metrics only, however new they are.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    end = int((now - rollout.plan.policy.metric_delay_seconds) // MINUTE_SECONDS) * MINUTE_SECONDS
    minutes = _HistoryReader(metrics, rollout, rollout.plan.api_name, end - DAY, end).read_requests()[0]
    since = min(minutes, default=end - DAY)
    total = sum(requests for requests, _ in minutes.values())
    return Traffic(tuple(minutes.values()), total * MINUTE_SECONDS / (end - since))


def read_hours(metrics: MetricReader, rollout: Rollout, now: float) -> tuple[CountedHour, ...]:
    """Base's requests of the last two weeks by hour, for every hour that had some; the stage's if it knows more hours.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    end = int(now // HOUR) * HOUR
    own = error_source(rollout.target, rollout.snapshot, rollout.intent).base
    found = _read_hours(metrics, own, end)
    stage = rollout.target.stage
    if has_log(rollout.target) and rollout.plan.api_name and stage:
        return max(found, _read_hours(metrics, stage_error_history(rollout.plan.api_name, stage.stage_name), end), key=len)
    return found


def limit_of(hourly: Iterable[float]) -> float:
    """The latency limit (ms) that a percentile's hourly values give: their median (docs/decisions/0002)."""
    return round(median(hourly), 1)


def _read_hours(metrics: MetricReader, arm: ArmSource, end: int) -> tuple[CountedHour, ...]:
    values = metrics.read([*arm.requests, *arm.bad], end - DAYS * DAY, end, period=HOUR)
    counted = (
        (hour, total(values, arm.requests, hour), total(values, arm.bad, hour)) for hour in range(end - DAYS * DAY, end, HOUR)
    )
    return tuple(CountedHour(hour, round(requests), round(bad or 0)) for hour, requests, bad in counted if requests)


class _HistoryReader:
    def __init__(self, metrics: MetricReader, rollout: Rollout, api_name: str, start: int, end: int) -> None:
        self._metrics = metrics
        self._rollout = rollout
        self._api_name = api_name
        self._start = start
        self._end = end

    def read(self) -> FrozenHistory:
        target, snapshot, intent = self._rollout.target, self._rollout.snapshot, self._rollout.intent
        requests, is_young = self.read_requests()
        latency = self._stage_latency() if is_young else latency_series(target, snapshot, intent).base
        limits = self._limits(latency)
        slow = {percentile_metric(percentile): slow_arm(latency, limit) for percentile, limit in limits.items()}
        found = all_sources(target, snapshot, intent, limits, functions=self._rollout.plan.function_errors)
        sources = {source.metric: source for source in found}
        minutes = {metric: self._past(source, requests, slow) for metric, source in sources.items()}
        habits = {metric: self._habit(minutes[metric], requests) for metric in map(business_metric, target.metrics.business)}
        read = {metric: list(seen.values()) for metric, seen in minutes.items() if self._is_judged(metric)}
        always_bad = find_always_bad(read, {metric: source.family for metric, source in sources.items()})
        judged = {metric: seen for metric, seen in read.items() if metric not in always_bad} or read
        families = {metric: sources[metric].family for metric in judged}
        notes = (*self._notes(judged, limits, habits, is_young=is_young), *_notes_on_values(read, habits, always_bad))
        return FrozenHistory(judged, families, limits, notes, habits)

    def _past(self, source: Source, requests: Minutes, slow: Mapping[str, ArmSource]) -> Minutes:
        """One metric's past. `requests`: those of errors; `slow`: the arm that each percentile's metric is counted from."""
        match source.family:
            case Family.ERRORS if source.metric == ERRORS:
                return requests
            case Family.CLIENT_ERRORS:
                return self._client_errors(source)
            case Family.SLOW if source.metric in slow:
                return self._minutes(slow[source.metric])
            case Family.ERRORS | Family.SLOW | Family.BUSINESS:
                return self._minutes_of(source)
            case _:
                assert_never(source.family)

    def read_requests(self) -> tuple[Minutes, bool]:
        """Base's requests and failed ones, and whether they are the whole stage's because the target's metrics are too new."""
        rollout = self._rollout
        own = self._minutes_of(error_source(rollout.target, rollout.snapshot, rollout.intent))
        is_young = len(own) < FEWEST_MINUTES and has_log(rollout.target) and bool(self._api_name)
        return (self._stage_errors() if is_young else own), is_young

    def _is_judged(self, metric: str) -> bool:
        """Whether the metric is judged. If a release changes its 4xx on purpose, they are only reported."""
        return metric != CLIENT_ERRORS or Expectation.CLIENT_ERRORS not in self._rollout.plan.expects

    def _habit(self, data: Minutes, requests: Minutes) -> Habit:
        every = range(self._start, self._end, MINUTE_SECONDS)
        return habit_of([data.get(one, NONE)[0] for one in every], [requests.get(one, NONE)[0] for one in every])

    def _minutes(self, arm: ArmSource) -> Minutes:
        return read_history(self._metrics, arm, self._start, self._end)

    def _minutes_of(self, source: Source) -> Minutes:
        always = source.counts_bad_always
        return read_history(self._metrics, source.base, self._start, self._end, counts_bad_always=always)

    def _stage_errors(self) -> Minutes:
        stage = self._rollout.target.stage
        return self._minutes(stage_error_history(self._api_name, stage.stage_name)) if stage else {}

    def _client_errors(self, own: Source) -> Minutes:
        """The filter's count if it is old enough; before the filter existed, missing values would look like no 4xx at all."""
        counted = self._metrics.read(own.base.bad, self._start, self._end)
        if all(len(counted[one]) >= FEWEST_MINUTES for one in own.base.bad):
            return self._minutes_of(own)
        stage = self._rollout.target.stage
        return self._minutes(stage_client_error_history(self._api_name, stage.stage_name)) if stage else {}

    def _stage_latency(self) -> tuple[Series, ...]:
        stage = self._rollout.target.stage
        return stage_latency_history(self._api_name, stage.stage_name) if stage else ()

    def _limits(self, latency: Sequence[Series]) -> dict[str, tuple[float, ...]]:
        limits = {}
        for percentile in self._rollout.target.metrics.slow:
            series = [one.with_statistic(percentile) for one in latency]
            values = self._metrics.read(series, self._start, self._end, period=HOUR)
            if all(values[one] for one in series):
                limits[percentile] = tuple(limit_of(values[one].values()) for one in series)
        return limits

    def _notes(
        self,
        minutes: dict[str, list[tuple[int, int]]],
        limits: dict[str, tuple[float, ...]],
        habits: dict[str, Habit],
        *,
        is_young: bool,
    ) -> list[str]:
        notes = []
        if is_young:
            notes.append("the target's own metrics are too new, so the history is the whole stage's")
        if not limits and self._rollout.target.metrics.slow:
            notes.append("there is no latency history, so latency is judged only where the target sets a limit")
        bare = [metric for metric, seen in minutes.items() if len(possible_minutes(seen)) < FEWEST_MINUTES]
        if bare:
            notes.append(f"there is too little history, so stated priors are used for {', '.join(bare)}")
        notes += [f"{metric} had no data in the last day" for metric, habit in habits.items() if not habit.is_heard]
        return notes


def _notes_on_values(
    minutes: Mapping[str, list[tuple[int, int]]], business: Iterable[str], always_bad: tuple[str, ...]
) -> Iterator[str]:
    """What the user's own metrics must be written like to be compared."""
    odd = (odd_values_sentence(metric, minutes[metric]) for metric in business)
    yield from filter(None, odd)
    yield from map(always_bad_sentence, always_bad)
