from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.events import (
    AlarmEvent,
    CheckEvent,
    DrainEvent,
    EventError,
    ExecutionEvent,
    Instant,
    LockEvent,
    LookEvent,
    SafetyEvent,
    TaskEvent,
    TickEvent,
    read_event,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:canary-rollout:run-1"
TASK = {"target": "orders", "rollout_id": "run-1", "execution": EXECUTION, "now": "2026-01-31T12:00:00Z"}
STATUS = {
    "version": "0",
    "detail-type": "Step Functions Execution Status Change",
    "source": "aws.states",
    "time": "2026-01-31T12:00:00Z",
    "detail": {
        "executionArn": EXECUTION,
        "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:canary-rollout",
        "name": "run-1",
        "status": "ABORTED",
        "startDate": 1769860000000,
        "stopDate": 1769860800000,
        "input": '{"target": "orders"}',
        "output": None,
    },
}


def test_reads_the_event_of_every_task():
    event = read_event(TaskEvent, {**TASK, "more": "than is read"})
    assert event == TaskEvent("orders", "run-1", EXECUTION, NOON)


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00.000Z", "2026-01-31T13:00:00+01:00"],
)
def test_reads_the_same_time_however_its_offset_is_written(text):
    assert read_event(TaskEvent, {**TASK, "now": text}).now == NOON


def test_keeps_the_milliseconds():
    assert read_event(TaskEvent, {**TASK, "now": "2026-01-31T12:00:00.250Z"}).now == NOON + 0.25


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - hypothesis sets the zone itself
def test_reads_every_time_exactly(moment):
    moment = moment.replace(tzinfo=UTC)
    assert Instant().read(moment.isoformat()) == moment.timestamp()


@pytest.mark.parametrize("now", ["2026-01-31T12:00:00", "2026-01-31", "noon", "", None, NOON])
def test_refuses_a_time_without_offset(now):
    with pytest.raises(EventError, match="now not a time with an offset, got "):
        read_event(TaskEvent, {**TASK, "now": now})


def test_describes_a_time_for_a_schema():
    assert Instant().schema() == {"type": "string", "format": "date-time"}


@pytest.mark.parametrize("user_input", [{"target": "orders"}, {}, [], None, "x"])
def test_leaves_the_users_input_unread(user_input):
    event = read_event(CheckEvent, {**TASK, "input": user_input})
    assert event.input == user_input
    assert event.now == NOON


def test_reads_the_event_that_takes_the_lock():
    event = read_event(LockEvent, {**TASK, "fencing_token": 7, "draft": {"phase": "preparing"}})
    assert (event.fencing_token, event.draft["phase"]) == (7, "preparing")


def test_reads_since_when_a_canary_bakes_or_a_stage_settles():
    since = "2026-01-31T11:59:00Z"
    assert read_event(LookEvent, {**TASK, "baking_since": since}).baking_since == NOON - 60
    assert read_event(DrainEvent, {**TASK, "settling_since": since}).settling_since == NOON - 60


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            {"Error": "AwsRefusedError", "Cause": '{"errorMessage": "UpdateStage was throttled", "errorType": "x"}'},
            "AwsRefusedError: UpdateStage was throttled",
        ),
        ({"Error": "States.Timeout", "Cause": "the task ran out of time"}, "States.Timeout: the task ran out of time"),
        ({"Error": "States.Timeout"}, "States.Timeout"),
        (
            {"Error": "Lambda.Unknown", "Cause": 'Lambda did not return one. Returned payload: {"errorMessage": "x"}'},
            "Lambda.Unknown: the function ended without an answer; see its log",
        ),
        ({"Error": "Odd", "Cause": "[1]"}, "Odd: [1]"),
        ({"Error": "Odd", "Cause": "5"}, "Odd: 5"),
        ({"Error": "Odd", "Cause": '{"errorType": "x"}'}, "Odd: it gave no message; see the log of its function"),
        ({}, ""),
    ],
)
def test_says_in_one_sentence_why_safety_was_called_for(failure, reason):
    assert read_event(SafetyEvent, {**TASK, "failure": failure}).reason == reason


def test_makes_safe_without_a_reason_too():
    assert read_event(SafetyEvent, TASK).reason == ""


def test_reads_an_executions_change_of_status():
    event = read_event(ExecutionEvent, STATUS)
    assert event == ExecutionEvent(EXECUTION, STATUS["detail"]["stateMachineArn"], "ABORTED", NOON)


def test_reads_when_a_schedule_was_due():
    tick = {"detail-type": "Scheduled Event", "source": "aws.events", "time": "2026-01-31T12:00:00Z", "detail": {}}
    assert read_event(TickEvent, tick) == TickEvent(NOON)


@pytest.mark.parametrize(
    ("kind", "event", "found"),
    [
        (TaskEvent, {"target": "orders"}, "rollout_id is missing; execution is missing; now is missing"),
        (TaskEvent, {**TASK, "rollout_id": ""}, "rollout_id a rollout id must be one line of 1 to 128 characters"),
        (LockEvent, {**TASK, "fencing_token": -1, "draft": []}, "draft not a mapping, got a list of 0"),
        (ExecutionEvent, {"time": "x"}, "detail.executionArn is missing"),
        (TaskEvent, [], "not a TaskEvent: event input should be a dictionary"),
        (TaskEvent, None, "not a TaskEvent: event input should be a dictionary"),
    ],
)
def test_a_wrong_event_is_an_error_that_names_everything(kind, event, found):
    with pytest.raises(EventError) as caught:
        read_event(kind, event)
    assert found in str(caught.value)
    assert str(caught.value).endswith("; correct the state or the rule that calls this function")


def test_reads_how_often_a_version_was_waited_for():
    assert read_event(CheckEvent, {**TASK, "input": {}, "waits": 3}).waits == 3
    assert read_event(CheckEvent, {**TASK, "input": {}}).waits == 0
    with pytest.raises(EventError, match="waits"):
        read_event(CheckEvent, {**TASK, "input": {}, "waits": -1})


@pytest.mark.parametrize("name", ["orders", " 5xx > 1 % \u200d\u00a0\u65e5\u672c ", "a" * 255])
def test_reads_an_alarms_name_as_it_is(name):
    raw = {"time": "2026-01-31T12:00:00Z", "detail": {"alarmName": name, "state": {"value": "ALARM"}}}
    assert read_event(AlarmEvent, raw) == AlarmEvent(name, "ALARM", NOON)
