"""Resources in a user's stack that the controller owns: our own function manages them instead of CloudFormation's types.

Such a resource keeps CDK's class and properties but changes its type, so everything else in an app can refer to it as before.
CloudFormation then cannot move it: not by an update, not by rolling an update back, and not by enforcing the template after
drift (docs/aws.md#drift-aware-change-sets). This module decides what that function may do; its code is in `lambdas/ownership`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from canary_cdk import naming
from canary_cdk.permissions import allow, allow_if
from canary_cdk.reasons import acknowledge_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STAGE = "Custom::ControlledStage"
ALIAS = "Custom::ControlledAlias"
PERMISSION = "Custom::ControlledPermission"
OWNER = "CanaryOwnership"
STACK_TAG = "canary:stack"
"""The tag that marks what belonged to a stack and stayed behind; its value is the stack's id."""
CODE = Path(__file__).parent / "lambdas"

TIMEOUT = cdk.Duration.seconds(120)
LONGEST_ANSWER = cdk.Duration.seconds(300)
"""Without this, CloudFormation waits an hour for a function that does not answer (docs/aws.md#custom-resource-timeout)."""


def own(
    resource: cdk.CfnResource,
    resource_type: str,
    *,
    allowed: Mapping[str, Sequence[str]],
    properties: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    take_over: bool = False,
) -> None:
    """Let our function manage the resource.

    Args:
        resource: the resource, of one of CloudFormation's own types.
        resource_type: its new type: STAGE, ALIAS or PERMISSION.
        allowed: what the function may do for it: resources by actions, which are separated by spaces.
        properties: what the function must know besides the resource's own properties.
        without: properties that the function does not need.
        take_over: whether to adopt an existing one; it then stays when the stack is deleted.

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


def ownership_function(scope: Construct, description: str) -> tuple[iam.Role, lambda_.Function]:
    """A function of `lambdas/ownership` with its role and its log group.

    It may read who calls a function, and remove aliases and permissions from functions with this stack's tag. The tag is needed
    because a function that left the template can no longer be named in a policy.
    """
    log = logs.LogGroup(scope, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY)
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description=description)
    log.grant_write(role)
    stack = cdk.Stack.of(scope)
    allow(role, "cloudformation:ListStackResources", stack.stack_id)
    allow(
        role,
        "apigateway:GET",
        naming.api_arn(stack, "*", "/stages"),
        naming.api_arn(stack, "*", "/stages/*/exports/oas30"),
    )
    functions = naming.function_arn(stack, "*")
    allow(role, "lambda:GetPolicy", functions)
    allow_if_tagged(role, "lambda:DeleteAlias lambda:RemovePermission", functions)
    function = lambda_.Function(
        scope,
        "Function",
        description=description,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler="ownership.handler.handler",
        code=lambda_.Code.from_asset(str(CODE), exclude=["**/__pycache__"]),
        role=role,
        log_group=log,
        memory_size=256,
        timeout=TIMEOUT,
    )
    acknowledge_rule(scope, "AwsSolutions-L1")
    return role, function


def allow_if_tagged(role: iam.Role, actions: str, resource: str) -> None:
    """Allow the actions on resources with the tag of the role's stack (docs/aws.md#resource-tags)."""
    tag = {f"aws:ResourceTag/{STACK_TAG}": cdk.Stack.of(role).stack_id}
    allow_if(role, {"StringEquals": tag}, actions, resource)


def _owner(stack: cdk.Stack) -> Construct:
    """The function with its role and log group, one per stack."""
    if found := stack.node.try_find_child(OWNER):
        return cast("Construct", found)
    owner = Construct(stack, OWNER)
    ownership_function(owner, "Makes the aliases and stages of this stack that the canary controller moves")
    return owner
