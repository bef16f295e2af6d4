"""What the controller may do to one target: that stage, those functions, and the readings that AWS cannot narrow.

One role a target, which the controller's functions assume for everything they do to it, so no policy grows with the fleet.
Follows the calls of `canary.aws` and knows nothing of when they are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from canary.rules.access_log import metric_filters
from canary.rules.alarms import target_alarms
from canary_cdk import naming
from canary_cdk.permissions import allow

if TYPE_CHECKING:
    from constructs import Construct

    from canary.rules.target import Stage, Target, TargetFunction


DEFINITION = ("", "/resources", "/authorizers", "/gatewayresponses", "/models", "/requestvalidators")
"""Below an API, what its definition is read from (docs/aws.md#definition-shape)."""

READ = (*DEFINITION, "/stages", "/stages/*/exports/oas30", "/deployments/*")


def target_role(scope: Construct, target: Target) -> iam.Role:
    """The role, which trusts the controller's own roles of this account and Region and nobody else."""
    stack = cdk.Stack.of(scope)
    controllers = naming.roles_arn(stack, naming.controller_role_path(stack))
    role = iam.Role(
        scope,
        "Role",
        path=naming.target_role_path(stack),
        assumed_by=iam.AccountRootPrincipal().with_conditions({"ArnLike": {"aws:PrincipalArn": controllers}}),
        description=f"What the canary controller may do to the target {target.name}",
    )
    if target.stage:
        _allow_stage(role, target.stage)
    for function in target.functions:
        _allow_function(role, function)
    allow(role, "lambda:ListEventSourceMappings", "*")
    allow(role, "cloudwatch:GetMetricData", "*")
    if target.access_log_group and metric_filters(target):
        allow(role, "logs:DescribeMetricFilters", naming.log_streams_arn(stack, target.access_log_group))
    if target.alarms or target_alarms(target):
        allow(role, "cloudwatch:DescribeAlarms cloudwatch:DescribeAlarmHistory", "*")
    return role


def _allow_stage(role: iam.Role, stage: Stage) -> None:
    stack, api = cdk.Stack.of(role), stage.rest_api_id
    its_stage = naming.api_arn(stack, api, f"/stages/{stage.stage_name}")
    deployments = naming.api_arn(stack, api, "/deployments")
    allow(role, "apigateway:GET", *(naming.api_arn(stack, api, path) for path in READ), its_stage, deployments)
    allow(role, "apigateway:PATCH", its_stage)
    allow(role, "apigateway:POST", deployments)


def _allow_function(role: iam.Role, function: TargetFunction) -> None:
    """A call that names a version or alias as its qualifier is checked against that (docs/aws.md#qualified-arns).

    Whether that holds for an alias's policy nobody recorded, so both are allowed.
    """
    stack = cdk.Stack.of(role)
    itself = naming.function_arn(stack, function.name)
    allow(role, "lambda:GetAlias lambda:UpdateAlias lambda:ListVersionsByFunction", itself)
    allow(role, "lambda:GetFunctionConfiguration", naming.function_arn(stack, function.name, "*"))
    if function.canary:
        aliases = (naming.function_arn(stack, function.name, alias) for alias in (function.live, function.canary))
        allow(role, "lambda:GetPolicy", itself, *aliases)
