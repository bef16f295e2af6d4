"""The message of a notification, before any channel writes it: a title, a few lines, where the release comes from, commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.failures.safe_text import safe
from canary.rules.messages.notification import LONGEST_LINE, moment
from canary.rules.messages.wording import MARKS, commands_of, lines_of, title_of

if TYPE_CHECKING:
    from canary.rules.messages.notification import Notification

DOT = " · "


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads. Every text is one line without control characters.

    ``origin``: the labels' values and who started the rollout. ``commands``: of `canary`. ``by_hand``: commands of AWS's own
    that nobody but a person can run now, as they are. ``place``: the rollout, the account, the Region and the time.
    """

    mark: str
    title: str
    lines: tuple[str, ...]
    origin: str
    commands: tuple[str, ...]
    by_hand: tuple[str, ...]
    link: str
    place: str


def message_of(notification: Notification) -> Message:
    """The message of a notification, the same for every channel."""
    by = f"by {notification.started_by} (claimed)" if notification.started_by else ""
    place = (
        f"rollout {notification.rollout}" if notification.rollout else "",
        f"account {notification.account}",
        f"Region {notification.region}",
        moment(notification.sent_at),
    )
    return Message(
        mark=MARKS[notification.happening],
        title=safe(title_of(notification)),
        lines=tuple(safe(line, LONGEST_LINE) for line in lines_of(notification)),
        origin=DOT.join(filter(None, (*notification.labels.values(), by))),
        commands=commands_of(notification),
        by_hand=notification.commands,
        link=notification.report_link,
        place=", ".join(filter(None, place)),
    )
