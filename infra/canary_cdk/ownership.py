"""What the controller owns in somebody's stack: made by a function of ours in place of CloudFormation's own types.

A resource keeps CDK's class and properties and changes its type, so that everything else in an app can refer to it as before.
CloudFormation then has no way to move it: not by an update, not when it rolls one back, not by enforcing the template on what
has drifted (docs/aws.md#drift-aware-change-sets). Decides what that function may do; what it does is in `lambdas/ownership`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from canary_cdk.permissions import allow
from canary_cdk.reasons import acknowledge_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STAGE = "Custom::ControlledStage"
ALIAS = "Custom::ControlledAlias"
OWNER = "CanaryOwnership"
CODE = Path(__file__).parent / "lambdas"

TIMEOUT = cdk.Duration.seconds(120)
LONGEST_ANSWER = cdk.Duration.seconds(300)
"""Without it CloudFormation waits an hour for a function that does not answer (docs/aws.md#custom-resource-timeout)."""


def own(
    resource: cdk.CfnResource,
    resource_type: str,
    *,
    allowed: Mapping[str, Sequence[str]],
    properties: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    take_over: bool = False,
) -> None:
    """Have the resource made by our function.

    Args:
        resource: the resource, of one of CloudFormation's own types.
        resource_type: what it becomes, STAGE or ALIAS.
        allowed: what the function may do for it: resources by actions, which are separated by spaces.
        properties: what the function must know besides the resource's own properties.
        without: properties that the function has no use for.
        take_over: whether one that exists already is put under the controller; it then stays when the stack goes.

    """
    owner = _owner(cdk.Stack.of(resource))
    role = cast("iam.Role", owner.node.find_child("Role"))
    function = cast("lambda_.Function", owner.node.find_child("Function"))
    for actions, resources in allowed.items():
        allow(role, actions, *resources)
    resource.add_override("Type", resource_type)
    for name in without:
        resource.add_property_deletion_override(name)
    own_properties = {
        "ServiceToken": function.function_arn,
        "ServiceTimeout": LONGEST_ANSWER.to_seconds(),
        **(properties or {}),
    }
    for name, value in own_properties.items():
        resource.add_property_override(name, value)
    if take_over:
        resource.add_property_override("TakeOver", "true")
    resource.node.add_dependency(role)


def _owner(stack: cdk.Stack) -> Construct:
    """The function with its role and log, one a stack."""
    if found := stack.node.try_find_child(OWNER):
        return cast("Construct", found)
    owner = Construct(stack, OWNER)
    log = logs.LogGroup(owner, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY)
    role = iam.Role(
        owner,
        "Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description="Makes the aliases and stages of this stack that the canary controller moves",
    )
    log.grant_write(role)
    lambda_.Function(
        owner,
        "Function",
        description="Makes the aliases and stages of this stack that the canary controller moves",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler="ownership.handler.handler",
        code=lambda_.Code.from_asset(str(CODE), exclude=["**/__pycache__"]),
        role=role,
        log_group=log,
        memory_size=256,
        timeout=TIMEOUT,
    )
    acknowledge_rule(owner, "AwsSolutions-L1")
    return owner
