"""What AWS's services do with a role that they were given, and its policies have to allow: write logs and traces.

Nobody asks for these calls, so no request shows them. A function that may not write its log runs all the same and its lines
are lost; a state machine that may not is not made (docs/aws.md#machine-log-permissions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.iam.identity import Principal
from embedded_aws.iam.permission_needs import log_stream_arn
from embedded_aws.iam.permissions import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from embedded_aws.awslambda.version import FunctionVersion
    from embedded_aws.iam.permissions import Permissions
    from embedded_aws.wire.connection import Place

STATES = "states.amazonaws.com"
LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
LOG_DELIVERY = tuple(
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


class FunctionGuard:
    """Lambda's part: code runs with its function's role, and so are its log and traces written."""

    def __init__(self, permissions: Permissions, place: Place, has_log_group: Callable[[str], bool]) -> None:
        self._permissions = permissions
        self._place = place
        self._has_log_group = has_log_group

    @property
    def is_on(self) -> bool:
        """Whether permissions are enforced."""
        return self._permissions.is_on

    def running(self, version: FunctionVersion) -> AbstractContextManager[None]:
        """While in the block, the version's code runs with its role."""
        return self._permissions.acting(session_of(version))

    def lets_log(self, version: FunctionVersion, stream: str) -> bool:
        """Whether the version's lines of one invocation are written; its traces are, or are not, besides."""
        session, group = session_of(version), version.log_group
        for action in TRACING if version.is_traced else ():
            self._permissions.allows(session, action)
        if not self._has_log_group(group) and not self._permissions.allows(
            session, "logs:CreateLogGroup", log_stream_arn(self._place, group)
        ):
            return False
        resource = log_stream_arn(self._place, group, stream)
        return all(
            self._permissions.allows(session, f"logs:{action}", resource) for action in ("CreateLogStream", "PutLogEvents")
        )


def session_of(version: FunctionVersion) -> Principal:
    """The session that a function's code runs with."""
    return Principal(version.role, version.name)


def check_machine(permissions: Permissions, role: str, settings: Mapping[str, Any], machine: str) -> None:
    """What a state machine's role must allow before there can be such a machine. ``machine`` is its ARN.

    Raises:
        AccessDeniedError: its executions could not be logged.

    """
    level = (settings.get("loggingConfiguration") or {}).get("level", "OFF")
    session = Principal(role, "states")
    if not permissions.trusts(role, STATES, {"aws:SourceArn": machine, "aws:SourceAccount": machine.split(":")[4]}):
        raise AccessDeniedError(
            f"Neither the global service principal {STATES}, nor the regional one is authorized to assume the provided role."
        )
    needed = LOG_DELIVERY if level != "OFF" else ()
    denied = [action for action in needed if not permissions.allows(session, action)]
    if denied:
        raise AccessDeniedError("The state machine IAM Role is not authorized to access the Log Destination")


def trace_execution(permissions: Permissions, role: str) -> None:
    """An execution of a traced machine begins: what it may not do leaves it without a trace."""
    for action in (*TRACING, *SAMPLING):
        permissions.allows(Principal(role, "states"), action)
