"""A message as e-mail, and as SMS. SNS accepts a subject of printable ASCII only (docs/aws.md#topic-messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.messages.kinds import Severity
from canary.rules.messages.message import message_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.messages.message import Message
    from canary.rules.messages.notification import Notification

LONGEST_SUBJECT = 99
LONGEST_SMS = 140
"""Characters (docs/aws.md#topic-messages)."""

GAP = "      "
"""Between two commands on one line."""


def subject_of(notification: Notification) -> str:
    """The subject of an e-mail: who has to look, and what happened."""
    urgent = f" {Severity.PAGE.upper()}" if notification.severity is Severity.PAGE else ""
    return _ascii(f"canary{urgent}: {message_of(notification).title}")[:LONGEST_SUBJECT]


def mail_of(message: Message, by_hand: Sequence[str]) -> str:
    """The text of an e-mail. `by_hand`: the commands to run by hand, as many as the message has room for."""
    return "\n".join(_lines(message, by_hand))


def sms_of(message: Message) -> str:
    """One line: what happened, and the first line of why."""
    line = _ascii(": ".join((message.title, *message.lines[:1])))
    return line if len(line) <= LONGEST_SMS else f"{line[: LONGEST_SMS - 3]}..."


def _lines(message: Message, by_hand: Sequence[str]) -> Iterator[str]:
    yield f"{message.mark} {message.title}"
    yield from message.lines
    yield from filter(None, (message.origin, GAP.join(message.commands)))
    if by_hand:
        yield from ("", "To do by hand, in this order:", *(f"  {command}" for command in by_hand))
    if left_out := len(message.by_hand) - len(by_hand):
        yield f"  {left_out} more are left out: the rollout's record has the full text"
    if message.link:
        yield f"report: {message.link}"
    yield from ("", message.place)


def _ascii(line: str) -> str:
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in line.replace(" · ", ", "))
