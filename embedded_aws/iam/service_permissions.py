"""What AWS's services do with a role that they are given, and its policies must allow: writing logs and traces.

No request shows these calls. A function that may not write its log still runs, and its lines are lost. A state machine
that may not log is not created (docs/aws.md#machine-log-permissions).
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
    """Lambda's part: it runs code with the function's role, and writes the log and the traces with it."""

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
        """Whether an invocation's log lines are written; also checks the tracing permissions, which do not affect that."""
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
    """The session with which a function's code runs."""
    return Principal(version.role, version.name)


def check_machine(permissions: Permissions, role: str, settings: Mapping[str, Any], machine: str) -> None:
    """Check what a state machine's role must allow before the machine can be created. ``machine`` is its ARN.

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
    """Begin the execution of a traced machine; if the role may not write traces, the execution has none."""
    for action in (*TRACING, *SAMPLING):
        permissions.allows(Principal(role, "states"), action)
