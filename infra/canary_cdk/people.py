"""What people and pipelines may be given: one managed policy a duty, so that IAM tells who may do what.

    reader      see rollouts: the records, the reports, the executions, the targets, what they serve, what failed in their logs,
                and the dashboard's widget, which runs as whoever looks at it; change nothing
    starter     start an execution: a rollout, or a parked rollout's next step
    operator    call OperateRollout: abort, rollback, revert, pause, resume, note; no start
    authorizer  call AuthorizeRollout: promote before the steps are over, start below a target's floor
    driller     stop an execution, and write metrics: what a drill does besides starting and aborting rollouts

None contains another: attach all that someone needs. Their names carry the Region, because IAM has one space of names for all
Regions. Nothing of the controller uses them.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from canary.rules.rollouts.rollout import OPEN_INDEX
from canary_cdk import naming
from canary_cdk.functions import AUTHORIZER, OPERATOR, WIDGET
from canary_cdk.permissions import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_s3 as s3


class Duty(enum.StrEnum):
    """What someone does with rollouts."""

    READER = "reader"
    STARTER = "starter"
    OPERATOR = "operator"
    AUTHORIZER = "authorizer"
    DRILLER = "driller"


DESCRIPTIONS: Mapping[Duty, str] = MappingProxyType(
    {
        Duty.READER: "See the canary controller's rollouts",
        Duty.STARTER: "Start rollouts of the canary controller, and advance parked ones",
        Duty.OPERATOR: "Abort, pause, resume and revert rollouts of the canary controller",
        Duty.AUTHORIZER: "Promote rollouts of the canary controller early, and start them below a floor",
        Duty.DRILLER: "Stop executions of the canary controller and write metrics, as drills do",
    }
)


class DutyPolicies(Construct):
    """The managed policies, by duty."""

    def __init__(self, scope: Construct, construct_id: str, *, table: dynamodb.ITable, reports: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        self._reports = reports
        self.policies: Mapping[Duty, iam.ManagedPolicy] = MappingProxyType({duty: self._policy(duty, table) for duty in Duty})

    def _policy(self, duty: Duty, table: dynamodb.ITable) -> iam.ManagedPolicy:
        stack = cdk.Stack.of(self)
        policy = iam.ManagedPolicy(
            self, duty.capitalize(), managed_policy_name=policy_name(stack, duty), description=DESCRIPTIONS[duty]
        )
        for actions, resource in _statements(stack, duty, table, self._reports):
            named = actions.split()
            policy.add_statements(iam.PolicyStatement(actions=named, resources=[resource]))
            explain(policy, frozenset(named), resource)
        return policy


def policy_name(stack: cdk.Stack, duty: Duty) -> str:
    """The name of a duty's managed policy in the stack's Region."""
    return f"canary-{duty}-{stack.region}"


def _statements(stack: cdk.Stack, duty: Duty, table: dynamodb.ITable, reports: s3.IBucket) -> tuple[tuple[str, str], ...]:
    """Actions (separated by spaces) and their resource."""
    targets = naming.TARGET_PREFIX.rstrip("/")
    match duty:
        case Duty.READER:
            return (
                ("dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query dynamodb:Scan", table.table_arn),
                ("dynamodb:Scan", f"{table.table_arn}/index/{OPEN_INDEX}"),
                ("states:DescribeExecution states:GetExecutionHistory", naming.executions_arn(stack)),
                ("states:ListExecutions", naming.machine_arn(stack)),
                ("ssm:GetParametersByPath", naming.parameter_arn(stack, targets)),
                ("ssm:GetParameter", naming.parameter_arn(stack, f"{targets}/*")),
                ("ssm:GetParameter", naming.parameter_arn(stack, naming.CONTROLLER_PARAMETER)),
                ("cloudformation:DescribeStacks", naming.stack_arn(stack)),
                ("lambda:GetAlias lambda:GetFunctionConfiguration lambda:GetPolicy", naming.function_arn(stack, "*")),
                ("lambda:ListVersionsByFunction", naming.function_arn(stack, "*")),
                ("lambda:ListEventSourceMappings", "*"),
                ("apigateway:GET", naming.api_arn(stack, "*")),
                ("apigateway:GET", naming.gateway_account_arn(stack)),
                ("cloudwatch:DescribeAlarms cloudwatch:GetMetricData", "*"),
                ("logs:DescribeLogGroups logs:DescribeMetricFilters", naming.log_groups_arn(stack)),
                ("logs:StartQuery", naming.log_groups_arn(stack)),
                ("logs:GetQueryResults logs:StopQuery", "*"),
                # The list shows whether a report is there (docs/aws.md#missing-objects).
                ("s3:GetObject", reports.arn_for_objects("*")),
                ("s3:ListBucket", reports.bucket_arn),
                ("lambda:InvokeFunction", naming.function_arn(stack, naming.function_name(WIDGET))),
            )
        case Duty.STARTER:
            return (("states:StartExecution", naming.machine_arn(stack)),)
        case Duty.OPERATOR:
            return (("lambda:InvokeFunction", naming.function_arn(stack, naming.function_name(OPERATOR))),)
        case Duty.AUTHORIZER:
            return (("lambda:InvokeFunction", naming.function_arn(stack, naming.function_name(AUTHORIZER))),)
        case Duty.DRILLER:
            return (("states:StopExecution", naming.executions_arn(stack)), ("cloudwatch:PutMetricData", "*"))
        case _:
            assert_never(duty)
