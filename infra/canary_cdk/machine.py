"""The state machine: the YAML inlined, with each placeholder replaced by the ARN of a published version.

A running execution keeps the definition it started with, so it keeps calling the versions named there. That is why versions are
retained, and why the machine's role may call every version. This module does not know what a state does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from canary_cdk import naming
from canary_cdk.functions import XRAY_ACTIONS
from canary_cdk.permissions import allow, explain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_cdk import aws_lambda as lambda_

SAMPLING_ACTIONS = frozenset({"xray:GetSamplingRules", "xray:GetSamplingTargets"})
DELIVERY_ACTIONS = frozenset(
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
)


INTEGRATION = "arn:aws:states:::"
"""The prefix of a service integration in the definition, which is written for the commercial partition, as editors expect."""


class RolloutMachine(Construct):
    """The state machine with its role and its log group; `versions` by the name of the Task that calls them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        definition: Mapping[str, Any],
        versions: Mapping[str, lambda_.IVersion],
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            path=naming.controller_role_path(cdk.Stack.of(self)),
            assumed_by=_own_machines(cdk.Stack.of(self)),
            description="What the canary controller's state machine may do",
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=naming.MACHINE,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(_of_any_partition(definition)),
            definition_substitutions={f"{task}Arn": version.function_arn for task, version in versions.items()},
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._log(log_retention), level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        _allow_calls(role, versions)

    def _log(self, retention: logs.RetentionDays) -> logs.LogGroup:
        """A name under /aws/vendedlogs/ keeps the log's resource policy short (docs/aws.md#vended-logs)."""
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=naming.MACHINE_LOG_GROUP,
            retention=retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


def _of_any_partition(definition: Mapping[str, Any]) -> str:
    """The definition as JSON, with integrations in the partition of the deployment (docs/aws.md#partitions)."""
    return json.dumps(definition).replace(INTEGRATION, f"arn:{cdk.Aws.PARTITION}:states:::")


def _own_machines(stack: cdk.Stack) -> iam.PrincipalBase:
    """Step Functions, for machines of this account and Region (docs/aws.md#confused-deputy)."""
    return iam.ServicePrincipal("states.amazonaws.com").with_conditions(
        {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": naming.machine_arn(stack, "*")},
        }
    )


def _allow_calls(role: iam.Role, versions: Mapping[str, lambda_.IVersion]) -> None:
    stack = cdk.Stack.of(role)
    arns = [naming.function_arn(stack, naming.function_name(task), "*") for task in versions]
    allow(role, "lambda:InvokeFunction", *arns)
    explain(role, XRAY_ACTIONS | SAMPLING_ACTIONS | DELIVERY_ACTIONS, "*")
