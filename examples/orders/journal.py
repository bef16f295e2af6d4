"""What the functions log: a line for each request that failed, and the metrics of each checkout.

Powertools writes the line of a failure as JSON, with the version and the arm that answered and Lambda's request id. The id
joins it with the request's line in the access log, which has the same one as `functionRequestId`. The access log has the
requests that went well. A checkout's metrics are a line in CloudWatch's embedded metric format, which CloudWatch counts.
"""

from __future__ import annotations

import json
import time
from typing import Any

from aws_lambda_powertools import Logger

LOGGER = Logger(service="orders", location=None, timestamp=None)
"""CloudWatch keeps each line's time, so the line needs none of its own."""

NAMESPACE = "Orders"
CHECKOUT_FAILED = {"Namespace": NAMESPACE, "Dimensions": [["arm"]], "Metrics": [{"Name": "CheckoutFailed"}]}
PAYMENT_FAILED = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": "PaymentFailed"}]}


def arm_of(event: dict[str, Any]) -> str:
    """The arm that a request belongs to: the API's stage variable names the alias, and the alias stands for the arm."""
    return "canary" if (event.get("stageVariables") or {}).get("lambdaAlias") == "canary" else "base"


def log_failure(event: dict[str, Any], context: Any, status: int, error: Exception) -> None:  # noqa: ANN401 - Lambda's
    """Log the failure of a request: what failed, in which version, for which arm, and by which ids to find the rest."""
    LOGGER.error(
        "the request failed",
        error=f"{type(error).__name__}: {error}",
        request=event["requestContext"]["requestId"],
        function_request_id=context.aws_request_id,
        function=context.function_name,
        version=context.function_version,
        arm=arm_of(event),
        status=status,
    )


def count_checkout(event: dict[str, Any], *, is_failed: bool, is_payment: bool = False) -> None:
    """Count a checkout: CheckoutFailed by arm, and PaymentFailed."""
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [CHECKOUT_FAILED, PAYMENT_FAILED]},
        "arm": arm_of(event),
        "CheckoutFailed": int(is_failed),
        "PaymentFailed": int(is_payment),
    }
    print(json.dumps(line))  # noqa: T201 - a Lambda function's log is its standard output
