"""SendNotification: publishes the controller's events that are worth a message to the topic of their severity.

EventBridge could send them to a topic itself, but only with a topic policy that lets in more than this one rule, and with one
text for all protocols (docs/aws.md#topic-policy). A failing call is retried and then goes to the queue for undelivered
notifications, which has its own alarm. The numbers of a start, a rollback and a promotion come from the rollout's record. If it
cannot be read, the message does without them; what pages someone never waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.topics import publish
from canary.edge.events import NotificationEvent
from canary.rules.messages.channels import messages_of
from canary.rules.messages.kinds import Happening, Severity, happening_of, is_published
from canary.rules.messages.mail import subject_of
from canary.rules.messages.notification import Notification
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.recorded_report import read_report

if TYPE_CHECKING:
    from canary.rules.reports.evidence_report import EvidenceReport

WITH_NUMBERS = frozenset({Happening.STARTED, Happening.ROLLED_BACK, Happening.PROMOTED})
"""What is told with numbers from the record."""


def send_notification(event: NotificationEvent, tools: Tools) -> Json:
    """Which kind of notification was sent to which topic; no topic if the event is told with another one."""
    if not is_published(event.kind, event.detail):
        return {"kind": event.kind, "topic": ""}
    notification = Notification(event.kind, event.detail, event.account, event.region, event.now, report=_report(event, tools))
    is_page = notification.severity is Severity.PAGE
    topic = tools.settings.pages_topic if is_page else tools.settings.topic
    publish(tools.clients.sns, topic, subject=subject_of(notification), messages=messages_of(notification))
    tools.logger.info(
        "notification sent",
        kind=event.kind,
        severity=notification.severity,
        target=notification.target,
        rollout=notification.rollout,
    )
    return {"kind": event.kind, "topic": topic}


def _report(event: NotificationEvent, tools: Tools) -> EvidenceReport | None:
    rollout_id, target = event.detail.get("rollout"), event.detail.get("target")
    is_wanted = rollout_id and target and happening_of(event.kind, event.detail) in WITH_NUMBERS
    return read_report(str(rollout_id), str(target), tools) if is_wanted else None


handler = Handler(on(NotificationEvent), send_notification)
