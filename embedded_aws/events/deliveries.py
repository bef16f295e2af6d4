"""Deliveries between AWS services: events to functions and topics, and failed events to a queue.

Decides whether a service may deliver. If the service calls on its own behalf, the receiver's policy decides; if it calls with
a role, the role's policy does. While permissions are not enforced, neither is checked, except for a topic policy that names
EventBridge: that is always checked. The sender decides when to deliver.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.iam.permission_needs import Need
from embedded_aws.iam.permissions import AccessDeniedError
from embedded_aws.iam.service_permissions import session_of
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.awslambda.queued_invocations import Exhausted
    from embedded_aws.iam.permissions import Permissions
    from embedded_aws.wire.connection import Connect
    from embedded_aws.wire.unknowns import Unknowns

EVENTS, CLOUDWATCH = "events.amazonaws.com", "cloudwatch.amazonaws.com"
_ACTIONS = {"lambda": "lambda:InvokeFunction", "sns": "sns:Publish", "sqs": "sqs:SendMessage"}


class DeliveryError(Exception):
    """The receiver does not exist, or may not be called."""


class Deliveries:
    """The receivers in one account and Region."""

    def __init__(self, connect: Connect, lambdas: Lambdas, permissions: Permissions, unknowns: Unknowns) -> None:
        self._connect = connect
        self._lambdas = lambdas
        self._permissions = permissions
        self._unknowns = unknowns

    def hand_over(self, target: str, message: object, *, rule: str, message_group: str | None = None) -> None:
        """Deliver an event from an EventBridge rule to its target.

        Raises:
            DeliveryError: the target does not exist, or its policy does not allow the rule.
        """
        try:
            self._expect_policy(target, rule)
            self._send(target, message, {}, message_group)
        except (LambdaError, ClientError, AccessDeniedError) as error:
            raise DeliveryError(str(error)) from error

    def bury(self, queue: str, message: object, *, rule: str, reason: str) -> None:
        """Put an event that was not delivered into the rule's dead-letter queue, if the queue's policy allows the rule."""
        try:
            self._expect_policy(queue, rule)
        except AccessDeniedError:
            return
        self._send(queue, message, {"ERROR_MESSAGE": reason, "RULE_ARN": rule})

    def tell(self, topic: str, message: object, *, alarm: str, subject: str) -> None:
        """Publish an alarm's state change as CloudWatch does.

        Raises:
            DeliveryError: the topic does not exist, or its policy does not allow the alarm.
        """
        try:
            if self._permissions.is_on:
                self._check_policy(CLOUDWATCH, topic, alarm)
            self._connect("sns").publish(TopicArn=topic, Subject=subject, Message=json.dumps(message))
        except (ClientError, AccessDeniedError) as error:
            raise DeliveryError(str(error)) from error

    def hand_over_failure(self, failed: Exhausted) -> None:
        """Deliver an event on which a function failed to Lambda's destination, if the function's role allows it."""
        session = session_of(failed.version)
        action = _ACTIONS[_service(failed.destination)]
        if self._permissions.is_on and not self._permissions.allows(session, action, failed.destination):
            return
        self._send(failed.destination, failed.record(), {})

    def _expect_policy(self, receiver: str, rule: str) -> None:
        is_topic = _service(receiver) == "sns"
        if self._permissions.is_on or (is_topic and EVENTS in json.dumps(self._policy(receiver))):
            # EventBridge sends a topic no source ARN (docs/aws.md#topic-policy).
            is_silent = is_topic and self._unknowns.ask("topic-policy-condition") == "refused"
            self._check_policy(EVENTS, receiver, None if is_silent else rule)

    def _check_policy(self, service: str, receiver: str, source: str | None) -> None:
        """Check the receiver's policy; ``source`` is the ARN that the service acts for, None if it does not send one."""
        need = Need(_ACTIONS[_service(receiver)], receiver)
        context = {"aws:SourceArn": source, "aws:SourceAccount": source.split(":")[4]} if source else {}
        self._permissions.check_service(service, need, self._policy(receiver), context)

    def _policy(self, receiver: str) -> Mapping[str, Any] | None:
        """The receiver's resource policy; None if it has none."""
        match _service(receiver):
            case "lambda":
                name, qualifier = _function(receiver)
                try:
                    return self._lambdas.policies(name).document(qualifier)
                except LambdaError:
                    return None
            case "sns":
                attributes = self._connect("sns").get_topic_attributes(TopicArn=receiver)["Attributes"]
            case _:
                asked = {"QueueUrl": self._queue_url(receiver), "AttributeNames": ["Policy"]}
                attributes = self._connect("sqs").get_queue_attributes(**asked).get("Attributes", {})
        return json.loads(attributes["Policy"]) if attributes.get("Policy") else None

    def _send(self, receiver: str, message: object, attributes: Mapping[str, str], message_group: str | None = None) -> None:
        match _service(receiver):
            case "lambda":
                name, qualifier = _function(receiver)
                self._lambdas.send(name, message, qualifier=qualifier)
            case "sns":
                self._connect("sns").publish(TopicArn=receiver, Message=json.dumps(message))
            case _:
                typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
                self._connect("sqs").send_message(
                    QueueUrl=self._queue_url(receiver),
                    MessageBody=json.dumps(message),
                    MessageAttributes=typed,
                    **({"MessageGroupId": message_group} if message_group else {}),
                )

    def _queue_url(self, queue: str) -> str:
        return str(self._connect("sqs").get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"])


def can_receive(arn: str) -> bool:
    """Whether events can be delivered to this ARN."""
    return arn.split(":")[2:3] in (["lambda"], ["sns"], ["sqs"])


def _service(arn: str) -> str:
    service = arn.split(":")[2]
    if service not in _ACTIONS:
        raise NotBuiltError(f"delivery to {arn} is not built; add it in {__name__}")
    return service


def _function(arn: str) -> tuple[str, str | None]:
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    return name, qualifier or None
