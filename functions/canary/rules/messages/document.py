"""A notification as JSON, for programs. `docs/schemas/notification.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.messages.figures import DecidingMetric, deciding_of
from canary.rules.messages.kinds import Happening, Severity
from canary.rules.messages.message import message_of
from canary.rules.messages.notification import moment, shortened
from canary.rules.reports.schema import DIALECT, schema_of_type

if TYPE_CHECKING:
    from canary.rules.messages.notification import Notification

VERSION = 1
"""Of the document. It rises when a key changes its meaning or goes; a new key leaves it."""


@dataclass(frozen=True, slots=True)
class NotificationDocument:
    """One notification.

    ``kind``: what it reports. ``event``: the detail-type of the event on the bus. ``sent_at``: when the event was sent.
    ``title``, ``lines``, ``commands``: what people read. ``weight_percent``: of the canary, 0 without one. ``deciding``: the
    metric that the message is about, null where none decided. ``report_link``: where the report is kept, empty if it is not.
    ``detail``: the event's own detail.
    """

    version: int
    kind: Happening
    severity: Severity
    event: str
    account: str
    region: str
    sent_at: str
    target: str
    rollout: str
    title: str
    lines: tuple[str, ...]
    commands: tuple[str, ...]
    labels: Mapping[str, str]
    started_by: str
    weight_percent: float
    deciding: DecidingMetric | None
    report_link: str
    detail: Mapping[str, Any]


def document_of(notification: Notification) -> NotificationDocument:
    """The notification as a document; its detail is shortened if it is too long."""
    message = message_of(notification)
    return NotificationDocument(
        version=VERSION,
        kind=notification.happening,
        severity=notification.severity,
        event=notification.kind,
        account=notification.account,
        region=notification.region,
        sent_at=moment(notification.sent_at),
        target=notification.target,
        rollout=notification.rollout,
        title=message.title,
        lines=message.lines,
        commands=message.commands,
        labels=notification.labels,
        started_by=notification.started_by,
        weight_percent=notification.weight_percent,
        deciding=deciding_of(notification.report),
        report_link=notification.report_link,
        detail=shortened(notification.detail),
    )


def notification_schema() -> dict[str, Any]:
    """The JSON schema of the document, from its type."""
    known: dict[str, Any] = {}
    schema_of_type(NotificationDocument, known)
    whole = known.pop(NotificationDocument.__name__)
    whole["properties"]["version"] = {"const": VERSION}
    return {"$schema": DIALECT, **whole, "$defs": known}
