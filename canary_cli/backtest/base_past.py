"""Reads base's own minutes of the last days, and makes of them the starts that a backtest replays.

A target's own metrics are used, or the stage's if those are younger. Each start freezes what a rollout would have frozen
at that moment: the day before it, and latency limits of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from canary.aws.counting import read_history
from canary.aws.histories import DAY, HOUR, limit_of
from canary.aws.metrics import Values, total
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import is_possible, slow_requests
from canary.rules.judging.families import Family, stakes
from canary.rules.judging.history import FEWEST_MINUTES
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.judging.values import find_always_bad
from canary.rules.looks.sources import Series, percentile_metric, slow_arm
from canary_cli.backtest.asking import Past
from canary_cli.backtest.releases import TAIL_TIMES
from canary_cli.backtest.splitting import TAIL, BaseMinute, Start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.targets.policy import Policy
    from canary_cli.backtest.asking import Inquiry
    from canary_cli.backtest.frugal import FrugalReader

Minutes = Mapping[int, tuple[int, int]]
NONE = (0, 0)


@dataclass(frozen=True, slots=True)
class BasePast:
    """Base's past. Times are epoch seconds.

    ``minutes``: (requests, bad) by metric and minute. ``samples`` and ``percentiles``: of each latency series, and by
    percentile. ``is_stage``: whether these are AWS's own metrics of the stage.
    """

    past: Past
    is_stage: bool
    minutes: Mapping[str, Minutes]
    samples: Values
    percentiles: Values

    @property
    def traffic(self) -> Minutes:
        """The requests of the metric that stands for all."""
        return self.minutes[self.past.traffic]

    @property
    def first(self) -> int | None:
        """The first minute that had requests."""
        return min(self.traffic, default=None)


def read_past(reader: FrugalReader, inquiry: Inquiry) -> BasePast:
    """Base's minutes by the source that knows more of them; the target's own if it knows at least half as many.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    own = _traffic(reader, inquiry.own, inquiry)
    stage = _traffic(reader, inquiry.stage, inquiry) if inquiry.stage else {}
    is_stage = inquiry.stage is not None and len(stage) > 2 * len(own)
    past = inquiry.stage if inquiry.stage and is_stage else inquiry.own
    minutes = {past.traffic: stage if is_stage else own}
    for one in past.metrics:
        if one.metric not in minutes:
            minutes[one.metric] = read_history(
                reader, one.arm, inquiry.start, inquiry.end, counts_bad_always=one.counts_bad_always
            )
    samples = reader.read([one.with_statistic("SampleCount") for one in past.latency], inquiry.start, inquiry.end)
    percentiles = [one.with_statistic(percentile) for percentile in inquiry.percentiles for one in past.latency]
    found = reader.read(percentiles, inquiry.start // HOUR * HOUR, inquiry.end, period=HOUR)
    return BasePast(past, is_stage, minutes, samples, found)


def _traffic(reader: FrugalReader, past: Past, inquiry: Inquiry) -> Minutes:
    [one] = [one for one in past.metrics if one.metric == past.traffic]
    return read_history(reader, one.arm, inquiry.start, inquiry.end, counts_bad_always=one.counts_bad_always)


@dataclass(frozen=True, slots=True)
class Starts:
    """The starts to replay. ``without_history``: how many were left out because base had too little history by then."""

    starts: tuple[Start, ...]
    without_history: int


class StartMaker:
    """Makes the starts of a backtest from base's past. Latency is read for each start's own limits."""

    def __init__(self, reader: FrugalReader, inquiry: Inquiry, base: BasePast, policies: Sequence[Policy]) -> None:
        self._reader = reader
        self._inquiry = inquiry
        self._base = base
        self._alpha = policies[0].alpha
        self._delay = max(policy.metric_delay_seconds for policy in policies)

    def make(self, seconds: int, shortest: int) -> Starts:
        """Every start that has a history. `seconds`: how many of its minutes are kept; `shortest`: how many it needs.

        Raises:
            AwsRefusedError: CloudWatch refused.

        """
        first = self._base.first
        begin = max(self._inquiry.begin, first) if first is not None else self._inquiry.end
        hours = range(-(-begin // HOUR) * HOUR, self._inquiry.end - shortest - HOUR + 1, self._inquiry.every_hours * HOUR)
        times = [hour + Random(f"start {hour}").uniform(0.0, HOUR) for hour in hours]  # noqa: S311 - not secrets
        known = [at for at in times if self._has_history(at)]
        size = self._inquiry.starts_per_call(seconds)
        batches = [known[one : one + size] for one in range(0, len(known), size)]
        return Starts(tuple(start for batch in batches for start in self._batch(batch, seconds)), len(times) - len(known))

    def _day(self, at: float) -> range:
        """The minutes of the day that a rollout which begins at `at` freezes."""
        end = int((at - self._delay) // MINUTE_SECONDS) * MINUTE_SECONDS
        return range(end - DAY, end, MINUTE_SECONDS)

    def _has_history(self, at: float) -> bool:
        return sum(minute in self._base.traffic for minute in self._day(at)) >= FEWEST_MINUTES

    def _batch(self, times: Sequence[float], seconds: int) -> Iterator[Start]:
        limits = {at: self._limits(at) for at in times}
        wanted = {at: self._trimmed(limits[at]) for at in times}
        series = [one for found in wanted.values() for trimmed in found.values() for one in trimmed]
        end = min(int(times[-1]) + seconds, self._inquiry.end)
        values = self._reader.read(series, self._day(times[0]).start, end) if series else {}
        return (self._start(at, wanted[at], values, seconds) for at in times)

    def _limits(self, at: float) -> dict[str, tuple[float, ...]]:
        """The latency limits (ms) by percentile; none where a series had no value in the day."""
        day = self._day(at)
        limits = {}
        for percentile in self._inquiry.percentiles:
            series = [one.with_statistic(percentile) for one in self._base.past.latency]
            hours = [[value for hour, value in self._base.percentiles[one].items() if _is_in(hour, day)] for one in series]
            if series and all(hours):
                limits[percentile] = tuple(map(limit_of, hours))
        return limits

    def _trimmed(self, limits: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[Series, ...]]:
        """The series that count the requests up to each limit, by metric; under "" those up to two thirds of the p99."""
        latency = self._base.past.latency
        found = {percentile_metric(one): slow_arm(latency, limit).bad for one, limit in limits.items()}
        if TAIL in found:
            found[""] = slow_arm(latency, tuple(limit / TAIL_TIMES for limit in limits["p99"])).bad
        return found

    def _start(self, at: float, trimmed: Mapping[str, tuple[Series, ...]], values: Values, seconds: int) -> Start:
        day, begins = self._day(at), int(at // MINUTE_SECONDS) * MINUTE_SECONDS
        kept = range(begins, min(begins + seconds, self._inquiry.end), MINUTE_SECONDS)
        whole = range(day.start, max(kept.stop, day.stop), MINUTE_SECONDS)
        nested = tuple(metric for metric in trimmed if metric)
        slow = {metric: self._slow(series, values, whole) for metric, series in trimmed.items()}
        minutes = {**self._base.minutes, **{metric: slow[metric] for metric in nested}}
        known = {**self._base.past.families, **dict.fromkeys(nested, Family.SLOW)}
        histories = {metric: [found[one] for one in day if one in found] for metric, found in minutes.items()}
        for metric in {*find_always_bad(histories, known)} - {self._base.past.traffic}:
            del minutes[metric], histories[metric]
        families = {metric: known[metric] for metric in minutes}
        evidence = begin_evidence(histories, families=families, stakes=stakes(families), alpha=self._alpha)
        tails = slow.get("", {})
        counted = (
            BaseMinute(
                {metric: found[one] for metric, found in minutes.items() if one in found and is_possible(*found[one])},
                tails.get(one, NONE)[1],
            )
            for one in kept
        )
        return Start(at, evidence, tuple(counted), nested, is_young=(self._base.first or 0) > day.start)

    def _slow(self, trimmed: tuple[Series, ...], values: Values, minutes: range) -> Minutes:
        """Requests and slow ones by minute, as a look counts them."""
        samples = [one.with_statistic("SampleCount") for one in trimmed]
        counted = ((minute, total(self._base.samples, samples, minute)) for minute in minutes)
        return {
            minute: (round(requests), slow_requests(requests, total(values, trimmed, minute) or 0.0))
            for minute, requests in counted
            if requests
        }


def _is_in(hour: int, day: range) -> bool:
    """Whether the whole hour belongs to the day."""
    return day.start // HOUR * HOUR <= hour and hour + HOUR <= day.stop
