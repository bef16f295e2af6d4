"""Whether EventBridge publishes to a topic whose policy has a condition, which is why notifications do not go that way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part
from verify.scratch.scratch import document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

REFUSED, PUBLISHED = "refused", "published"
EVENTS = 3
"""The number of events sent under the condition."""


class TopicPolicyCondition(Question):
    """A rule passes events to a topic, first without a condition and then with one."""

    slug = "topic-policy-condition"
    how = (
        "send events through a rule to a topic whose policy allows EventBridge, to see that they arrive; then require in the "
        "policy that this account is the source, and send more events"
    )
    parts = frozenset({Part.TOPIC})

    def budget(self, pace: Pace) -> Budget:
        """One wait for the first event, and two for events that may never arrive."""
        seconds = pace.longest_line_seconds + 3 * pace.grace_seconds
        return Budget(seconds=seconds, usual_seconds=30 + 2 * pace.grace_seconds)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        way = _Way(scratch)
        way.make()
        tries = way.send_until_one_comes()
        condition = {"StringEquals": {"aws:SourceAccount": scratch.aws.place.account}}
        way.allow({"Condition": condition})
        scratch.aws.clock.sleep(scratch.pace.grace_seconds)  # until the policy is known everywhere
        came = way.count_under_condition()
        evidence = (f"without a condition an event came after {tries} were sent", f"with {json.dumps(condition)} {came} came")
        return Answer(PUBLISHED if came else REFUSED, evidence)


class _Way:
    """Create the path from events to a queue that can be read: rule, topic, subscription, queue."""

    def __init__(self, scratch: Scratch) -> None:
        self._aws, self._pace, self._scratch = scratch.aws, scratch.pace, scratch
        self._source = scratch.prefix
        self._topic = self._queue = ""

    def make(self) -> None:
        aws, name = self._aws, self._scratch.prefix
        self._topic = self._scratch.create("topic", name, lambda: str(aws.call("sns", "create_topic", Name=name)["TopicArn"]))
        self._queue = self._scratch.create(
            "queue", name, lambda: str(aws.call("sqs", "create_queue", QueueName=name)["QueueUrl"])
        )
        queue = aws.place.arn("sqs", name)
        self.allow({})
        sns = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
        from_topic = {"Condition": {"ArnEquals": {"aws:SourceArn": self._topic}}}
        policy = {"Policy": document({**sns, **from_topic})}
        aws.call("sqs", "set_queue_attributes", QueueUrl=self._queue, Attributes=policy)
        aws.call("sns", "subscribe", TopicArn=self._topic, Protocol="sqs", Endpoint=queue)
        pattern = json.dumps({"source": [self._source]})
        rule = self._scratch.create(
            "rule", name, lambda: str(aws.call("events", "put_rule", Name=name, EventPattern=pattern)["RuleArn"])
        )
        failed = aws.call("events", "put_targets", Rule=name, Targets=[{"Id": "topic", "Arn": self._topic}])
        if failed.get("FailedEntryCount"):
            raise UnansweredError(f"the rule {rule} did not accept the topic: {failed['FailedEntries']}")

    def allow(self, more: Mapping[str, Any]) -> None:
        """Let EventBridge publish, with or without a condition."""
        events = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
        policy = document({**events, "Resource": self._topic, **more})
        named = {"TopicArn": self._topic, "AttributeName": "Policy"}
        self._aws.call("sns", "set_topic_attributes", **named, AttributeValue=policy)

    def send_until_one_comes(self) -> int:
        """Send events until one arrives; return how many were sent.

        Raises:
            UnansweredError: none ever arrived.
        """
        deadline, sent = Deadline(self._aws.clock, self._pace.longest_line_seconds), 0
        while True:
            self._send("open")
            sent += 1
            self._aws.clock.sleep(self._pace.poll_seconds)
            if self._received("open"):
                return sent
            if deadline.is_over():
                raise UnansweredError(f"none of {sent} events arrived through a topic whose policy has no condition")

    def count_under_condition(self) -> int:
        """How many of a few events arrive within the grace time for things that may never happen."""
        for _ in range(EVENTS):
            self._send("conditional")
        end, came = self._aws.clock.now() + self._pace.grace_seconds, 0
        while self._aws.clock.now() < end and came < EVENTS:
            self._aws.clock.sleep(self._pace.poll_seconds)
            came += self._received("conditional")
        return came

    def _send(self, kind: str) -> None:
        entry = {"Source": self._source, "DetailType": kind, "Detail": "{}"}
        answered = self._aws.call("events", "put_events", Entries=[entry])
        if answered.get("FailedEntryCount"):
            raise UnansweredError(f"EventBridge did not accept an event: {answered['Entries']}")

    def _received(self, kind: str) -> int:
        """How many events of this kind are in the queue; the queue is emptied."""
        found = 0
        while messages := self._aws.call("sqs", "receive_message", QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                event = json.loads(json.loads(message["Body"])["Message"])
                found += event["detail-type"] == kind
                self._aws.call("sqs", "delete_message", QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found
