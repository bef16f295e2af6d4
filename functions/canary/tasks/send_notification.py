"""SendNotification: an event of the controller that somebody should know of goes to the topic.

EventBridge could hand it to the topic itself, but not by a policy that lets this one rule in, and only as one text for all
(docs/aws.md#topic-policy). A call that fails is retried, and then left in the queue for undelivered notifications, which has an
alarm of its own. It needs neither records nor targets, so it works while those do not.
"""

from __future__ import annotations

from canary.aws.topics import publish
from canary.edge.events import NotificationEvent
from canary.rules.rollouts.notification_text import Notification, messages_of, subject_of
from canary.tasks.entry import Handler, Json, Tools, on


def send_notification(event: NotificationEvent, tools: Tools) -> Json:
    """Which kind was sent to which topic."""
    notification = Notification(event.kind, event.detail, event.account, event.region, event.now)
    publish(tools.clients.sns, tools.settings.topic, subject=subject_of(notification), messages=messages_of(notification))
    tools.logger.info(
        "notification sent", kind=event.kind, target=event.detail.get("target"), rollout=event.detail.get("rollout")
    )
    return {"kind": event.kind, "topic": tools.settings.topic}


handler = Handler(on(NotificationEvent), send_notification)
