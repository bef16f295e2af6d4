"""The parts of the scratch account, each created only if a chosen question needs it.

This module decides which parts are created, and in which order. `scratch_function` and `scratch_api` define the function and
the API.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.scratch.api import make_api
from verify.scratch.function import make_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.scratch.scratch import Scratch

LOG_PURPOSES = ("arms", "refusals", "values", "filters", "queries")
_WRITE_LOGS = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
]
"""The actions of AWS's own policy for this purpose; with fewer actions, UpdateAccount refuses the role."""


class Part(StrEnum):
    """What a question may need; the value describes it."""

    API = "1 REST API (Regional, up to seven mock methods; its stages and deployments), deleted with everything in it"
    FUNCTION = "1 Lambda function (128 MB, python3.13; 2 versions, up to 3 aliases), 1 role without any permission, 1 log group"
    LOG = "9 log groups for access logs and queries, metric filters of one, in an account 1 web ACL of AWS WAF for some minutes"
    MACHINE = "1 Step Functions state machine (Standard) and 1 role that may read and patch this API's stages"
    TOPIC = "1 SNS topic, 1 SQS queue that subscribes to it and 1 EventBridge rule"
    PACKAGES = (
        "1 Lambda layer with the controller's packages, 1 function (256 MB, arm64) with it, 1 role without any permission"
    )
    METRICS = "4 custom metrics in a namespace of their own, with a value for each of some minutes"
    STACK = "1 CloudFormation stack with one stage of this API in it"


def make_parts(scratch: Scratch, parts: frozenset[Part], *, lend_log_role: bool) -> dict[Part, str]:
    """Create the parts that do not belong to a single question; return why the others could not be created.

    The API comes last, so that it is removed first and its last lines do not create removed log groups again.
    """
    unmade: dict[Part, str] = {}
    steps: tuple[tuple[Part, Callable[[], None]], ...] = (
        (Part.LOG, lambda: _make_logs(scratch, lend_log_role=lend_log_role)),
        (Part.FUNCTION, lambda: make_function(scratch)),
        (Part.API, lambda: make_api(scratch, calls_function=Part.FUNCTION in parts - unmade.keys())),
    )
    for part, make in steps:
        if part in parts:
            try:
                make()
            except RefusedError as refusal:
                unmade[part] = str(refusal)
    return unmade


def log_role(scratch: Scratch) -> str | None:
    """The role with which this Region's API Gateway writes logs: a setting of the whole account."""
    found: str | None = scratch.aws.call("apigateway", "get_account").get("cloudwatchRoleArn")
    return found or None


def _lend_log_role(scratch: Scratch) -> None:
    """Give API Gateway a role for logs, until the end of the run."""
    arn = scratch.create_role("logs", "apigateway.amazonaws.com", {"Action": _WRITE_LOGS, "Resource": "*"})

    def make() -> str:
        operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
        scratch.aws.call_once_believed("apigateway", "update_account", code="BadRequestException", patchOperations=[operation])
        return arn

    scratch.create("log-role", f"{scratch.prefix}-logs", make)


def _make_logs(scratch: Scratch, *, lend_log_role: bool) -> None:
    """Groups for access logs. Their counterparts for the canary may appear by themselves; that is one of the questions."""
    for purpose in LOG_PURPOSES:
        group = scratch.log_group(purpose)
        scratch.ledger.intend("late-log-group", f"{group}/Canary")
        scratch.create_log_group(group)
    if lend_log_role and log_role(scratch) is None:
        _lend_log_role(scratch)
