"""Notifications: the controller's events that need attention go to one topic, with a fallback if that topic fails.

Decides which events need a person's attention; the default bus has all of them. EventBridge passes the selected ones to a
function, which publishes a text for each protocol. What it cannot publish goes to a queue, whose alarm publishes to another
topic because the first one may be broken (docs/decisions/0021-a-function-publishes-the-notifications.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from canary_cdk import naming
from canary_cdk.permissions import allow
from canary_cdk.triggers import MESSENGER_PATIENCE, aim, hand_over_failures, undelivered_queue

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from canary_cdk.functions import TaskFunction

WORTH_A_NOTIFICATION = [
    *("Rollout Parked", "Rollout Ended", "Rollout Promoted", "Rollout Reverted", "Rollout Watch Ended"),
    *("Rollout Waiting", "Rollout Wait Over"),
    *("Operator Needed", "Records Usable Again"),
]
KEY_ACTIONS = "kms:Decrypt kms:GenerateDataKey"
"""The actions on an encrypted topic's key that a publisher needs (docs/aws.md#encrypted-topics)."""


class NotificationTopics(Construct):
    """The topic, the rule that fills it through a function, and the fallback.

    `topic` is the one to subscribe to, `fallback` the topic that reports failures, `undelivered` the queue of what was not
    sent.
    """

    def __init__(self, scope: Construct, construct_id: str, *, messenger: TaskFunction, key: kms.IKey | None = None) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._topic("Topic", "Canary controller", key)
        self.fallback = self._topic("Fallback", "Canary controller: notifications that were not delivered")
        self.undelivered = undelivered_queue(self, "Undelivered", naming.UNDELIVERED)
        rule = events.Rule(
            self,
            "WorthANotification",
            rule_name="canary-notifications",
            description="A rollout is parked or has ended, or someone has to act",
            event_pattern=events.EventPattern(source=[naming.SERVICE], detail_type=WORTH_A_NOTIFICATION),
        )
        rule.add_target(aim(messenger.function, self.undelivered, MESSENGER_PATIENCE))
        hand_over_failures({messenger: MESSENGER_PATIENCE}, self.undelivered)
        messenger.function.add_environment("CANARY_TOPIC", self.topic.topic_arn)
        allow(messenger.role, "sns:Publish", self.topic.topic_arn)
        if key:
            allow(messenger.role, KEY_ACTIONS, key.key_arn)
            self._let_alarms_encrypt(key)

    def _topic(self, construct_id: str, display_name: str, key: kms.IKey | None = None) -> sns.Topic:
        """A topic whose policy lets this account's alarms publish, and no other service (docs/aws.md#topic-policy)."""
        topic = sns.Topic(self, construct_id, display_name=display_name, enforce_ssl=True, master_key=key)
        topic.add_to_resource_policy(self._for_alarms("Alarms", "sns:Publish", topic.topic_arn))
        return topic

    def _let_alarms_encrypt(self, key: kms.IKey) -> None:
        """CloudWatch itself needs the key of an encrypted topic; only its owner can change an imported key's policy."""
        statement = self._for_alarms("CanaryAlarms", KEY_ACTIONS, "*")
        if not key.add_to_resource_policy(statement, allow_no_op=True).statement_added:
            cdk.Annotations.of(self).add_warning_v2(
                "canary:notifications-key",
                "the key of the topic of notifications is not part of this app, so its policy was not changed; allow "
                f"cloudwatch.amazonaws.com {KEY_ACTIONS.replace(' ', ' and ')} in it, or the controller's alarms reach nobody",
            )

    def _for_alarms(self, sid: str, actions: str, resource: str) -> iam.PolicyStatement:
        """A statement for CloudWatch, limited to this account's alarms (docs/aws.md#confused-deputy)."""
        return iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=actions.split(),
            resources=[resource],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
        )
