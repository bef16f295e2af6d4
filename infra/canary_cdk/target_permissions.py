"""What the controller may do to one target: that stage, those functions, and the readings that AWS cannot narrow.

One role a target, which the controller's functions assume for everything they do to it, so no policy grows with the fleet.
Follows the calls of `canary.aws` and knows nothing of when they are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import target_alarms
from canary_cdk import naming
from canary_cdk.permissions import allow, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import Construct

    from canary.rules.targets.target import Stage, Target, TargetFunction


DEFINITION = ("", "/resources", "/authorizers", "/gatewayresponses", "/models", "/requestvalidators")
"""Below an API, what its definition is read from (docs/aws.md#definition-shape)."""

READ = (*DEFINITION, "/stages", "/stages/*/exports/oas30", "/deployments/*")


IN_THE_ROLE = 6
"""Functions that the role's own policy has room for beside the rest, whatever their names."""

MOST_POLICIES = 10
ROOM_FOR_ARNS = 5_600
"""Of the 6,144 characters of a managed policy; its other words take about four hundred (docs/aws.md#policy-size)."""

LONGEST_NAME = 64
LONGEST_PLACE = len('"arn:aws-us-gov:lambda:ap-southeast-1:123456789012:function:",')


class TooManyFunctionsError(ValueError):
    """The app's fault: no role could be allowed what the controller does to the target."""


def target_role(scope: Construct, target: Target) -> iam.Role:
    """The role, which trusts the controller's own roles of this account and Region and nobody else (docs/aws.md#principal-arn).

    Raises:
        TooManyFunctionsError: the target has more functions than a role can be allowed.

    """
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
    _allow_functions(role, target)
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


def _allow_functions(role: iam.Role, target: Target) -> None:
    """The first ones in the role's own policy, the others in managed policies of the role, as few as there must be.

    CDK would split a large policy by a guess of its size, into more policies than a role can have.

    Raises:
        TooManyFunctionsError: there would be more policies than a role can have.

    """
    for statement in _statements(role, target.functions[:IN_THE_ROLE]):
        allow(role, *statement)
    packed = [*_pack(target.functions[IN_THE_ROLE:])]
    if len(packed) > MOST_POLICIES:
        raise TooManyFunctionsError(
            f"target {target.name} has {len(target.functions)} functions, which take {len(packed)} managed policies of its "
            f"role, and IAM attaches {MOST_POLICIES}; give it fewer functions, or functions with shorter names"
        )
    for number, functions in enumerate(packed, start=1):
        policy = iam.ManagedPolicy(
            role,
            f"Functions{number}",
            roles=[role],
            description=f"What the canary controller may do to more functions of the target {target.name}",
        )
        for actions, *resources in _statements(role, functions):
            policy.add_statements(iam.PolicyStatement(actions=actions.split(), resources=resources))
            for resource in resources:
                explain(policy, frozenset(actions.split()), resource)


def _statements(role: iam.Role, functions: Sequence[TargetFunction]) -> Iterator[tuple[str, ...]]:
    """Actions, then their resources.

    A call that names a version or alias as its qualifier is checked against that (docs/aws.md#qualified-arns). Whether that
    holds for an alias's policy nobody recorded, so both are allowed.
    """
    stack = cdk.Stack.of(role)
    if not functions:
        return
    themselves = [naming.function_arn(stack, one.name) for one in functions]
    yield ("lambda:GetAlias lambda:UpdateAlias lambda:ListVersionsByFunction", *themselves)
    yield ("lambda:GetFunctionConfiguration", *(naming.function_arn(stack, one.name, "*") for one in functions))
    behind = [(one.name, (one.live, one.canary)) for one in functions if one.canary]
    if behind:
        arns = (naming.function_arn(stack, name, alias) for name, aliases in behind for alias in (None, *aliases))
        yield ("lambda:GetPolicy", *arns)


def _pack(functions: Sequence[TargetFunction]) -> Iterator[list[TargetFunction]]:
    """As many functions together as a managed policy has room for (docs/aws.md#policy-size)."""
    packed: list[TargetFunction] = []
    for one in functions:
        if packed and sum(map(_written, [*packed, one])) > ROOM_FOR_ARNS:
            yield packed
            packed = []
        packed.append(one)
    if packed:
        yield packed


def _written(function: TargetFunction) -> int:
    """The characters of a function's ARNs in a policy, at most; a name that only CloudFormation knows may have 64."""
    name = LONGEST_NAME if cdk.Token.is_unresolved(function.name) else len(function.name)
    qualifiers = [0, 2] if function.canary is None else [0, 2, 0, len(function.live) + 1, len(function.canary) + 1]
    return sum(LONGEST_PLACE + name + qualifier for qualifier in qualifiers)
