"""Whether CloudWatch computes the alarms' score as the controller's rules define it.

The question writes the metrics itself, one case per minute, so that counts are missing exactly where they should be.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from canary.rules.targets.alarms import COLLAPSED, COLLAPSED_TIMES, LEAST_CANARY_BAD, WATCHED, Alarm, Count
from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.measured_minutes import MINUTE
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

AS_MEANT, OTHERWISE = "as-meant", "otherwise"
AGO_MINUTES = 10
"""How long ago the last case is."""
TOLERANCE = 1e-6
QUERIES = 9
"""Four counts and five expressions per call."""


class Counts(NamedTuple):
    """Requests and bad requests of canary and base in one minute; None if the metric has no value."""

    nc: float | None
    ec: float | None
    nb: float | None
    eb: float | None


CASES: Mapping[str, Counts] = {
    "a bad canary": Counts(1_000, 100, 9_000, 9),
    "a canary like its base": Counts(1_000, 10, 9_000, 90),
    "a canary better than its base": Counts(1_000, 10, 9_000, 900),
    "nine requests, all bad": Counts(9, 9, 9_000, 9),
    "too few bad ones": Counts(1_000, 9, 9_000, 9),
    "just enough": Counts(20, 10, 50, 1),
    "a canary that always fails": Counts(20, 20, 180, 1),
    "a base without requests": Counts(1_000, 100, 0, 0),
    "a base without a value": Counts(1_000, 100, None, None),
    "no value at all": Counts(None, None, None, None),
    "a canary without a value": Counts(None, None, 9_000, 9),
    "a base without a bad one": Counts(1_000, 100, 9_000, 0),
    "bad ones of the base without a value": Counts(1_000, 100, 9_000, None),
    "nothing but bad ones": Counts(1_000, 1_000, 9_000, 9_000),
    "the last": Counts(1_000, 100, 9_000, 9),
}


class AlarmScore(Question):
    """Pass the expressions of an alarm to GetMetricData, over known counts."""

    slug = "alarm-score"
    how = f"write counts of {len(CASES)} minutes with PutMetricData, and read an alarm's score over them with GetMetricData"
    parts = frozenset({Part.METRICS})

    def budget(self, pace: Pace) -> Budget:
        """Four separate metrics for an hour or two, and the reads."""
        seconds = pace.longest_metric_seconds + pace.grace_seconds
        metrics = QUERIES * (int(seconds / pace.poll_seconds) + 3)
        return Budget(seconds=seconds, usual_seconds=120 + pace.grace_seconds, metrics=metrics, custom_metric_hours=8)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        first = int(scratch.aws.clock.now()) // MINUTE * MINUTE - (AGO_MINUTES + len(CASES)) * MINUTE
        minutes = {first + number * MINUTE: name for number, name in enumerate(CASES)}
        _put(scratch, minutes)
        found = _read(scratch, minutes)
        wrong = [
            f"{name}: {given if given is None else f'{given:g}'} instead of {meant(CASES[name]):g}"
            for minute, name in minutes.items()
            if (given := found.get(minute)) is None or not math.isclose(given, meant(CASES[name]), abs_tol=TOLERANCE)
        ]
        return Answer(OTHERWISE if wrong else AS_MEANT, (f"{len(CASES)} minutes, {len(wrong)} not as expected", *wrong))


def meant(counts: Counts) -> float:
    """The score of two proportions, multiplied by COLLAPSED_TIMES for a collapse.

    It is 0 if there is too little to compare, or no variance.
    """
    nc, ec, nb, eb = (each or 0.0 for each in counts)
    if ec < LEAST_CANARY_BAD or nb <= 0:
        return 0.0
    common = (ec + eb) / (nc + nb)
    error = math.sqrt(common * (1 - common) * (1 / nc + 1 / nb))
    difference = ec / nc - eb / nb
    times = COLLAPSED_TIMES if difference > COLLAPSED else 1
    return times * difference / error if error else 0.0


def alarm(scratch: Scratch) -> Alarm:
    """An alarm over the four counts. It is never created."""
    return Alarm(scratch.prefix, "asked", *(Count(scratch.prefix, name) for name in Counts._fields))


def _put(scratch: Scratch, minutes: Mapping[int, str]) -> None:
    data = [
        {"MetricName": metric, "Timestamp": datetime.fromtimestamp(minute, UTC), "Value": value}
        for minute, name in minutes.items()
        for metric, value in CASES[name]._asdict().items()
        if value is not None
    ]
    scratch.aws.call("cloudwatch", "put_metric_data", Namespace=scratch.prefix, MetricData=data)


def _read(scratch: Scratch, minutes: Mapping[int, str]) -> dict[int, float]:
    """The score by minute, once every count has arrived.

    Raises:
        UnansweredError: a count never arrived.
    """
    clock, pace = scratch.aws.clock, scratch.pace
    deadline = Deadline(clock, pace.longest_metric_seconds)
    while not all(_has_come(found := _ask(scratch, minutes), metric, minutes) for metric in Counts._fields):
        if deadline.is_over():
            raise UnansweredError(f"not all metrics that were written had arrived after {pace.longest_metric_seconds:g} s")
        clock.sleep(pace.poll_seconds)
    clock.sleep(pace.poll_seconds)
    return _ask(scratch, minutes)[WATCHED] if found else {}


def _has_come(found: Mapping[str, Mapping[int, float]], metric: str, minutes: Mapping[int, str]) -> bool:
    put = {minute for minute, name in minutes.items() if CASES[name]._asdict()[metric] is not None}
    return put <= found.get(metric, {}).keys()


def _ask(scratch: Scratch, minutes: Mapping[int, str]) -> dict[str, dict[int, float]]:
    answered = scratch.aws.call(
        "cloudwatch",
        "get_metric_data",
        StartTime=datetime.fromtimestamp(min(minutes), UTC),
        EndTime=datetime.fromtimestamp(max(minutes) + MINUTE, UTC),
        MetricDataQueries=list(_queries(scratch)),
    )
    return {
        result["Id"]: {int(at.timestamp()): value for at, value in zip(result["Timestamps"], result["Values"], strict=True)}
        for result in answered["MetricDataResults"]
    }


def _queries(scratch: Scratch) -> Iterator[dict[str, Any]]:
    """The alarm's queries. The counts are returned too, to see when they have arrived."""
    metrics: Any = alarm(scratch).put_arguments()["Metrics"]
    yield from ({**each, "ReturnData": each["ReturnData"] or "MetricStat" in each} for each in metrics)
