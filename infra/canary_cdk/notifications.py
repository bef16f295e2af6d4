"""Notifications: events worth a message go to one topic, what pages someone to a second, with a fallback if either fails.

Decides which events are worth a message; the default bus has all of them. EventBridge passes the selected ones to a function,
which publishes a text for each protocol to the topic of the event's severity
(docs/decisions/0032-severities-and-their-topics.md). What it cannot publish goes to a queue, whose alarm publishes to another
topic because the others may be broken (docs/decisions/0021-a-function-publishes-the-notifications.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from canary.edge.settings import PAGES_TOPIC, TOPIC
from canary.rules.messages.kinds import NotificationKind
from canary_cdk import naming
from canary_cdk.permissions import allow
from canary_cdk.triggers import MESSENGER_PATIENCE, aim, hand_over_failures, undelivered_queue

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from canary_cdk.functions import TaskFunction

ONLY_ON_THE_BUS = {NotificationKind.SHIFTED, NotificationKind.WATCH_OVER}
WORTH_A_NOTIFICATION = [one.value for one in NotificationKind if one not in ONLY_ON_THE_BUS]
KEY_ACTIONS = "kms:Decrypt kms:GenerateDataKey"
"""The actions on an encrypted topic's key that a publisher needs (docs/aws.md#encrypted-topics)."""


class NotificationTopics(Construct):
    """The topics, the rule that fills them through a function, and the fallback.

    `topic` is the one to subscribe to, `pages` the one for what someone must act on at once, `fallback` the topic that reports
    failures, `undelivered` the queue of what was not sent. `steps`: whether each step of a rollout is worth a message, too.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, messenger: TaskFunction, key: kms.IKey | None = None, steps: bool = False
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._topic("Topic", "Canary controller", key)
        self.pages = self._topic("Pages", "Canary controller: act now", key)
        self.fallback = self._topic("Fallback", "Canary controller: notifications that were not delivered")
        self.undelivered = undelivered_queue(self, "Undelivered", naming.UNDELIVERED)
        told = [NotificationKind.SHIFTED.value] if steps else []
        rule = events.Rule(
            self,
            "WorthANotification",
            rule_name="canary-notifications",
            description="A rollout began, waits or has ended, or someone has to act",
            event_pattern=events.EventPattern(source=[naming.SERVICE], detail_type=[*WORTH_A_NOTIFICATION, *told]),
        )
        rule.add_target(aim(messenger.function, self.undelivered, MESSENGER_PATIENCE))
        hand_over_failures({messenger: MESSENGER_PATIENCE}, self.undelivered)
        messenger.function.add_environment(TOPIC, self.topic.topic_arn)
        messenger.function.add_environment(PAGES_TOPIC, self.pages.topic_arn)
        for topic in (self.topic, self.pages):
            allow(messenger.role, "sns:Publish", topic.topic_arn)
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
                "the key of the topics of notifications is not part of this app, so its policy was not changed; allow "
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
