"""SendNotice: an event of the controller that somebody should know of goes to the topic.

EventBridge could hand it to the topic itself, but not by a policy that lets this one rule in, and only as one text for all
(docs/aws.md#topic-policy). A call that fails is made again, and then left in the queue for undelivered notices, which has an
alarm of its own. It needs neither records nor targets, so it works while those do not.
"""

from __future__ import annotations

from canary.aws.topics import publish
from canary.edge.events import NoticeEvent
from canary.rules.notice_text import Notice, messages_of, subject_of
from canary.tasks.entry import Handler, Json, Tools, on


def send_notice(event: NoticeEvent, tools: Tools) -> Json:
    """Which kind was sent to which topic."""
    notice = Notice(event.kind, event.detail, event.account, event.region, event.now)
    publish(tools.clients.sns, tools.settings.topic, subject=subject_of(notice), messages=messages_of(notice))
    tools.logger.info("notice sent", kind=event.kind, target=event.detail.get("target"), rollout=event.detail.get("rollout"))
    return {"kind": event.kind, "topic": tools.settings.topic}


handler = Handler(on(NoticeEvent), send_notice)
