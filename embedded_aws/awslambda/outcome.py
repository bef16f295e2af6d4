"""The result of an invocation: a handler's answer as JSON, or Lambda's error object.

Decides the error types and messages that clients and Step Functions match on (docs/aws.md#lambda-errors).
"""

from __future__ import annotations

import json
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.user_run import CodeError, TimedOutError

if TYPE_CHECKING:
    from embedded_aws.awslambda.user_run import Run

_PLAIN = frozenset({str, int, bool, float, type(None)})


def marshalled(payload: Any) -> Any:  # noqa: ANN401 - JSON-like
    """An answer as it is after a JSON round trip; a flat answer of plain values is returned as it is."""
    if type(payload) is dict:
        for value in payload.values():
            kind = type(value)
            if kind not in _PLAIN and not (kind is dict and _PLAIN.issuperset(map(type, value.values()))):
                break
        else:
            return payload
    try:
        return json.loads(json.dumps(payload, default=_default))
    except (TypeError, ValueError) as error:
        raise CodeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _default(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def raised(error: Exception, run: Run) -> dict[str, Any]:
    """Lambda's error object for an exception, which is also logged."""
    error_type = error.error_type if isinstance(error, CodeError) else type(error).__name__
    frames = [] if isinstance(error, CodeError) else traceback.format_tb(error.__traceback__)[1:]
    run.lines.append("\n".join([f"[ERROR] {error_type}: {error}", "Traceback (most recent call last):", *frames]))
    return {"errorMessage": str(error), "errorType": error_type, "requestId": run.request_id, "stackTrace": frames}


def died(death: BaseException, run: Run) -> dict[str, Any]:
    """Lambda's error object for a function that ended without an answer."""
    match death:
        case TimedOutError():
            run.lines.append(f"{run.request_id} Task timed out after {run.timeout:.2f} seconds")
            return _died_as("Sandbox.Timedout", f"Task timed out after {run.timeout:.2f} seconds", run)
        case SystemExit(code=0 | None):
            return _died_as("Runtime.ExitError", "Runtime exited without providing a reason", run)
        case SystemExit(code=code):
            return _died_as("Runtime.ExitError", f"Runtime exited with error: exit status {code}", run)
        case _:
            return _died_as("Runtime.ExitError", "Runtime exited with error: signal: killed", run)


def _died_as(error_type: str, message: str, run: Run) -> dict[str, Any]:
    return {"errorType": error_type, "errorMessage": f"RequestId: {run.request_id} Error: {message}"}
