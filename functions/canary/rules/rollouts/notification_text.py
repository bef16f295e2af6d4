"""The text of a notification: what an event of the controller says, in one form for each protocol that a topic delivers by.

It accepts any event and sends kinds and keys that it does not know as they are. It decides how long a message may be and what
to leave out of a longer one, never whether a message is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_BY_PROGRAMS = ("email-json", "http", "https", "sqs", "lambda", "firehose")
LONGEST_SUBJECT = 99
LONGEST_SMS = 140
"""Characters (docs/aws.md#topic-messages)."""

LONGEST_TEXT = 12_000
"""Characters of one protocol's text: all texts together, escaped once more, stay far below the limit of 256 KB."""

LONGEST_VALUE = 5_000
SHORTENED = "shortened"
COMMANDS = "commands"
FIRST = ("target", "rollout", "reason", COMMANDS)
"""The keys that a text's sentences use; all others are listed below the sentences."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One event of the controller. ``kind`` is its detail-type, ``sent_at`` in epoch seconds."""

    kind: str
    detail: Mapping[str, Any]
    account: str
    region: str
    sent_at: float


def subject_of(notification: Notification) -> str:
    """The subject of an e-mail: one line of printable ASCII."""
    detail = notification.detail
    parts = ["canary", notification.kind, *(str(detail[key]) for key in ("target", "phase") if detail.get(key))]
    line = ": ".join(parts)
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in line)[:LONGEST_SUBJECT]


def messages_of(notification: Notification) -> dict[str, str]:
    """The text for each protocol; `default` is for protocols without a text of their own."""
    detail = _shorten(notification.detail)
    text = "\n".join(_lines(notification, detail))
    document = json.dumps(
        {
            "kind": notification.kind,
            "account": notification.account,
            "region": notification.region,
            "sent_at": _moment(notification.sent_at),
            "detail": detail,
        }
    )
    return {"default": text, "email": text, "sms": _sms(notification), **dict.fromkeys(READ_BY_PROGRAMS, document)}


def _lines(notification: Notification, detail: Mapping[str, Any]) -> Iterator[str]:
    names = [f"{key} {detail[key]}" for key in ("target", "rollout") if detail.get(key)]
    yield f"{notification.kind}: {', '.join(names)}" if names else notification.kind
    if detail.get("reason"):
        yield from ("", f"Reason: {detail['reason']}")
    if detail.get(COMMANDS):
        yield from ("", "To do by hand, in this order:", *(f"  {command}" for command in detail[COMMANDS]))
    rest = [f"{key}: {_plain(value)}" for key, value in detail.items() if key not in FIRST]
    yield from ("", *rest)
    yield f"account {notification.account}, Region {notification.region}, {_moment(notification.sent_at)}"


def _sms(notification: Notification) -> str:
    told = (str(notification.detail.get(key) or "") for key in ("target", "reason"))
    text = ": ".join(filter(None, (notification.kind, *told)))
    return text if len(text) <= LONGEST_SMS else f"{text[: LONGEST_SMS - 3]}..."


def _shorten(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail, shortened: long texts lose their ends, other long values are left out, and so are the last commands."""
    cut = {key: _cut(value) if isinstance(value, str) else value for key, value in detail.items()}
    kept = {key: value for key, value in cut.items() if key == COMMANDS or len(json.dumps(value)) <= LONGEST_VALUE}
    commands = [*kept.get(COMMANDS, ())]
    while commands and len(json.dumps({**kept, COMMANDS: commands})) > LONGEST_TEXT:
        commands.pop()
    if COMMANDS in kept:
        kept[COMMANDS] = commands
    return kept if kept == dict(detail) else {**kept, SHORTENED: "the rollout's record has the full text"}


def _cut(text: str) -> str:
    """The start of a text, as much as fits into the longest value once written as JSON."""
    while len(json.dumps(text)) > LONGEST_VALUE:
        text = text[: len(text) * 9 // 10]
    return text


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
