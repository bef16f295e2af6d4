import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.rollouts.notification_text import (
    LONGEST_SMS,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    READ_BY_PROGRAMS,
    Notification,
    messages_of,
    subject_of,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
TOPIC_BYTES = 256 * 1024
COMMANDS = ["aws apigateway update-stage --rest-api-id a1", "aws lambda update-alias --name live"]
DETAIL = {
    "target": "orders",
    "rollout": "run-1",
    "phase": "moving_base",
    "step": 3,
    "weight_percent": 50.0,
    "reason": "AWS refuses: AccessDenied",
    "commands": COMMANDS,
}


def a_notification(kind="Operator Needed", **detail):
    return Notification(kind, detail or DETAIL, "123456789012", "eu-west-1", NOON)


def test_a_person_reads_what_happened_why_and_what_to_do():
    assert messages_of(a_notification())["email"].splitlines() == [
        "Operator Needed: target orders, rollout run-1",
        "",
        "Reason: AWS refuses: AccessDenied",
        "",
        "To do by hand, in this order:",
        *(f"  {command}" for command in COMMANDS),
        "",
        "phase: moving_base",
        "step: 3",
        "weight_percent: 50.0",
        "account 123456789012, Region eu-west-1, 2026-01-31T12:00:00+00:00",
    ]


def test_what_is_not_there_is_not_talked_about():
    assert messages_of(a_notification("Records Refused", since="noon"))["email"].splitlines() == [
        "Records Refused",
        "",
        "since: noon",
        "account 123456789012, Region eu-west-1, 2026-01-31T12:00:00+00:00",
    ]


def test_programs_read_the_event():
    messages = messages_of(a_notification())

    assert {messages[protocol] for protocol in READ_BY_PROGRAMS} == {messages["sqs"]}
    assert json.loads(messages["sqs"]) == {
        "kind": "Operator Needed",
        "account": "123456789012",
        "region": "eu-west-1",
        "sent_at": "2026-01-31T12:00:00+00:00",
        "detail": DETAIL,
    }


def test_any_other_protocol_has_the_text_for_people():
    messages = messages_of(a_notification())

    assert messages["default"] == messages["email"]


def test_an_sms_is_one_part():
    assert messages_of(a_notification())["sms"] == "Operator Needed: orders: AWS refuses: AccessDenied"
    long = messages_of(a_notification(target="orders", reason="x" * 500))["sms"]
    assert (len(long), long[-4:]) == (LONGEST_SMS, "x...")


def test_the_subject_says_whom_it_is_about():
    assert subject_of(a_notification("Rollout Ended", target="orders", phase="rolled_back")) == (
        "canary: Rollout Ended: orders: rolled_back"
    )


@given(st.text(min_size=1), st.text())
def test_a_subject_is_one_that_sns_takes(kind, target):
    subject = subject_of(a_notification(kind, target=target, phase="parked"))

    assert subject.startswith("canary: ")
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= LONGEST_SUBJECT


def test_too_many_commands_are_cut_and_said_to_be():
    commands = [f"aws lambda update-alias --function-name f{number:04}" for number in range(1_000)]
    messages = messages_of(a_notification(target="orders", reason="why", commands=commands))
    detail = json.loads(messages["sqs"])["detail"]

    assert len(detail["commands"]) < len(commands)
    assert detail["commands"] == commands[: len(detail["commands"])]
    assert detail["shortened"] == "the rollout's record has the full text"
    assert "shortened: the rollout's record has the full text" in messages["email"]


def test_a_value_that_is_too_long_is_left_out_and_said_to_be():
    detail = json.loads(messages_of(a_notification(target="orders", numbers=[*range(5_000)]))["sqs"])["detail"]

    assert detail == {"target": "orders", "shortened": "the rollout's record has the full text"}


def test_a_reason_is_cut_only_beyond_what_an_event_carries():
    for length, is_cut in ((4_000, False), (40_000, True)):
        detail = json.loads(messages_of(a_notification(target="orders", reason="x" * length))["sqs"])["detail"]

        assert ("shortened" in detail, len(detail["reason"]) < length) == (is_cut, is_cut)
        assert len(detail["reason"]) >= 4_000


@pytest.mark.parametrize("letter", ["x", '"', "\\", "é", "\U0001f600"])
def test_all_texts_together_are_one_message(letter):
    """A text that is escaped twice, with letters that JSON writes as up to twelve characters."""
    commands = [letter * 200 for _ in range(500)]
    messages = messages_of(a_notification(target="orders", reason=letter * 1_000, commands=commands))

    assert len(messages["sqs"]) < LONGEST_TEXT + 1_000
    assert len(json.dumps(messages).encode()) < TOPIC_BYTES
