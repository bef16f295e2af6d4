"""The controller's functions: what each may do, its size, and the code they share.

The tables decide everything: a task has exactly the permissions of its row, and a task without a row stops the synth.
Everything that is done to a target needs the target's own role, which these roles may assume. This module does not know what
calls a function.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

import canary
from canary.rules.rollouts.rollout import OPEN_INDEX
from canary_cdk import naming
from canary_cdk.packages import packages_folder
from canary_cdk.permissions import allow, explain
from canary_cdk.reasons import acknowledge_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64

XRAY_ACTIONS = frozenset({"xray:PutTraceSegments", "xray:PutTelemetryRecords"})

GUARD, SWEEPER, OPERATOR, AUTHORIZER = "GuardRollout", "SweepTargets", "OperateRollout", "AuthorizeRollout"
LISTENER, DELETION_GUARD, MESSENGER = "HearAlarm", "GuardDeletion", "SendNotification"
KEEPER, WIDGET = "KeepReport", "ShowRollouts"
BESIDE_THE_MACHINE = (GUARD, SWEEPER, OPERATOR, AUTHORIZER, LISTENER, DELETION_GUARD, MESSENGER, KEEPER, WIDGET)
"""The functions that no state of the machine calls. The others are its Task states."""


class May(enum.Flag):
    """What a function may do besides logging and tracing."""

    READ_RECORDS = enum.auto()
    READ_LOOKS = enum.auto()
    LIST_OPEN = enum.auto()
    WRITE_RECORDS = enum.auto()
    CHECK_RECORDS = enum.auto()
    READ_TARGET = enum.auto()
    LIST_TARGETS = enum.auto()
    ACT_ON_TARGET = enum.auto()
    SEE_EXECUTIONS = enum.auto()
    STOP_EXECUTIONS = enum.auto()
    START_EXECUTIONS = enum.auto()
    LIST_EXECUTIONS = enum.auto()
    READ_CONTROLLER = enum.auto()
    LIST_TROUBLES = enum.auto()
    NOTE_TROUBLES = enum.auto()
    CALL_SWEEPER = enum.auto()
    TELL = enum.auto()


_ROLL_OUT = May.READ_RECORDS | May.WRITE_RECORDS | May.CHECK_RECORDS | May.ACT_ON_TARGET
_TAKE_OVER = _ROLL_OUT | May.TELL
_STOP_AND_BEGIN = May.SEE_EXECUTIONS | May.STOP_EXECUTIONS | May.LIST_EXECUTIONS | May.START_EXECUTIONS
_AUTHORIZE = May.START_EXECUTIONS | May.READ_CONTROLLER
_GO_WITHOUT_RECORDS = May.READ_TARGET | May.LIST_EXECUTIONS | May.READ_CONTROLLER | May.LIST_TROUBLES | May.NOTE_TROUBLES

MAY: Mapping[str, May] = MappingProxyType(
    {
        "AdvanceRollout": May.READ_RECORDS | May.WRITE_RECORDS | May.READ_TARGET | May.LIST_TARGETS | May.TELL,
        "CheckRelease": May.READ_RECORDS | May.ACT_ON_TARGET | May.READ_TARGET | May.LIST_TARGETS | May.TELL,
        "ReplaceRollout": _TAKE_OVER | May.SEE_EXECUTIONS | May.STOP_EXECUTIONS,
        "TakeLock": May.READ_RECORDS | May.WRITE_RECORDS | May.TELL,
        "PrepareRelease": _ROLL_OUT,
        "ShiftTraffic": _ROLL_OUT | May.TELL,
        "EvaluateCanary": _ROLL_OUT | May.TELL,
        "ParkRollout": May.READ_RECORDS | May.WRITE_RECORDS | May.TELL,
        "TakeAllTraffic": _ROLL_OUT,
        "CheckDrain": _ROLL_OUT,
        "MoveBase": _ROLL_OUT,
        "FlipStage": _ROLL_OUT,
        "CleanUp": _ROLL_OUT | May.TELL,
        "WatchPromotion": _ROLL_OUT | May.TELL,
        "MakeSafe": _ROLL_OUT | May.TELL,
        GUARD: _TAKE_OVER | May.SEE_EXECUTIONS | May.LIST_OPEN,
        SWEEPER: _TAKE_OVER | May.SEE_EXECUTIONS | May.LIST_OPEN | May.LIST_TARGETS | May.CALL_SWEEPER | _GO_WITHOUT_RECORDS,
        OPERATOR: _TAKE_OVER | _STOP_AND_BEGIN | May.READ_TARGET | May.LIST_TARGETS,
        AUTHORIZER: May.READ_RECORDS | May.WRITE_RECORDS | May.ACT_ON_TARGET | May.READ_TARGET | May.LIST_TARGETS | _AUTHORIZE,
        LISTENER: _TAKE_OVER | May.LIST_OPEN,
        DELETION_GUARD: May.READ_RECORDS | May.ACT_ON_TARGET | May.LIST_TARGETS,
        # The messenger also publishes to its topics (notifications.py), and the keeper writes to its bucket (reports.py).
        MESSENGER: May.READ_RECORDS | May.READ_LOOKS | May.ACT_ON_TARGET,
        KEEPER: May.READ_RECORDS | May.READ_LOOKS | May.WRITE_RECORDS | May.ACT_ON_TARGET,
        WIDGET: May.READ_RECORDS | May.LIST_OPEN | May.READ_LOOKS | May.LIST_TARGETS,
    }
)
"""For each function, which of the shared permissions its code needs."""


MEMORY_MB = 512
"""Chosen for the processor time that comes with it; measured in docs/decisions/0011-one-size-for-all-functions.md."""

TIMEOUT = cdk.Duration.seconds(60)
"""At most the time that a pass waits for a late writer, because a function may write until its timeout. It is enough for the
calls that are counted on the same page."""


class DutiesMissingError(Exception):
    """A Task of the state machine has no row in the table of permissions."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all functions have in common."""

    code: lambda_.Code
    layer: lambda_.ILayerVersion
    table: dynamodb.ITable
    log_retention: logs.RetentionDays
    retention_days: int


class TaskFunction(Construct):
    """One function with its role and its log group; `construct_id` is the task's name."""

    def __init__(self, scope: Construct, construct_id: str, *, shared: Shared, reserved_concurrency: int | None = None) -> None:
        super().__init__(scope, construct_id)
        stack, group = cdk.Stack.of(self), f"/aws/lambda/{naming.function_name(construct_id)}"
        self.role = iam.Role(
            self,
            "Role",
            path=naming.controller_role_path(stack),
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the canary controller's function {construct_id} may do",
        )
        allow(self.role, "logs:CreateLogStream logs:PutLogEvents", naming.log_streams_arn(stack, group))
        _allow_duties(self.role, _duties(construct_id), shared.table)
        log = logs.LogGroup(
            self, "Log", log_group_name=group, retention=shared.log_retention, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self.function = self._function(shared, log, reserved_concurrency)

    def _function(self, shared: Shared, log: logs.LogGroup, reserved_concurrency: int | None) -> lambda_.Function:
        task = self.node.id
        acknowledge_rule(self, "AwsSolutions-L1")
        explain(self.role, XRAY_ACTIONS, "*")
        return lambda_.Function(
            self,
            "Function",
            function_name=naming.function_name(task),
            description=f"Canary controller: {task}",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=f"canary.tasks.{naming.module_name(task)}.handler",
            code=shared.code,
            layers=[shared.layer],
            role=self.role,
            log_group=log,
            environment=_environment(task, shared),
            memory_size=MEMORY_MB,
            timeout=TIMEOUT,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=reserved_concurrency,
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
        )


def shared_code() -> lambda_.Code:
    """The package `canary` alone, from wherever it is installed."""
    return lambda_.Code.from_asset(
        str(Path(canary.__path__[0]).parent),
        exclude=["*", "!canary", "!canary/**", "__pycache__"],
        ignore_mode=cdk.IgnoreMode.GIT,
    )


def packages_layer(scope: Construct) -> lambda_.ILayerVersion:
    """The packages that the functions import, as a layer of this stack (docs/aws.md#layers)."""
    return lambda_.LayerVersion(
        scope,
        "Packages",
        code=lambda_.Code.from_asset(str(packages_folder())),
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[ARCHITECTURE],
        description="What the canary controller's functions import: Powertools for AWS Lambda and pydantic",
    )


def knows_reports(task: str) -> bool:
    """Whether a function must know where reports are kept: it keeps them, tells of ends, or is read by the command `canary`."""
    return task in {KEEPER, OPERATOR} or May.TELL in _duties(task)


def _duties(task: str) -> May:
    if task not in MAY:
        raise DutiesMissingError(f"the task {task} has no row in functions.MAY; add one with what its code calls")
    return MAY[task]


def _environment(task: str, shared: Shared) -> dict[str, str]:
    return {
        "CANARY_TASK": task,
        "CANARY_TABLE": shared.table.table_name,
        "CANARY_TARGET_PREFIX": naming.TARGET_PREFIX,
        "CANARY_RETENTION_DAYS": str(shared.retention_days),
        "CANARY_VERSION": canary.__version__,
    }


def _allow_duties(role: iam.Role, duties: May, table: dynamodb.ITable) -> None:
    stack = cdk.Stack.of(role)
    targets = naming.TARGET_PREFIX.rstrip("/")
    grants = {
        May.READ_RECORDS: ("dynamodb:BatchGetItem", table.table_arn),
        May.READ_LOOKS: ("dynamodb:Query", table.table_arn),
        May.LIST_OPEN: ("dynamodb:Scan", f"{table.table_arn}/index/{OPEN_INDEX}"),
        May.WRITE_RECORDS: ("dynamodb:PutItem", table.table_arn),
        May.CHECK_RECORDS: ("dynamodb:ConditionCheckItem", table.table_arn),
        May.READ_TARGET: ("ssm:GetParameter", naming.parameter_arn(stack, f"{targets}/*")),
        May.LIST_TARGETS: ("ssm:GetParametersByPath", naming.parameter_arn(stack, targets)),
        May.ACT_ON_TARGET: ("sts:AssumeRole", naming.roles_arn(stack, naming.target_role_path(stack))),
        May.SEE_EXECUTIONS: ("states:DescribeExecution", naming.executions_arn(stack)),
        May.STOP_EXECUTIONS: ("states:StopExecution", naming.executions_arn(stack)),
        May.START_EXECUTIONS: ("states:StartExecution", naming.machine_arn(stack)),
        May.LIST_EXECUTIONS: ("states:ListExecutions", naming.machine_arn(stack)),
        May.READ_CONTROLLER: ("ssm:GetParameter", naming.parameter_arn(stack, naming.CONTROLLER_PARAMETER)),
        May.LIST_TROUBLES: ("ssm:GetParametersByPath", naming.parameter_arn(stack, naming.TROUBLES)),
        May.NOTE_TROUBLES: (
            "ssm:PutParameter ssm:DeleteParameter",
            naming.parameter_arn(stack, f"{naming.TROUBLES}/*"),
        ),
        May.CALL_SWEEPER: ("lambda:InvokeFunction", naming.function_arn(stack, naming.function_name(SWEEPER))),
        May.TELL: ("events:PutEvents", stack.format_arn(service="events", resource="event-bus", resource_name="default")),
    }
    for duty in duties:
        allow(role, *grants[duty])
