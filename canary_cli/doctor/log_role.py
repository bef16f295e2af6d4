"""The remedies for an account and Region in which API Gateway has no role for its logs yet. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary_cli.doctor.remedy import Remedy, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.definitions.integrations import Place

LOG_ROLE = "apigateway-logs"
LOG_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SHARED = "every API of the account and Region may write its logs with it"


def log_role(place: Place) -> Iterator[Remedy]:
    """Create the role, let it write logs, and let API Gateway use it."""
    named, role = {"RoleName": LOG_ROLE}, f"arn:{place.partition}:iam::{place.account}:role/{LOG_ROLE}"
    trust = {**named, "AssumeRolePolicyDocument": json.dumps(TRUST, separators=(",", ":"))}
    yield Remedy(f"create role {LOG_ROLE}", "iam", "create_role", trust, stays=SHARED)
    policy = {**named, "PolicyArn": f"arn:{place.partition}:iam::aws:policy/{LOG_POLICY}"}
    yield Remedy(f"let role {LOG_ROLE} write logs", "iam", "attach_role_policy", policy, stays=SHARED)
    patched = {"patchOperations": replacing({"/cloudwatchRoleArn": role})}
    yield Remedy(f"let API Gateway write its logs as {LOG_ROLE}", "apigateway", "update_account", patched, stays=SHARED)
