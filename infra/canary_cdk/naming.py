"""The fixed names, and the ARNs built from them.

They are fixed because separately deployed stacks must find each other without an export: a target's stack names the
controller's functions, a function's environment names the machine that calls it. Therefore there is one controller per account
and Region.
"""

from __future__ import annotations

import re

from aws_cdk import ArnFormat, Stack

FUNCTION_PREFIX = "canary-"
MACHINE = "canary-rollout"
MACHINE_LOG_GROUP = f"/aws/vendedlogs/states/{MACHINE}"
DEAD_LETTERS = "canary-dead-letters"
UNDELIVERED = "canary-undelivered-notifications"
CONTROLLER_PARAMETER = "/canary/controller"
TARGET_PREFIX = "/canary/targets/"
TROUBLES = "/canary/troubles"
CONTROLLER_TAG = "canary:controller"
TARGET_TAG = "canary:target"
METRICS_NAMESPACE = "CanaryController"
SERVICE = "canary"
"""The dimension `service` of the controller's own metrics, and the source of its events."""


def function_name(task: str) -> str:
    """The name of a task's function."""
    return f"{FUNCTION_PREFIX}{task}"


def module_name(task: str) -> str:
    """The module of `canary.tasks` that holds a task's handler."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", task).lower()


def function_arn(stack: Stack, name: str, qualifier: str | None = None) -> str:
    """The ARN of a function of this account and Region, or of its version or alias."""
    resource_name = name if qualifier is None else f"{name}:{qualifier}"
    return _colon_arn(stack, "lambda", "function", resource_name)


def machine_arn(stack: Stack, name: str = MACHINE) -> str:
    """The ARN of the rollout's state machine, or of the machines of this account and Region that match `name`."""
    return _colon_arn(stack, "states", "stateMachine", name)


def executions_arn(stack: Stack) -> str:
    """The ARNs of all executions of the rollout's state machine."""
    return _colon_arn(stack, "states", "execution", f"{MACHINE}:*")


def dead_letters_arn(stack: Stack) -> str:
    """The ARN of the queue for events that could not be delivered or handled."""
    return stack.format_arn(service="sqs", resource=DEAD_LETTERS)


def log_streams_arn(stack: Stack, log_group: str) -> str:
    """The ARNs of all streams of a log group."""
    return _colon_arn(stack, "logs", "log-group", f"{log_group}:*")


def log_groups_arn(stack: Stack) -> str:
    """The ARNs of all log groups of this account and Region, with their streams."""
    return _colon_arn(stack, "logs", "log-group", "*")


def stack_arn(stack: Stack) -> str:
    """The ARN of the stack by its name, with any id, for calls that name it by its name."""
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")


def parameter_arn(stack: Stack, name: str) -> str:
    """The ARN of an SSM parameter, whose name begins with a slash."""
    return stack.format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))


def api_arn(stack: Stack, rest_api_id: str, path: str = "") -> str:
    """The ARN that API Gateway uses in permissions to manage a REST API, or a part of it at `path`."""
    return stack.format_arn(service="apigateway", account="", resource=f"/restapis/{rest_api_id}{path}")


def gateway_account_arn(stack: Stack) -> str:
    """The ARN of API Gateway's settings of this account and Region, such as its role for logs."""
    return stack.format_arn(service="apigateway", account="", resource="/account")


def controller_role_path(stack: Stack) -> str:
    """The path of the controller's own roles, by which a target's role recognises them."""
    return f"/canary/controller/{stack.region}/"


def target_role_path(stack: Stack) -> str:
    """The path of the targets' roles, by which the controller's roles recognise them."""
    return f"/canary/target/{stack.region}/"


def roles_arn(stack: Stack, path: str) -> str:
    """The ARNs of all roles below a path that begins and ends with a slash."""
    return stack.format_arn(service="iam", region="", resource="role", resource_name=f"{path.removeprefix('/')}*")


def alarm_rule_name(target: str, number: int = 1) -> str:
    """The name of a rule for a target's alarms; a target with many alarms has several rules, counted from 1.

    No target's name has a dot, so a numbered rule never has the name of another target's rule.
    """
    return f"canary-{target}-alarms" if number == 1 else f"canary-{target}.{number}-alarms"


def alarm_rules_arn(stack: Stack) -> str:
    """The ARNs of the rules for targets' alarms."""
    return stack.format_arn(service="events", resource="rule", resource_name=alarm_rule_name("*"))


def _colon_arn(stack: Stack, service: str, resource: str, resource_name: str) -> str:
    return stack.format_arn(
        service=service, resource=resource, resource_name=resource_name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
