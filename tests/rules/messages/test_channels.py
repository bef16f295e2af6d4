"""What each protocol of a topic delivers, and that nobody's words can do more there than be read."""

import json
import re
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.messages.channels import CHAT, READ_BY_PROGRAMS, messages_of
from canary.rules.messages.chat import LONGEST_TEXT, OBEYED, quiet
from canary.rules.messages.document import notification_schema
from canary.rules.messages.mail import LONGEST_SMS, LONGEST_SUBJECT, subject_of
from canary.rules.messages.notification import Notification
from tests.rules.messages import told

TOPIC_BYTES = 256 * 1024
SCHEMA = jsonschema.Draft202012Validator(notification_schema())
EVIL = "<!channel> <@U1> <http://evil.example|x> [x](http://evil.example) @here *b* _i_ ~s~ `c` &lt;!here&gt;"


def document(notification):
    return json.loads(messages_of(notification)["sqs"])


def chat(notification):
    return json.loads(messages_of(notification)[CHAT])


def of_operator(**changed):
    return replace(told.OPERATOR, detail={**told.OPERATOR.detail, **changed})


@pytest.mark.parametrize("notification", told.ALL)
def test_every_notification_fits_the_published_schema(notification):
    SCHEMA.validate(document(notification))


def test_programs_read_the_same_document():
    messages = messages_of(told.ROLLED_BACK)

    assert {messages[protocol] for protocol in READ_BY_PROGRAMS} == {messages["sqs"]}
    assert messages["default"] == messages["email"]


def test_a_document_has_the_severity_the_numbers_and_the_event():
    found = document(told.ROLLED_BACK)
    rates = found["deciding"].pop("canary_rate"), found["deciding"].pop("base_rate")

    assert (found["kind"], found["severity"], found["event"]) == ("rolled_back", "attention", "Rollout Ended")
    assert (found["target"], found["rollout"], found["weight_percent"]) == ("orders", "run-1", 25.0)
    assert found["labels"] == {"commit": "4fa2c1", "ticket": "OPS-125"}
    assert found["deciding"] == {"metric": "errors", "label": "5xx", "finding": "worse"}
    assert rates == told.ROLLED_BACK.report.lead.rates
    assert found["detail"] == told.ROLLED_BACK.detail
    assert document(told.ROLLED_BACK_UNREAD)["deciding"] is None


def test_a_metric_without_a_comparison_has_no_rates():
    lead = replace(told.PROMOTED.report.lead, canary=None, base=None)
    found = document(replace(told.PROMOTED, report=replace(told.PROMOTED.report, metrics=(lead,))))

    SCHEMA.validate(found)
    assert (found["deciding"]["canary_rate"], found["lines"][0][:18]) == (None, "no worse than base")


def test_a_chat_gets_a_custom_notification_in_the_rollouts_thread():
    assert chat(told.ROLLED_BACK) == {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": "⏪ orders rolled back at 25 % - safe, nothing to do",
            "description": "5xx 20.3 % vs 0.44 % (46x), sure after 3 min · 54 requests failed\n"
            "POST /orders → orders-write 5: KeyError 'currency' (16 of 18)\n"
            "4fa2c1 · OPS-125 · by ci-release (claimed)\n"
            "rollout run-1, account 123456789012, Region eu-west-1, 2026-01-31T12:00:00+00:00",
            "nextSteps": ["`canary explain orders`", "`canary logs orders --arm canary --errors`"],
        },
        "metadata": {
            "summary": "⏪ orders rolled back at 25 % - safe, nothing to do",
            "threadId": "run-1",
            "additionalContext": {
                "kind": "rolled_back",
                "severity": "attention",
                "target": "orders",
                "rollout": "run-1",
            },
            "enableCustomActions": False,
        },
    }


def test_a_page_is_not_hidden_in_a_thread_and_names_the_commands_to_run_by_hand():
    found = chat(told.OPERATOR)

    assert "threadId" not in found["metadata"]
    assert "nextSteps" not in chat(told.UNKNOWN)["content"]
    assert found["content"]["description"].splitlines()[2:5] == [
        "To do by hand, in this order:",
        "1. `aws apigateway update-stage --rest-api-id a1`",
        "2. `aws lambda update-alias --name live`",
    ]


def test_a_command_that_a_chat_would_change_is_not_shown_there():
    lines = chat(of_operator(commands=["aws a --value '<b>'", *["aws c"] * 6, "x" * 900]))["content"][
        "description"
    ].splitlines()
    assert lines[3] == "1. not shown here, because a chat would change it: see the e-mail"
    assert lines[4:9] == ["2. `aws c`", "3. `aws c`", "4. `aws c`", "5. `aws c`", "and 3 more: see the e-mail"]


def test_a_chat_message_links_to_the_report():
    found = chat(replace(told.PROMOTED, detail={**told.PROMOTED.detail, "report": "https://reports.example.org/run-1"}))

    assert "report: https://reports.example.org/run-1" in found["content"]["description"].splitlines()


def test_nobodys_words_mention_link_or_format_anything_in_a_chat():
    found = chat(of_operator(reason=EVIL, labels={"ticket": EVIL}, started_by=f"claimed: {EVIL}", rollout=EVIL))
    told_there = found["content"]["description"]

    assert not {*"<>@&[]*~"} & {*told_there}
    assert "://" not in told_there
    assert not re.search(r"(?<!\w)_|_(?!\w)", told_there)
    assert "`c`" not in told_there
    assert not {*"<>@&`[]"} & {*json.dumps(found["metadata"], ensure_ascii=False).replace("[]", "")}


@given(st.text())
def test_quiet_text_has_nothing_that_a_chat_obeys(text):
    assert not (OBEYED | {*"[]*~"}) & {*quiet(text)}
    assert "://" not in quiet(text)


def test_a_metrics_name_stays_as_it_is_in_a_chat():
    assert quiet("slow_p99 and business_CheckoutFailed: 1 -> 2") == "slow_p99 and business_CheckoutFailed: 1 → 2"


def test_words_from_outside_are_one_line_without_control_characters():
    lines = messages_of(of_operator(reason="a\r\nSubject: b\x1b[31m", labels={"x": "c\nd\u202e"}))["email"].splitlines()

    assert lines[1:3] == ["a Subject: b", "c d? · by ci-release (claimed)"]


def test_an_sms_is_one_part_of_plain_ascii():
    assert messages_of(told.ROLLED_BACK)["sms"] == (
        "orders rolled back at 25 % - safe, nothing to do: 5xx 20.3 % vs 0.44 % (46x), sure after 3 min, 54 requests failed"
    )
    long = messages_of(of_operator(reason="é" * 500))["sms"]
    assert (len(long), long.isascii(), long[-3:]) == (LONGEST_SMS, True, "...")


@given(st.text(min_size=1), st.text())
def test_a_subject_is_one_that_sns_takes(kind, target):
    for notification in (Notification(kind, {"target": target}, "1", "r", 0.0), of_operator(target=target)):
        subject = subject_of(notification)
        assert subject.startswith("canary")
        assert subject.isascii()
        assert subject.isprintable()
        assert len(subject) <= LONGEST_SUBJECT


@pytest.mark.parametrize("detail", [{"labels": "x", "commands": "x", "watch": 3, "weight_percent": "x", "target": 5}, {}])
def test_an_event_that_the_controller_did_not_write_is_told_as_far_as_it_can_be_read(detail):
    for kind in ("Rollout Promoted", "Operator Needed", "Rollout Shifted", "Anything"):
        found = document(Notification(kind, detail, "1", "r", 0.0))
        SCHEMA.validate(found)
        assert found["title"].startswith(str(detail.get("target", "the controller")))


def test_too_many_commands_are_cut_and_said_to_be():
    commands = [f"aws lambda update-alias --function-name f{number:04}" for number in range(1_000)]
    detail = document(of_operator(commands=commands))["detail"]

    assert len(detail["commands"]) < len(commands)
    assert detail["commands"] == commands[: len(detail["commands"])]
    assert detail["shortened"] == "the rollout's record has the full text"
    text = messages_of(of_operator(commands=commands))["email"]
    assert f"{len(commands) - len(detail['commands'])} more are left out: the rollout's record has the full text" in text


def test_a_value_that_is_too_long_is_left_out_and_said_to_be():
    notification = Notification("Operator Needed", {"target": "orders", "numbers": [*range(5_000)]}, "1", "r", 0.0)

    assert document(notification)["detail"] == {"target": "orders", "shortened": "the rollout's record has the full text"}


def test_a_reason_is_cut_only_beyond_what_an_event_carries():
    for length, is_cut in ((4_000, False), (40_000, True)):
        detail = document(of_operator(reason="x" * length))["detail"]

        assert ("shortened" in detail, len(detail["reason"]) < length) == (is_cut, is_cut)
        assert len(detail["reason"]) >= 4_000


@pytest.mark.parametrize("letter", ["x", '"', "\\", "é", "\U0001f600"])
def test_all_texts_together_are_one_message(letter):
    """A text that is escaped twice, with letters that JSON writes as up to twelve characters."""
    crowded = of_operator(
        reason=letter * 1_000,
        commands=[letter * 450 for _ in range(500)],
        labels={f"label{number}": letter * 200 for number in range(10)},
    )
    messages = messages_of(crowded)

    assert len(json.loads(messages[CHAT])["content"]["description"]) <= LONGEST_TEXT
    assert len(json.dumps(messages).encode()) < TOPIC_BYTES
