"""Minutes of an access log with the controller's own metric filters, and what the filters reported.

Four questions share them. Some minutes have requests, the next has no line at all, and in the one after that two lines arrive
that are minutes old. This module decides what is sent and read; the questions decide what it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from canary.rules.targets.access_log import LOG_FORMAT, metric_filters, metric_namespace
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Metrics, Target, TargetFunction
from canary.rules.targets.target import Stage as TargetStage
from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.logs import NO_ROLE
from verify.questions.measured_minutes import FIRST_SECOND, MINUTE, Call, MeasuredMinutes, Reader, query, send_minutes
from verify.questions.patterns import written
from verify.scratch.answer import UnansweredError
from verify.scratch.api import OPEN
from verify.scratch.parts import log_role
from verify.scratch.traffic import await_steady, is_arm, most_requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

REQUESTS, ABSENT, P99, FAST = "requests", "absent", "p99", "fast"
"""All lines; a canary's lines, of which there are none; and two statistics of a field's values."""
LIMIT_MS = 300
LATE_MS = (27, 700)
"""The latencies in the two late lines; one of them is within the limit."""
PURPOSE, STREAM = "filters", "late"


@dataclass(frozen=True, slots=True)
class FilteredMinutes:
    """What the filters reported for minutes with requests, the ``silent`` one, and the one in which ``late`` lines arrived."""

    minutes: MeasuredMinutes
    first: int
    silent: int
    late: int
    written_after: tuple[float, ...]
    """How many seconds after its own time each request's line was ingested."""

    def reported(self, metric: str, minute: int) -> float | None:
        """A metric's value in a minute; None if there is none."""
        return self.minutes.counted.get(metric, {}).get(minute)

    def describe_writing(self) -> str:
        """How late lines arrive."""
        after = self.written_after
        return (
            f"lines were ingested {min(after):.1f} s to {max(after):.1f} s after their own time, median {median(after):.1f} s"
        )


def budget(pace: Pace) -> Budget:
    """The maximum that the measurement uses, including the wait for the stage."""
    sending = (pace.metric_minutes + 3) * MINUTE
    seconds = pace.longest_watch_seconds + sending + pace.longest_metric_seconds + pace.grace_seconds
    usual = pace.steady_seconds + sending + 2 * MINUTE + pace.grace_seconds
    requests = most_requests(pace, pace.longest_watch_seconds) + pace.metric_minutes * pace.minute_requests
    metrics = 4 * (int(seconds / pace.poll_seconds) + 2)
    hours = len(metric_filters(_target(TargetStage("", "", ""), PURPOSE))) * (int(seconds / 3600) + 2)
    return Budget(
        seconds=seconds,
        usual_seconds=usual,
        requests=requests,
        lines=requests,
        metrics=metrics,
        custom_metric_hours=hours,
    )


def measure(scratch: Scratch) -> FilteredMinutes:
    """Create the filters, send the requests and wait for the metrics.

    Raises:
        UnansweredError: no line can be written, or no metric arrived.
    """
    if log_role(scratch) is None:
        raise UnansweredError(NO_ROLE)
    group = scratch.log_group(PURPOSE)
    with scratch.stage(log=group, log_format=LOG_FORMAT) as stage:
        for each in metric_filters(_target(TargetStage(stage.rest_api_id, stage.name, "alias"), scratch.prefix)):
            scratch.aws.call("logs", "put_metric_filter", **each.put_arguments(group))
        await_steady(scratch, stage, OPEN, is_arm("base"))  # by then every host logs
        minutes = MeasuredMinutes(stage.name, silent_minutes=2)
        reader = Reader(scratch, minutes, _queries(scratch))
        send_minutes(scratch, stage, minutes, reader, call=Call(OPEN, is_arm("base"), "base"))
        first, silent = min(minutes.sent), int(minutes.ended)
        late = silent + MINUTE
        written_after = _delays_of_lines(scratch, group, first)
        reader.wait_until(late + FIRST_SECOND)
        _write_late(scratch, stage, group, first + MINUTE / 2)
        found = FilteredMinutes(minutes, first, silent, late, written_after)
        _await_metrics(scratch, found, reader)
    return found


def _target(stage: TargetStage, name: str) -> Target:
    return Target(
        name=name,
        functions=(TargetFunction("asked", "live", "canary"),),
        policy=STANDARD,
        stage=stage,
        access_log_group="asked",
        metrics=Metrics(),
    )


def _queries(scratch: Scratch) -> list[Mapping[str, Any]]:
    space = metric_namespace(scratch.prefix)
    asked = {
        REQUESTS: ("BaseRequests", "Sum"),
        ABSENT: ("CanaryRequests", "Sum"),
        P99: ("BaseLatency", "p99"),
        FAST: ("BaseLatency", f"TC(:{LIMIT_MS})"),
    }
    return [query(name, (space, metric), {}, statistic) for name, (metric, statistic) in asked.items()]


def _delays_of_lines(scratch: Scratch, group: str, since: int) -> tuple[float, ...]:
    events = scratch.aws.pages("logs", "filter_log_events", "events", logGroupName=group, startTime=since * 1000)
    after = tuple((event["ingestionTime"] - event["timestamp"]) / 1000 for event in events)
    if not after:
        raise UnansweredError("no line of the requests has arrived in the access log by the end of their minutes")
    return after


def _write_late(scratch: Scratch, stage: Stage, group: str, at: float) -> None:
    """Two lines like those of the stage, with a time some minutes ago."""
    place = {"apiId": stage.rest_api_id, "stage": stage.name}
    lines = [written({**place, "responseLatency": str(latency)}) for latency in LATE_MS]
    scratch.aws.call("logs", "create_log_stream", logGroupName=group, logStreamName=STREAM)
    events = [{"timestamp": int(at * 1000), "message": line} for line in lines]
    scratch.aws.call("logs", "put_log_events", logGroupName=group, logStreamName=STREAM, logEvents=events)


def _await_metrics(scratch: Scratch, found: FilteredMinutes, reader: Reader) -> None:
    """Read until all requests and the late lines are counted, and a while longer for what may never arrive."""
    clock, pace, minutes = scratch.aws.clock, scratch.pace, found.minutes
    deadline = Deadline(clock, found.late + MINUTE + pace.longest_metric_seconds - clock.now())
    while not (minutes.is_complete(REQUESTS) and counted_late(found)):
        if deadline.is_over():
            raise UnansweredError(
                f"of {minutes.total_sent} requests and {len(LATE_MS)} late lines the filter shows {minutes.total(REQUESTS):g}, "
                f"{pace.longest_metric_seconds:g} s after the last"
            )
        reader.wait_until(clock.now() + pace.poll_seconds)
    reader.wait_until(max(found.late + MINUTE, clock.now()) + pace.grace_seconds)


def counted_late(found: FilteredMinutes) -> dict[int, float]:
    """The late lines that were counted, by minute."""
    minutes = found.minutes
    counted = {at: value - minutes.sent.get(at, 0) for at, value in minutes.counted.get(REQUESTS, {}).items()}
    return {at: value for at, value in counted.items() if value > 0}
