"""The one line that each request writes to the log: which function answered, for which arm, and with which status.

Lambda's request id joins the line with the request's line in the access log, which has the same id as `functionRequestId`. The
line of a failure says what failed. A line may contain metrics in CloudWatch's embedded metric format, which CloudWatch then
counts.
"""

from __future__ import annotations

import json
import time
from typing import Any

NAMESPACE = "Orders"
CHECKOUT_FAILED = {"Namespace": NAMESPACE, "Dimensions": [["arm"]], "Metrics": [{"Name": "CheckoutFailed"}]}
PAYMENT_FAILED = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": "PaymentFailed"}]}


def arm_of(event: dict[str, Any]) -> str:
    """The arm that a request belongs to: the API's stage variable names the alias, and the alias stands for the arm."""
    return "canary" if (event.get("stageVariables") or {}).get("lambdaAlias") == "canary" else "base"


def write_request(event: dict[str, Any], context: Any, status: int, error: Exception | None = None) -> None:  # noqa: ANN401 - Lambda's
    """Log a request and its status, and the error that made it fail."""
    print(json.dumps(_line(event, context, status, error)))  # noqa: T201 - a Lambda function's log is its standard output


def write_checkout(
    event: dict[str, Any],
    context: Any,  # noqa: ANN401 - Lambda's context
    status: int,
    *,
    is_failed: bool,
    is_payment: bool = False,
    error: Exception | None = None,
) -> None:
    """Log a checkout: the same line, with the metrics CheckoutFailed (by arm) and PaymentFailed."""
    line = _line(event, context, status, error)
    line["_aws"] = {
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [CHECKOUT_FAILED, PAYMENT_FAILED],
    }
    line["CheckoutFailed"] = int(is_failed)
    line["PaymentFailed"] = int(is_payment)
    print(json.dumps(line))  # noqa: T201 - as above


def _line(event: dict[str, Any], context: Any, status: int, error: Exception | None) -> dict[str, Any]:  # noqa: ANN401 - as above
    failure = {"level": "ERROR", "error": f"{type(error).__name__}: {error}"} if error else {}
    return {
        **failure,
        "request": event["requestContext"]["requestId"],
        "function_request_id": context.aws_request_id,
        "function": context.function_name,
        "version": context.function_version,
        "arm": arm_of(event),
        "status": status,
    }
