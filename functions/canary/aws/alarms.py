"""Reads CloudWatch alarms of every type, and finds those that are missing or broken (docs/aws.md#describe-alarms)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES_PER_CALL = 100
BROKEN = {"EVALUATION_ERROR", "EVALUATION_FAILURE"}

_CLOCK_SECONDS = 60
"""How far the clocks of Step Functions and CloudWatch may differ."""


def read_alarms(cloudwatch: Any, ours: Sequence[str], users: Sequence[str]) -> tuple[AlarmReading, ...]:  # noqa: ANN401
    """Every alarm by name, in the given order, ours first; an unknown name reads as GONE.

    Raises:
        AwsRefusedError: the alarms cannot be read.

    """
    names = (*ours, *users)
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(names), NAMES_PER_CALL):
        chunk = names[first : first + NAMES_PER_CALL]
        with refusals("aws cloudwatch describe-alarms"):
            answer = cloudwatch.describe_alarms(
                AlarmNames=list(chunk), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=NAMES_PER_CALL
            )
        for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
            found[alarm["AlarmName"]] = alarm
    return tuple(_reading(name, found.get(name), is_ours=name in ours) for name in names)


def with_blips(
    cloudwatch: Any,  # noqa: ANN401 - botocore makes its clients at run time
    readings: Sequence[AlarmReading],
    since: float,
    until: float,
) -> tuple[AlarmReading, ...]:
    """The readings, where every alarm that fired at any time from `since` to `until` (epoch seconds) counts as firing.

    Used for looks that are so far apart that an alarm can fire and recover between two of them. Only the history of an alarm
    whose state has changed meanwhile is read: DescribeAlarmHistory takes one alarm, and an account has few calls of it.

    Raises:
        AwsRefusedError: the history cannot be read.

    """
    return tuple(
        replace(reading, state=AlarmState.ALARM, detail="it fired since the last look and has recovered")
        if _may_have_fired(reading, since) and _has_fired(cloudwatch, reading.name, since, until)
        else reading
        for reading in readings
    )


def _may_have_fired(reading: AlarmReading, since: float) -> bool:
    is_unchanged = reading.changed_at is not None and reading.changed_at < since - _CLOCK_SECONDS
    return reading.state is AlarmState.OK and not is_unchanged


def _has_fired(cloudwatch: Any, name: str, since: float, until: float) -> bool:  # noqa: ANN401
    with refusals(f"aws cloudwatch describe-alarm-history --alarm-name {quote(name)} --history-item-type StateUpdate"):
        pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmName=name,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            HistoryItemType="StateUpdate",
            StartDate=datetime.fromtimestamp(since, UTC),
            EndDate=datetime.fromtimestamp(until, UTC),
        )
        items = [item for page in pages for item in page["AlarmHistoryItems"]]
    return any(json.loads(item["HistoryData"])["newState"]["stateValue"] == AlarmState.ALARM for item in items)


def _reading(name: str, alarm: dict[str, Any] | None, *, is_ours: bool) -> AlarmReading:
    if alarm is None:
        return AlarmReading(name, AlarmState.GONE, is_ours)
    if (evaluation := alarm.get("EvaluationState")) in BROKEN:
        return AlarmReading(name, AlarmState.BROKEN, is_ours, str(evaluation))
    changed = alarm.get("StateTransitionedTimestamp")
    changed_at = changed.timestamp() if changed else None
    return AlarmReading(name, AlarmState(alarm["StateValue"]), is_ours, str(alarm.get("StateReason", "")), changed_at)
