"""The role with which an account's API Gateway writes logs, for a stack whose account may have none yet.

Decides what the role may do. The function that creates the stage finds out whether the role is needed, whereas CDK's own
`cloud_watch_role` replaces any role that exists (docs/aws.md#account-log-role).
"""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

ROLE = "CanaryApiGatewayLogs"
POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


def log_role(stack: cdk.Stack) -> iam.Role:
    """The role, one per stack. It stays when the stack is deleted: other APIs of the account may use it for their logs."""
    if found := stack.node.try_find_child(ROLE):
        return cast("iam.Role", found)
    role = iam.Role(
        stack,
        ROLE,
        assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
        description="Lets API Gateway write the logs of this account and Region",
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(POLICY)],
    )
    role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    finding = f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{POLICY}]"
    reason = "API Gateway's own policy for this role: logs of every API of the account and Region are written with it"
    cdk.Validations.of(role).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
    return role
