"""SendNotification: forwards the controller's events that need attention to the topic.

EventBridge could send them to the topic itself, but only with a topic policy that lets in more than this one rule, and with one
text for all protocols (docs/aws.md#topic-policy). A failing call is retried and then goes to the queue for undelivered
notifications, which has its own alarm. The function needs neither records nor targets, so it works even when those fail.
"""

from __future__ import annotations

from canary.aws.topics import publish
from canary.edge.events import NotificationEvent
from canary.rules.rollouts.notification_text import Notification, messages_of, subject_of
from canary.tasks.common.entry import Handler, Json, Tools, on


def send_notification(event: NotificationEvent, tools: Tools) -> Json:
    """Which kind of notification was sent to which topic."""
    notification = Notification(event.kind, event.detail, event.account, event.region, event.now)
    publish(tools.clients.sns, tools.settings.topic, subject=subject_of(notification), messages=messages_of(notification))
    tools.logger.info(
        "notification sent", kind=event.kind, target=event.detail.get("target"), rollout=event.detail.get("rollout")
    )
    return {"kind": event.kind, "topic": tools.settings.topic}


handler = Handler(on(NotificationEvent), send_notification)
