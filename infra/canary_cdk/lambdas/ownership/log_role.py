"""The role with which API Gateway writes logs: one setting per account and Region, without which no stage writes any.

It does not belong to any stack. So it is read first, set only if there is none and the template brings one, and never removed.
"""

from __future__ import annotations

import time
from typing import Any

from .refusal import TemplateRefusedError

TRIES, PAUSE_SECONDS = 6, 5
"""For a while, API Gateway refuses a role that the same deploy has just created (docs/aws.md#account-log-role)."""


def require(client: Any, properties: dict[str, Any]) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
    """Make sure that a stage with an access log can write it.

    Raises:
        TemplateRefusedError: the account has no such role, and the template brings none.

    """
    if "AccessLogSetting" not in properties or client.get_account().get("cloudwatchRoleArn"):
        return
    role = properties.get("LogRoleArn")
    if not role:
        raise TemplateRefusedError(
            "API Gateway has no role for CloudWatch in this account and Region, so the stage could not write its access log; "
            "set log_role=True to create one, or set one by hand: aws apigateway update-account --patch-operations "
            "op=replace,path=/cloudwatchRoleArn,value=<ARN of a role with AmazonAPIGatewayPushToCloudWatchLogs>"
        )
    _set(client, [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])


def _set(client: Any, operations: list[dict[str, str]]) -> None:  # noqa: ANN401
    for _ in range(TRIES - 1):
        try:
            client.update_account(patchOperations=operations)
        except client.exceptions.BadRequestException:
            time.sleep(PAUSE_SECONDS)
        else:
            return
    client.update_account(patchOperations=operations)
