"""The texts of one notification: for each protocol of SNS, what its subscribers get.

Amazon Q Developer subscribes to a topic by HTTPS, so what HTTPS delivers is a message for a chat. Everything else that programs
read is the document.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.rules.messages.chat import chat_of
from canary.rules.messages.document import document_of
from canary.rules.messages.kinds import Severity
from canary.rules.messages.mail import mail_of, sms_of
from canary.rules.messages.message import message_of
from canary.rules.messages.notification import COMMANDS
from canary.rules.rollouts.codec import encode

if TYPE_CHECKING:
    from canary.rules.messages.notification import Notification

READ_BY_PROGRAMS = ("email-json", "http", "sqs", "lambda", "firehose")
CHAT = "https"


def messages_of(notification: Notification) -> dict[str, str]:
    """The text for each protocol; `default` is for protocols without a text of their own."""
    message, document = message_of(notification), document_of(notification)
    text = mail_of(message, document.detail.get(COMMANDS, ()))
    chat = chat_of(
        message,
        thread="" if notification.severity is Severity.PAGE else notification.rollout,
        context={
            "kind": notification.happening.value,
            "severity": notification.severity.value,
            "target": notification.target,
            "rollout": notification.rollout,
        },
    )
    written = json.dumps(encode(document))
    return {
        "default": text,
        "email": text,
        "sms": sms_of(message),
        CHAT: json.dumps(chat),
        **dict.fromkeys(READ_BY_PROGRAMS, written),
    }
