"""Whole minutes in which every request went to a canary, and when their metrics arrived.

Three questions share them. This module decides what is sent and read; the questions decide what it means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.scratch.answer import UnansweredError
from verify.scratch.api import CALLED
from verify.scratch.patches import canary
from verify.scratch.stage import CANARY_OVERRIDES
from verify.scratch.traffic import Expected, await_answer, await_steady, is_version, most_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

MINUTE = 60
FIRST_SECOND, LAST_SECOND = 3.0, 54.0
"""Requests are sent between these seconds of a minute, so that none is counted in another minute."""
API, STAGE, TWIN, FUNCTION = "api", "stage", "twin", "function"
CONTROLS = (API, FUNCTION)
"""Metrics that must arrive whatever the answers are."""
NAMESPACE = "AWS/ApiGateway"


@dataclass(slots=True)
class MeasuredMinutes:
    """The requests ``sent`` by minute; and by metric and minute, what was ``counted`` and how late the count was complete.

    ``missing``: the latest time at which some were still missing.
    """

    stage: str
    sent: dict[int, int] = field(default_factory=dict)
    counted: dict[str, dict[int, float]] = field(default_factory=dict)
    delays: dict[str, dict[int, float]] = field(default_factory=dict)
    missing: dict[str, dict[int, float]] = field(default_factory=dict)
    silent_minutes: int = 0
    """This many minutes after the last one with requests are read as well."""

    @property
    def total_sent(self) -> int:
        """The total number of requests."""
        return sum(self.sent.values())

    @property
    def ended(self) -> float:
        """When the last minute ended."""
        return max(self.sent) + MINUTE

    def note(self, metric: str, counted: dict[int, float], *, asked: float, now: float) -> None:
        """Store a metric's counts, which were ``asked`` for a moment ago.

        A minute is complete once all its requests are counted; the last minute may not have ended yet.
        """
        self.counted[metric] = counted
        delays, missing = self.delays.setdefault(metric, {}), self.missing.setdefault(metric, {})
        for minute, sent in self.sent.items():
            if now >= minute + MINUTE and counted.get(minute, -math.inf) >= sent:
                delays.setdefault(minute, now - minute - MINUTE)
            elif minute not in delays:
                missing[minute] = max(0.0, asked - minute - MINUTE)

    def total(self, metric: str) -> float:
        """What a metric counted in all minutes."""
        return sum(self.counted.get(metric, {}).values())

    def is_complete(self, metric: str) -> bool:
        """Whether a metric shows every request of every minute."""
        return len(self.delays.get(metric, {})) == len(self.sent)


def budget(pace: Pace) -> Budget:
    """The maximum that the measurement uses, including the wait for the stage."""
    sending = (pace.metric_minutes + 1) * MINUTE + pace.grace_seconds
    seconds = 2 * pace.longest_watch_seconds + sending + pace.longest_metric_seconds
    usual = 2 * pace.steady_seconds + sending + 2 * MINUTE
    requests = 2 * most_requests(pace, pace.longest_watch_seconds) + pace.metric_minutes * pace.minute_requests
    metrics = 4 * (int(seconds / pace.poll_seconds) + 2)
    return Budget(seconds=seconds, usual_seconds=usual, requests=requests, calls=requests, metrics=metrics)


def measure(scratch: Scratch) -> MeasuredMinutes:
    """Send the requests and wait for their metrics.

    Raises:
        UnansweredError: the stage never served a canary, or no metric arrived.
    """
    with scratch.stage() as stage:
        await_answer(scratch, stage, CALLED, is_version("1"))
        stage.patch(*canary(scratch.second, 100, **CANARY_OVERRIDES))
        await_steady(scratch, stage, CALLED, is_version("2"))
        minutes = MeasuredMinutes(stage.name)
        reader = Reader(scratch, minutes, list(_queries(scratch, minutes.stage)))
        send_minutes(scratch, stage, minutes, reader, call=Call(CALLED, is_version("2"), "the canary"))
        _await_metrics(scratch, minutes, reader)
    return minutes


@dataclass(frozen=True, slots=True)
class Call:
    """A request by its path, and how its answer shows who served it."""

    path: str
    is_answered: Expected
    by: str


def send_minutes(scratch: Scratch, stage: Stage, minutes: MeasuredMinutes, reader: Reader, *, call: Call) -> None:
    """Send a few requests in each of the next whole minutes, and note how many.

    Raises:
        UnansweredError: an answer was not as expected, or requests took too long.
    """
    clock, pace = scratch.aws.clock, scratch.pace
    first = math.floor((clock.now() + FIRST_SECOND) / MINUTE) * MINUTE + MINUTE  # not the minute of the previous request
    gap = (LAST_SECOND - FIRST_SECOND) / max(1, pace.minute_requests - 1)
    for minute in range(first, first + pace.metric_minutes * MINUTE, MINUTE):
        minutes.sent[minute] = 0
        for number in range(pace.minute_requests):
            reader.wait_until(minute + FIRST_SECOND + number * gap)
            if clock.now() > minute + LAST_SECOND + 1:
                break  # requests take longer than planned
            answered = scratch.get(stage, call.path)
            if not call.is_answered(answered):
                raise UnansweredError(f"one of the requests was not answered by {call.by}; the status was {answered.status}")
            minutes.sent[minute] += 1
        if minutes.sent[minute] == 0:
            del minutes.sent[minute]  # no request was in time
    if not minutes.sent:
        raise UnansweredError(f"requests took so long that none was sent within the {LAST_SECOND:g} s of a minute")


def _await_metrics(scratch: Scratch, minutes: MeasuredMinutes, reader: Reader) -> None:
    """Read until the controls are complete, and a while longer for what may never arrive."""
    clock, pace = scratch.aws.clock, scratch.pace
    deadline = Deadline(clock, minutes.ended + pace.longest_metric_seconds - clock.now())
    while not all(minutes.is_complete(metric) for metric in CONTROLS):
        if deadline.is_over():
            raise UnansweredError(
                f"of {minutes.total_sent} requests the API's metrics show {minutes.total(API):g} and the function's "
                f"{minutes.total(FUNCTION):g}, {pace.longest_metric_seconds:g} s after the last"
            )
        reader.wait_until(clock.now() + pace.poll_seconds)
    reader.wait_until(clock.now() + pace.grace_seconds)


class Reader:
    """Reads the metrics every few seconds during a wait."""

    def __init__(self, scratch: Scratch, minutes: MeasuredMinutes, queries: Sequence[Mapping[str, Any]]) -> None:
        self._scratch = scratch
        self._minutes = minutes
        self._queries = queries
        self._due = -math.inf

    def wait_until(self, moment: float) -> None:
        """Wait, and read whenever a read is due."""
        clock, poll = self._scratch.aws.clock, self._scratch.pace.poll_seconds
        self._due = max(self._due, min(self._minutes.sent, default=math.inf) + MINUTE)
        while self._due <= moment:
            clock.sleep(max(0.0, self._due - clock.now()))
            self._read()
            self._due = clock.now() + poll
        clock.sleep(max(0.0, moment - clock.now()))

    def _read(self) -> None:
        minutes, asked = self._minutes, self._scratch.aws.clock.now()
        answered = self._scratch.aws.call(
            "cloudwatch",
            "get_metric_data",
            StartTime=datetime.fromtimestamp(min(minutes.sent), UTC),
            EndTime=datetime.fromtimestamp(minutes.ended + minutes.silent_minutes * MINUTE, UTC),
            MetricDataQueries=self._queries,
        )
        for result in answered["MetricDataResults"]:
            values = zip(result["Timestamps"], result["Values"], strict=True)
            counted = {int(at.timestamp()): value for at, value in values}
            minutes.note(result["Id"], counted, asked=asked, now=self._scratch.aws.clock.now())


def _queries(scratch: Scratch, stage: str) -> Iterator[Mapping[str, Any]]:
    """The statistics that the services document for counting; Count has one sample per request."""
    api = {"ApiName": scratch.prefix}
    for name, dimensions in ((API, api), (STAGE, {**api, "Stage": stage}), (TWIN, {**api, "Stage": f"{stage}/Canary"})):
        yield query(name, (NAMESPACE, "Count"), dimensions, "SampleCount")
    yield query(FUNCTION, ("AWS/Lambda", "Invocations"), {"FunctionName": scratch.function}, "Sum")


def query(name: str, metric: tuple[str, str], dimensions: Mapping[str, str], statistic: str) -> Mapping[str, Any]:
    """A query of GetMetricData; ``metric`` is a namespace and a name."""
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    identity = {"Namespace": metric[0], "MetricName": metric[1], "Dimensions": named}
    return {"Id": name, "MetricStat": {"Metric": identity, "Period": MINUTE, "Stat": statistic}}
