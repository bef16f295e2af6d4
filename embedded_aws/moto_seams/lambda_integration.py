"""The ``lambda:invoke`` integration of moto's Step Functions: Tasks invoke the embedded Lambda, and faults affect them.

Decides how long a Task takes in simulated time, and what Step Functions calls the error of a function that named none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.faults.calls import TaskMode
from embedded_aws.iam.identity import Principal
from embedded_aws.iam.permissions import AccessDeniedError
from embedded_aws.moto_seams.hooks import replace, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.runtime import Invocation
    from embedded_aws.faults.calls import Faults, TaskFault
    from embedded_aws.iam.permissions import Permissions
    from embedded_aws.time.clock import Clock

_TASK = "moto.stepfunctions.parser.asl.component.state.exec.state_task"
_INVOKE = f"{_TASK}.lambda_eval_utils.execute_lambda_function_integration"
_FROM_ERROR = f"{_TASK}.service.state_task_service_lambda.StateTaskServiceLambda._from_error"
HOOKS = [_INVOKE, _FROM_ERROR]

MOST_BYTES = 262_144
_TOO_LONG = StatesErrorNameType.StatesStatesDataLimitExceeded
_NAMELESS = {"Runtime.ExitError", "Sandbox.Timedout"}  # docs/aws.md#lambda-unknown


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def clock(self) -> Clock:
        """The simulated time."""

    @property
    def faults(self) -> Faults:
        """The faults of Tasks."""

    @property
    def permissions(self) -> Permissions:
        """What the machine's role may do."""

    def invoke(self, function: str, event: object, *, qualifier: str | None = None) -> Invocation:
        """Invoke a function by name or ARN."""

    def stop_execution(self, arn: str) -> None:
        """Stop an execution, as StopExecution does."""


def install(aws: Aws) -> None:
    """Make Tasks invoke the functions of ``aws``."""
    replace(_INVOKE, lambda env, parameters, region, state_credentials: _invoke(aws, env, parameters))  # noqa: ARG005
    wrap(_FROM_ERROR, aws, _lambda_error)


class _TooLongError(Exception):
    """A Task's input or output is longer than a state may hold (docs/aws.md#execution-input)."""


class _OutlivedError(Exception):
    """A function ended after its Task had ended."""


def _invoke(aws: Aws, env: Any, parameters: dict[str, Any]) -> None:  # noqa: ANN401 - moto's
    """Run one Task's function and push its answer, unless a fault or the Task's timeout comes first."""
    fault = aws.faults.on_task(env.next_state_name)
    if fault:
        _suffer(aws, env, fault)
    if aws.permissions.is_on:
        _check(aws, env, parameters)
    _expect_short("Arguments", parameters.get("Payload") or b"")
    invocation = _call(aws, parameters)
    if invocation.duration_ms >= 1000:  # noqa: PLR2004 - a shorter duration would only make times fractional
        aws.clock.sleep(invocation.duration_ms / 1000)
    if not env.is_running():
        raise _OutlivedError
    if invocation.function_error:
        raise lambda_eval_utils.LambdaFunctionErrorException(invocation.function_error, json.dumps(invocation.payload))
    _expect_short("result", json.dumps(invocation.payload).encode())
    env.stack.append(
        {
            "ExecutedVersion": invocation.executed_version,
            "Payload": invocation.payload,
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": invocation.request_id},
            "StatusCode": 200,
        }
    )


def _expect_short(what: str, text: bytes) -> None:
    if len(text) > MOST_BYTES:
        raise _TooLongError(f"The task's {what} has {len(text)} bytes, more than the service limit of {MOST_BYTES}.")


def _check(aws: Aws, env: Any, parameters: dict[str, Any]) -> None:  # noqa: ANN401 - moto's
    """Check that the machine's role allows the invocation (docs/aws.md#machine-denied)."""
    execution = env.states.context_object.context_object_data["Execution"]
    function = function_arn(parameters["FunctionName"], parameters.get("Qualifier"), execution["Id"])
    try:
        aws.permissions.check(Principal(execution["RoleArn"], execution["Name"]), "lambda:InvokeFunction", function)
    except AccessDeniedError as error:
        raise _refused("AccessDeniedException", 403, str(error)) from error


def function_arn(named: str, qualifier: str | None, beside: str) -> str:
    """The ARN of a function given by name or ARN, in the account and Region of ``beside``, which is any ARN."""
    region, account = beside.split(":")[3:5]
    arn = named if named.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{named}"
    return f"{arn}:{qualifier}" if qualifier else arn


def _call(aws: Aws, parameters: dict[str, Any]) -> Invocation:
    event = json.loads(parameters.get("Payload") or b"{}")
    try:
        return aws.invoke(parameters["FunctionName"], event, qualifier=parameters.get("Qualifier"))
    except LambdaError as error:
        raise _refused(error.code, error.status, str(error)) from error


def _suffer(aws: Aws, env: Any, fault: TaskFault) -> None:  # noqa: ANN401 - moto's
    """Let the fault happen; returns only where the handler still runs, late."""
    match fault.mode:
        case TaskMode.FAILS if fault.error.startswith("Lambda."):
            raise _refused(fault.error.removeprefix("Lambda."), 429, fault.message)
        case TaskMode.FAILS:
            answer = json.dumps({"errorMessage": fault.message, "errorType": fault.error})
            raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", answer)
        case TaskMode.STOPPED:
            aws.stop_execution(env.states.context_object.context_object_data["Execution"]["Id"])
        case TaskMode.TIMES_OUT:
            aws.clock.sleep(float("inf"), wake=env.program_state_event)
    if fault.runs_after is None:
        raise _OutlivedError
    aws.clock.sleep(fault.runs_after)


def _refused(code: str, status: int, message: str) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "", "HostId": "", "HTTPHeaders": {}, "RetryAttempts": 0}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Invoke")


def _lambda_error(original: Callable[..., Any], _aws: Aws, task: Any, env: Any, ex: Exception) -> Any:  # noqa: ANN401
    """A Task's error as a failure event; for a function that named no error it is Lambda.Unknown."""
    event = original(task, env, ex)
    if isinstance(ex, _TooLongError):
        return _renamed(env, event, _TOO_LONG.to_name(), str(ex))
    if isinstance(ex, ClientError) and ex.response["Error"]["Code"] == "AccessDeniedException":
        return _renamed(env, event, "Lambda.AWSLambdaException", event.event_details["taskFailedEventDetails"]["cause"])
    if not isinstance(ex, lambda_eval_utils.LambdaFunctionErrorException):
        return event
    payload = json.loads(ex.payload)
    error = payload.get("errorType") if isinstance(payload, dict) else None
    if error is not None and error not in _NAMELESS:
        return event
    cause = f"The cause could not be determined because Lambda did not return an error type. Returned payload: {ex.payload}"
    return _renamed(env, event, "Lambda.Unknown", cause)


def _renamed(env: Any, event: Any, error: str, cause: str) -> FailureEvent:  # noqa: ANN401 - moto's
    details = {**event.event_details["taskFailedEventDetails"], "error": error, "cause": cause}
    failed = EventDetails(taskFailedEventDetails=details)
    name = StatesErrorName(_TOO_LONG) if error == _TOO_LONG.to_name() else CustomErrorName(error)
    return FailureEvent(env, name, api.HistoryEventType.TaskFailed, failed)
