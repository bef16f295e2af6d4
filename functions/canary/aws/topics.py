"""The topic that people and programs subscribe to: one message, with a separate text for each protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import NotificationRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping


def publish(sns: Any, topic_arn: str, *, subject: str, messages: Mapping[str, str]) -> None:  # noqa: ANN401 - botocore's
    """Publish to every subscriber, each with the text for its protocol (docs/aws.md#topic-messages).

    Raises:
        NotificationRefusedError: AWS refused, so no one was notified.

    """
    with refusals("aws sns publish", NotificationRefusedError):
        sns.publish(TopicArn=topic_arn, Subject=subject, MessageStructure="json", Message=json.dumps(dict(messages)))
