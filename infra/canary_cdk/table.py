"""The table of the records: its keys, its index, and that it outlives its stack. Its content is not known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb

from canary.rules.rollouts.rollout import OPEN_INDEX

if TYPE_CHECKING:
    from constructs import Construct


def records_table(scope: Construct) -> dynamodb.Table:
    """The table, on demand, with point-in-time recovery; it stays when the stack is deleted, as the log of what was done."""
    table = dynamodb.Table(
        scope,
        "Records",
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
        time_to_live_attribute="expires_at",
        deletion_protection=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    table.add_global_secondary_index(
        index_name=OPEN_INDEX,
        partition_key=dynamodb.Attribute(name="rollout_id", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    return table
