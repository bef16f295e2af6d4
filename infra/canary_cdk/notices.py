"""Who is told: the controller's own events, sent on to one SNS topic.

Decides which events are worth a person's attention; all of them are on the default bus for whoever wants more. Knows the
events' names and nothing of what they carry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from canary_cdk import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

WORTH_A_NOTICE = [
    *("Rollout Held", "Rollout Ended", "Rollout Waiting", "Rollout Wait Over"),
    *("Operator Needed", "Records Usable Again"),
]


class Notices(Construct):
    """The topic, and the rule that fills it."""

    def __init__(self, scope: Construct, construct_id: str, *, queue: sqs.IQueue) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name="Canary controller", enforce_ssl=True)
        account = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        _let_publish(self.topic, "Alarms", "cloudwatch", account)
        rule = events.Rule(
            self,
            "WorthANotice",
            rule_name="canary-notices",
            description="A rollout is held or has ended, or somebody has to do something",
            event_pattern=events.EventPattern(source=[naming.SERVICE], detail_type=WORTH_A_NOTICE),
        )
        same_topic = sns.Topic.from_topic_arn(self, "Told", self.topic.topic_arn)
        rule.add_target(targets.SnsTopic(same_topic, dead_letter_queue=queue))
        _let_publish(self.topic, "Rule", "events", {"ArnEquals": {"aws:SourceArn": rule.rule_arn}})


def _let_publish(topic: sns.Topic, sid: str, service: str, conditions: Mapping[str, object]) -> None:
    """Let a service publish, of this account only.

    A topic with a policy of its own no longer lets its account's alarms in by default (docs/aws.md#topic-policy), and CDK's
    own grant to EventBridge would let any account's rules in.
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions=conditions,
        )
    )
