"""The reason for every exception in the templates, in one list: resource wildcards, and rules of cdk-nag.

A statement with a wildcard that has no entry here cannot be created (`permissions.allow`), and tests find unused entries. The
list has no action wildcards, because there are none. This module words the reasons and does not know who needs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from constructs import Construct

NAG = "AwsSolutions"
NAME = r"(?:[\w.-]|<[^>]+>)+"
"""A name, or a reference to one."""


class ReasonMissingError(Exception):
    """A statement with a wildcard, or a rule of cdk-nag, for which there is no reason in the list."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Why these actions are allowed on more than one resource.

    ``resource`` is a regular expression for what follows the account in an ARN, or for `*` alone.
    """

    actions: frozenset[str]
    resource: str
    reason: str

    def covers(self, action: str, resource: str) -> bool:
        """Whether this reason covers that action on that resource, an ARN as `permissions.readable` writes it."""
        return action in self.actions and re.fullmatch(self.resource, _below_account(resource)) is not None


def _wildcard(actions: str, resource: str, reason: str) -> Wildcard:
    return Wildcard(frozenset(actions.split()), resource, reason)


WILDCARDS = (
    _wildcard(
        "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets",
        r"\*",
        "X-Ray's actions have no resources to name; every traced function and state machine needs them",
    ),
    _wildcard(
        "logs:CreateLogDelivery logs:GetLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery logs:ListLogDeliveries "
        "logs:PutResourcePolicy logs:DescribeResourcePolicies logs:DescribeLogGroups",
        r"\*",
        "Step Functions logs through a log delivery, and CloudWatch Logs has no resources for deliveries",
    ),
    _wildcard(
        "logs:CreateLogStream logs:PutLogEvents",
        r"log-group:/aws/lambda/canary-\w+:\*",
        "Lambda names the streams of a function's own log group",
    ),
    _wildcard(
        "logs:DescribeMetricFilters logs:StartQuery",
        rf"log-group:(?:{NAME}|[/#])+:\*",
        "a log group's ARN ends in :* for every action except those on tags",
    ),
    _wildcard(
        "lambda:InvokeFunction",
        r"function:canary-\w+:\*",
        "a running execution keeps calling the versions it started with after newer ones are published",
    ),
    _wildcard(
        "states:DescribeExecution states:GetExecutionHistory",
        r"execution:canary-rollout:\*",
        "executions are named when they start; these are the executions of one state machine",
    ),
    _wildcard(
        "states:StopExecution",
        r"execution:canary-rollout:\*",
        "an abort, a newer start, or a drill stops whichever execution owns the rollout; an abort also one that still checks",
    ),
    _wildcard(
        "ssm:GetParameter",
        r"parameter/canary/targets/\*",
        "targets are deployed after the controller, each with its parameter below this path",
    ),
    _wildcard(
        "ssm:PutParameter ssm:DeleteParameter",
        r"parameter/canary/troubles/\*",
        "what was reported while records were unusable is kept per target, and targets are deployed after the controller",
    ),
    _wildcard(
        "s3:PutObject s3:GetObject",
        r"<\w+\.Arn>/\*",
        "a report's key is its rollout's name; these are the objects of the bucket of reports",
    ),
    _wildcard(
        "sts:AssumeRole",
        rf"role/canary/target/{NAME}/\*",
        "targets are deployed after the controller, each with a role below this path that trusts the controller's",
    ),
    _wildcard(
        "apigateway:GET",
        rf"/restapis/{NAME}/deployments/\*",
        "a release may name any deployment of this API by its id; it is only read",
    ),
    _wildcard(
        "apigateway:GET",
        rf"/restapis/{NAME}/stages/\*/exports/oas30",
        "what a named deployment holds is shown only by the stage of this API that serves it; it is only read",
    ),
    _wildcard(
        "lambda:GetFunctionConfiguration",
        rf"function:{NAME}:\*",
        "a release names a version of this function that is published later; it is only read",
    ),
    _wildcard(
        "lambda:ListEventSourceMappings",
        r"\*",
        "Lambda has no resource for listing event sources; it is asked for the function's live alias only",
    ),
    _wildcard(
        "cloudwatch:GetMetricData cloudwatch:PutMetricData",
        r"\*",
        "CloudWatch has no resources for metrics",
    ),
    _wildcard(
        "apigateway:GET",
        r"/restapis/\*/stages(?:/\*/exports/oas30)?",
        "only the stages of the APIs that may call a function show whether a deployment still does; they are only read",
    ),
    _wildcard(
        "tag:GetResources",
        r"\*",
        "tags are searched in the whole account and Region; functions that left a stack are found by the stack's own tag",
    ),
    _wildcard(
        "lambda:GetPolicy",
        r"function:\*",
        "a function that left the stack is in no template; its aliases' policies are only read",
    ),
    _wildcard(
        "lambda:DeleteFunction lambda:GetFunctionConfiguration lambda:ListAliases lambda:DeleteAlias lambda:RemovePermission",
        r"function:\*",
        "a function that left the stack is in no template; the statement's condition requires the stack's own tag",
    ),
    _wildcard(
        "iam:ListRoleTags iam:ListRolePolicies iam:ListAttachedRolePolicies iam:DeleteRolePolicy iam:DetachRolePolicy "
        "iam:DeleteRole",
        r"role/\*",
        "the role of a function that left the stack is in no template; the statement's condition requires the stack's own tag",
    ),
    _wildcard(
        "cloudformation:DescribeStacks",
        rf"stack/{NAME}/\*",
        "people name the controller's stack by its name, and CloudFormation gives each stack of that name another id",
    ),
    _wildcard(
        "lambda:GetAlias lambda:GetFunctionConfiguration lambda:GetPolicy lambda:ListVersionsByFunction",
        r"function:\*",
        "targets are deployed after the controller, and people see what a start checks of their functions; it is only read",
    ),
    _wildcard(
        "apigateway:GET",
        r"/restapis/\*",
        "targets are deployed after the controller, and people see what a start checks of their APIs; it is only read",
    ),
    _wildcard(
        "cloudwatch:DescribeAlarms cloudwatch:DescribeAlarmHistory",
        r"\*",
        "composite alarms are described only to callers that may describe all alarms",
    ),
    _wildcard(
        "logs:DescribeLogGroups logs:DescribeMetricFilters logs:StartQuery",
        r"log-group:\*",
        "targets are deployed after the controller, and their access-log groups have any names; people ask them and the "
        "functions' groups what failed",
    ),
    _wildcard(
        "logs:GetQueryResults logs:StopQuery",
        r"\*",
        "CloudWatch Logs has no resources for queries; what a query may read is decided when it starts",
    ),
)

RULES = {
    "AwsSolutions-L1": "the runtime is the newest that is tested with the locked packages, and is updated with them",
    "AwsSolutions-S1": "only the controller writes to the bucket of reports; a trail's data events show who reads which object",
    "AwsSolutions-SQS3": "this queue is itself the dead-letter queue",
}
"""By rule of cdk-nag, why its findings are accepted."""


def reason_for(action: str, resource: str) -> str:
    """The reason of the first entry that covers the action on the resource.

    Raises:
        ReasonMissingError: no entry does.

    """
    for wildcard in WILDCARDS:
        if wildcard.covers(action, resource):
            return wildcard.reason
    raise ReasonMissingError(f"{action} is allowed on {resource} without a reason; name the resource, or add one to reasons.py")


def acknowledge_wildcard(construct: Construct, actions: frozenset[str], resource: str) -> None:
    """Tell cdk-nag why a role of the construct may do this to more than one resource."""
    reasons = dict.fromkeys(reason_for(action, resource) for action in sorted(actions))
    _acknowledge(construct, f"{NAG}-IAM5[Resource::{resource}]", " -- ".join(reasons))


def acknowledge_rule(construct: Construct, rule: str) -> None:
    """Tell cdk-nag why the construct does not follow the rule.

    Raises:
        ReasonMissingError: the list has no reason for the rule.

    """
    if rule not in RULES:
        raise ReasonMissingError(f"there is no reason for {rule}; follow the rule, or add a reason to reasons.py")
    _acknowledge(construct, rule, RULES[rule])


def _acknowledge(construct: Construct, finding: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def _below_account(resource: str) -> str:
    """What follows the account in an ARN whose pseudo parameters are written `<AWS::Region>`; else the text as it is."""
    parts = re.split(r":(?![^<]*>)", resource, maxsplit=5)
    return parts[5] if len(parts) == 6 else resource  # noqa: PLR2004 - an ARN's parts
