"""SendNotification: an event reaches the topic of its severity, with the numbers of its rollout where a record has them."""

from __future__ import annotations

import json
import re
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from canary.aws.errors import NotificationRefusedError
from canary.aws.notifications import describe
from canary.rules.messages.document import notification_schema
from canary.tasks.send_notification import handler
from demo.controller import TARGET_PREFIX
from demo.sample import publish_release
from embedded_aws.faults.calls import Fault, Mode
from embedded_aws.shortcut import INSIDE
from tests.tasks.walk import edit_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.tasks.walk import Ground, Walk

ENDED = {"target": "orders", "rollout": "run-1", "phase": "rolled_back", "reason": "errors rose"}
TOPICS = ("told", "paged")


class Subscribed:
    """Both topics, and a queue that subscribes to each."""

    def __init__(self, ground: Ground) -> None:
        self.sns, self.sqs = ground.aws.client("sns"), ground.aws.client("sqs")
        self.ground = ground
        self.arns = {name: self.sns.create_topic(Name=name)["TopicArn"] for name in TOPICS}
        self.queues = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in TOPICS}
        for name, url in self.queues.items():
            arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            self.sns.subscribe(TopicArn=self.arns[name], Protocol="sqs", Endpoint=arn)

    def tell(self, kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        """What the function answers to an event."""
        environment = {
            "CANARY_TASK": "SendNotification",
            "CANARY_TABLE": self.ground.rig.controller.table,
            "CANARY_TARGET_PREFIX": TARGET_PREFIX,
            "CANARY_TOPIC": self.arns["told"],
            "CANARY_PAGES_TOPIC": self.arns["paged"],
            "AWS_REGION": self.ground.aws.region,
            "AWS_ENDPOINT_URL": INSIDE,
        }
        event = {"detail-type": kind, "account": "123456789012", "region": "eu-west-1", "time": "2026-01-31T12:00:00Z"}
        told = {**event, "detail": json.loads(json.dumps(detail))}
        ended = Future[dict[str, Any]]()

        def run() -> None:
            try:
                ended.set_result(handler.bind(environment)(told, None))
            except NotificationRefusedError as error:
                ended.set_exception(error)

        self.ground.aws.clock.spawn(run, name="tell")
        self.ground.aws.clock.run_until(ended.done, limit=60)  # it waits for the logs' answer
        return ended.result()

    def received(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """The subjects and documents that a topic delivered since the last time, each checked against the schema."""
        found = self.sqs.receive_message(QueueUrl=self.queues[name], MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(one["Body"]) for one in found]
        for one in found:
            self.sqs.delete_message(QueueUrl=self.queues[name], ReceiptHandle=one["ReceiptHandle"])
        told = [(body["Subject"], json.loads(body["Message"])) for body in bodies]
        for _, document in told:
            jsonschema.Draft202012Validator(notification_schema()).validate(document)
        return told


@pytest.fixture
def subscribed(ground: Ground) -> Iterator[Subscribed]:
    made = Subscribed(ground)
    yield made
    for name in TOPICS:
        made.sns.delete_topic(TopicArn=made.arns[name])
        made.sqs.delete_queue(QueueUrl=made.queues[name])


def a_rollback(ground: Ground) -> Walk:
    """Rolled back after a look."""
    walk = ground.walk().shift(labels={"ticket": "OPS-125"})
    walk.pause(130)
    walk.look()
    walk.end()
    return walk


def test_a_rollback_is_told_with_the_numbers_of_its_record_and_wakes_nobody(ground: Ground, subscribed: Subscribed) -> None:
    walk = a_rollback(ground)
    answer = subscribed.tell("Rollout Ended", describe(walk.record))

    ((subject, document),) = subscribed.received("told")
    assert answer == {"kind": "Rollout Ended", "topic": subscribed.arns["told"]}
    assert subject == "canary: orders rolled back at 25 % - safe, nothing to do"
    assert (document["severity"], document["rollout"], document["labels"]) == (
        "attention",
        walk.rollout_id,
        {"ticket": "OPS-125"},
    )
    assert (document["deciding"]["metric"], document["deciding"]["finding"]) == ("errors", "too few requests")
    assert subscribed.received("paged") == []


def test_a_rollback_is_told_with_what_broke(ground: Ground, subscribed: Subscribed) -> None:
    numbers = {"NAME": "broken", "FAILING_SHARE": 0.5, "CATCHES_FAILURES": False}
    walk = ground.walk().shift(release={"functions": publish_release(ground.aws.client, ground.rig.target, numbers)})
    walk.pause(240)
    walk.look()
    walk.end()
    subscribed.tell("Rollout Ended", describe(walk.record))
    ground.aws.faults.add(Fault(None, "logs", "StartQuery", Mode.REFUSED))
    subscribed.tell("Rollout Ended", describe(walk.record))

    (_, asked), (_, refused) = subscribed.received("told")
    line = asked["lines"][1]
    assert re.fullmatch(
        r"(GET|POST) /\S+ 502 -> orders-(read|write) \d+: .*DatabaseError: the database does not answer \(\d+ of \d+\)", line
    )
    assert line not in refused["lines"]
    assert refused["lines"][0] == asked["lines"][0]


def test_a_start_says_what_is_new(ground: Ground, subscribed: Subscribed) -> None:
    walk = ground.walk().begin()
    subscribed.tell("Rollout Started", describe(walk.record))

    ((_, document),) = subscribed.received("told")
    assert document["title"] == "orders: rollout started, through 25 %, 50 % to 100 %"
    assert document["lines"][0].startswith("new: ")
    walk.end()


def test_records_that_cannot_be_read_cost_the_numbers_and_not_the_message(ground: Ground, subscribed: Subscribed) -> None:
    walk = ground.walk().begin()
    walk.end()
    edit_record(ground, walk, rollout={"S": "{}"})
    subscribed.tell("Rollout Ended", ENDED)
    subscribed.tell("Rollout Ended", {**ENDED, "rollout": walk.rollout_id})
    ground.aws.faults.add(Fault(None, "dynamodb", "BatchGetItem", Mode.REFUSED))
    subscribed.tell("Rollout Ended", {**ENDED, "rollout": walk.rollout_id})

    told = [document for _, document in subscribed.received("told")]
    assert [(one["lines"], one["deciding"]) for one in told] == [(["errors rose"], None)] * 3


def test_what_needs_an_operator_pages_and_asks_no_record(ground: Ground, subscribed: Subscribed) -> None:
    ground.aws.faults.add(Fault(None, "dynamodb", None, Mode.REFUSED))
    answer = subscribed.tell("Operator Needed", {**ENDED, "commands": ["aws lambda update-alias"]})

    ((subject, document),) = subscribed.received("paged")
    assert answer["topic"] == subscribed.arns["paged"]
    assert subject == "canary PAGE: orders needs an operator"
    assert (document["severity"], document["detail"]["commands"]) == ("page", ["aws lambda update-alias"])
    assert subscribed.received("told") == []


def test_a_wait_that_ended_with_its_rollout_is_told_with_the_end(subscribed: Subscribed) -> None:
    assert subscribed.tell("Rollout Wait Over", ENDED) == {"kind": "Rollout Wait Over", "topic": ""}
    assert subscribed.received("told") == []


def test_a_topic_that_refuses_is_an_error(subscribed: Subscribed) -> None:
    subscribed.sns.delete_topic(TopicArn=subscribed.arns["told"])
    with pytest.raises(NotificationRefusedError, match="sns publish"):
        subscribed.tell("Rollout Reverted", ENDED)
