"""What the controller may do to one target: to its stage and functions, and the read calls that AWS cannot narrow.

There is one role per target, which the controller's functions assume for everything they do to it, so no policy grows with the
fleet. The permissions match the calls of `canary.aws`; when these are made is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from canary.rules.failures.query import FUNCTION_LOGS, MOST_GROUPS
from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import target_alarms
from canary_cdk import naming
from canary_cdk.permissions import allow, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from constructs import Construct

    from canary.rules.targets.target import Stage, Target, TargetFunction


DEFINITION = ("", "/resources", "/authorizers", "/gatewayresponses", "/models", "/requestvalidators")
"""The paths below an API from which its definition is read (docs/aws.md#definition-shape)."""

READ = (*DEFINITION, "/stages", "/stages/*/exports/oas30", "/deployments/*")


IN_THE_ROLE = 6
"""How many functions fit into the role's own policy besides the rest, whatever their names."""

MOST_POLICIES = 10
ROOM_FOR_ARNS = 5_600
"""How many of a managed policy's 6,144 characters ARNs may use; the rest takes about four hundred (docs/aws.md#policy-size)."""

LONGEST_NAME = 64
LONGEST_PLACE = len('"arn:aws-us-gov:lambda:ap-southeast-1:123456789012:function:",')
LONGEST_LOG_PLACE = len('"arn:aws-us-gov:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/:*",')


class TooManyFunctionsError(ValueError):
    """The app's fault: the permissions for the target do not fit into one role."""


def target_role(scope: Construct, target: Target) -> iam.Role:
    """The role, which trusts only the controller's own roles of this account and Region (docs/aws.md#principal-arn).

    Raises:
        TooManyFunctionsError: the permissions for the target's functions do not fit into one role.

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
    if target.access_log_group:
        allow(role, "logs:StartQuery", naming.log_streams_arn(stack, target.access_log_group))
    allow(role, "logs:GetQueryResults logs:StopQuery", "*")
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
    """Allow the first functions in the role's own policy, the others in as few managed policies as possible.

    CDK would split a large policy by an estimate of its size, possibly into more policies than a role can have.

    Raises:
        TooManyFunctionsError: there would be more policies than a role can have.

    """
    queried = {one.name for one in target.functions[:MOST_GROUPS]}
    for statement in _statements(role, target.functions[:IN_THE_ROLE], queried):
        allow(role, *statement)
    packed = [*_pack(target.functions[IN_THE_ROLE:], queried)]
    if len(packed) > MOST_POLICIES:
        raise TooManyFunctionsError(
            f"target {target.name} has {len(target.functions)} functions, which need {len(packed)} managed policies of its "
            f"role, and IAM attaches at most {MOST_POLICIES}; give it fewer functions, or functions with shorter names"
        )
    for number, functions in enumerate(packed, start=1):
        policy = iam.ManagedPolicy(
            role,
            f"Functions{number}",
            roles=[role],
            description=f"What the canary controller may do to more functions of the target {target.name}",
        )
        for actions, *resources in _statements(role, functions, queried):
            policy.add_statements(iam.PolicyStatement(actions=actions.split(), resources=resources))
            for resource in resources:
                explain(policy, frozenset(actions.split()), resource)


def _statements(role: iam.Role, functions: Sequence[TargetFunction], queried: AbstractSet[str]) -> Iterator[tuple[str, ...]]:
    """Statements: the actions, then their resources. `queried` are the functions whose logs a query reaches.

    A call that names a version or alias as its qualifier is checked against its ARN (docs/aws.md#qualified-arns). It is not
    recorded whether that is so for reading an alias's policy, so the function's ARN and the alias's are both allowed.
    """
    stack = cdk.Stack.of(role)
    if not functions:
        return
    themselves = [naming.function_arn(stack, one.name) for one in functions]
    yield ("lambda:GetAlias lambda:UpdateAlias lambda:ListVersionsByFunction", *themselves)
    yield ("lambda:GetFunctionConfiguration", *(naming.function_arn(stack, one.name, "*") for one in functions))
    if groups := [naming.log_streams_arn(stack, f"{FUNCTION_LOGS}{one.name}") for one in functions if one.name in queried]:
        yield ("logs:StartQuery", *groups)
    behind = [(one.name, (one.live, one.canary)) for one in functions if one.canary]
    if behind:
        arns = (naming.function_arn(stack, name, alias) for name, aliases in behind for alias in (None, *aliases))
        yield ("lambda:GetPolicy", *arns)


def _pack(functions: Sequence[TargetFunction], queried: AbstractSet[str]) -> Iterator[list[TargetFunction]]:
    """The functions in groups, each as large as fits into a managed policy (docs/aws.md#policy-size)."""
    packed: list[TargetFunction] = []
    for one in functions:
        if packed and sum(_written(each, queried) for each in (*packed, one)) > ROOM_FOR_ARNS:
            yield packed
            packed = []
        packed.append(one)
    if packed:
        yield packed


def _written(function: TargetFunction, queried: AbstractSet[str]) -> int:
    """The most characters that a function's ARNs take in a policy; a name that only CloudFormation knows counts as 64."""
    name = LONGEST_NAME if cdk.Token.is_unresolved(function.name) else len(function.name)
    qualifiers = [0, 2] if function.canary is None else [0, 2, 0, len(function.live) + 1, len(function.canary) + 1]
    log = LONGEST_LOG_PLACE + name if function.name in queried else 0
    return sum(LONGEST_PLACE + name + qualifier for qualifier in qualifiers) + log
