"""SendNotification: an event reaches each subscriber of the topic; if the topic refuses, the error makes Lambda retry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import NotificationRefusedError
from canary.tasks.send_notification import handler
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.shortcut import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = {
    "version": "0",
    "id": "e-1",
    "detail-type": "Rollout Ended",
    "source": "canary",
    "account": "123456789012",
    "time": "2026-01-31T12:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {"target": "orders", "rollout": "run-1", "phase": "rolled_back", "reason": "errors rose"},
}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(guest=CONTROLLER) as embedded:
        yield embedded


def invoke(aws: EmbeddedAws, topic: str) -> Any:
    environment = {
        "CANARY_TASK": "SendNotification",
        "CANARY_TABLE": "a-table-that-is-not-there",
        "CANARY_TARGET_PREFIX": "/canary/targets/",
        "CANARY_TOPIC": topic,
        "AWS_REGION": aws.region,
        "AWS_ENDPOINT_URL": INSIDE,
    }
    return handler.bind(environment)(EVENT, None)


def test_a_program_that_subscribes_gets_the_event(aws: EmbeddedAws) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    queue = sqs.create_queue(QueueName="program")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    answer = invoke(aws, topic)

    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(received["Body"])
    assert answer == {"kind": "Rollout Ended", "topic": topic}
    assert body["Subject"] == "canary: Rollout Ended: orders: rolled_back"
    assert json.loads(body["Message"])["detail"] == EVENT["detail"]


def test_a_topic_that_refuses_is_an_error(aws: EmbeddedAws) -> None:
    with pytest.raises(NotificationRefusedError, match="sns publish"):
        invoke(aws, "arn:aws:sns:eu-west-1:123456789012:gone")
