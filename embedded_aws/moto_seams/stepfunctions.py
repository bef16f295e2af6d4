"""moto's Step Functions as a service: executions start, end and stop on the clock and report it to EventBridge.

Covers the names of executions, their starts and ends, StopExecution, and the pages of a history. The seam `interpreter`
runs states and `lambda_integration` lets Tasks invoke functions. Redrive is not built.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from moto.core.responses import ActionResult
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramTimedOut
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from embedded_aws.moto_seams.hooks import replace, wrap
from embedded_aws.moto_seams.interpreter import iso_milliseconds
from embedded_aws.wire.errors import answer, throttled
from embedded_aws.wire.throttles import ThrottledError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.events.bus import EventBus
    from embedded_aws.time.clock import Clock
    from embedded_aws.wire.throttles import Throttles

_PARSER = "moto.stepfunctions.parser"
_RESPONSE = "moto.stepfunctions.responses.StepFunctionResponse"
_EVENT_BYTES = 248 * 1024  # docs/aws.md#status-events: a larger event leaves out input and output


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def clock(self) -> Clock:
        """The simulated time."""

    @property
    def rng(self) -> random.Random:
        """The source of names for executions without one."""

    @property
    def events(self) -> EventBus:
        """The bus that gets status changes."""

    @property
    def throttles(self) -> Throttles:
        """The limits on calls to the service."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def region(self) -> str:
        """The Region."""


def install(aws: Aws) -> None:
    """Make moto's Step Functions run on ``aws``."""
    replace(_BACKEND_OF, lambda account, region: stepfunctions_parser_backends[account][region])
    for name in _TYPES:
        replace(name, name.split(".")[-2])
    for name, replacement in _METHODS.items():
        wrap(name, aws, replacement)


def find_execution(aws: Aws, arn: str) -> Any:  # noqa: ANN401 - moto's
    """The record that moto keeps of an execution."""
    return stepfunctions_parser_backends[aws.account][aws.region].describe_execution(arn)


def is_running(aws: Aws, arn: str) -> bool:
    """Whether the execution is running."""
    return bool(find_execution(aws, arn).exec_status == api.ExecutionStatus.RUNNING)


def stop(aws: Aws, arn: str, *, error: str | None = None, cause: str | None = None) -> Any:  # noqa: ANN401 - moto's
    """Stop an execution at once, whatever it is doing; one that has ended stays as it is. Returns moto's record of it.

    As in AWS, a function that a Task is running goes on to its end; its result no longer reaches the execution.
    """
    execution = find_execution(aws, arn)
    if execution.exec_status != api.ExecutionStatus.RUNNING:
        return execution
    execution.exec_status = api.ExecutionStatus.ABORTED
    execution.stop_date = datetime.fromtimestamp(aws.clock.now(), UTC)
    execution.error, execution.cause = error, cause
    env = execution.exec_worker.env
    details = api.ExecutionAbortedEventDetails({"error": error, "cause": cause})
    _end_history(env, api.HistoryEventType.ExecutionAborted, EventDetails(executionAbortedEventDetails=details))
    env.set_stop(stop_date=execution.stop_date, cause=cause, error=error)
    _announce(aws, execution)
    return execution


# Executions.


def _start_execution(
    original: Callable[..., Any],
    aws: Aws,
    backend: Any,  # noqa: ANN401 - moto's
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Any:  # noqa: ANN401 - moto's
    if name:
        backend._validate_name(name)  # noqa: SLF001 - a seam
    name = name or str(uuid.UUID(int=aws.rng.getrandbits(128), version=4))
    return original(backend, state_machine_arn, name, execution_input, trace_header)


def _start(original: Callable[..., None], aws: Aws, execution: Any) -> None:  # noqa: ANN401 - moto's
    original(execution)
    _announce(aws, execution)


def _start_worker(_original: object, aws: Aws, worker: Any) -> None:  # noqa: ANN401 - moto's
    """Begin an execution: its history at once, its first state when the caller's turn is over."""
    program = worker._get_evaluation_entrypoint()  # noqa: SLF001 - a seam
    worker.env = worker._get_evaluation_environment()  # noqa: SLF001 - a seam
    details = worker._evaluation_details  # noqa: SLF001 - a seam
    started = api.ExecutionStartedEventDetails(
        input=json.dumps(details.execution_details.inpt),
        inputDetails={"truncated": False},
        roleArn=details.aws_execution_details.role_arn,
    )
    worker.env.event_manager.add_event(
        context=worker.env.event_history_context,
        event_type=api.HistoryEventType.ExecutionStarted,
        event_details=EventDetails(executionStartedEventDetails=started),
        update_source_event_id=False,
    )

    communication = worker._execution_communication  # noqa: SLF001 - a seam

    def run() -> None:
        if communication.execution.exec_status == api.ExecutionStatus.RUNNING:
            program.eval(worker.env)
            communication.terminated()

    aws.clock.spawn(run, name=f"execution {details.execution_details.name}")


def _terminated(original: Callable[..., None], aws: Aws, communication: Any) -> None:  # noqa: ANN401 - moto's
    execution = communication.execution
    if execution.exec_status != api.ExecutionStatus.RUNNING:
        return  # the execution was stopped, and its threads ended after that
    original(communication)
    env = execution.exec_worker.env
    if isinstance(env.program_state(), ProgramTimedOut):
        details = EventDetails(executionTimedOutEventDetails=api.ExecutionTimedOutEventDetails())
        _end_history(env, api.HistoryEventType.ExecutionTimedOut, details)
    env.event_manager.is_over = True
    _announce(aws, execution)


def _start_details(original: Callable[..., Any], aws: Aws, execution: Any) -> Any:  # noqa: ANN401 - moto's
    details = original(execution)
    details.start_time = iso_milliseconds(aws.clock.now())
    return details


def _announce(aws: Aws, execution: Any) -> None:  # noqa: ANN401 - moto's
    """Report the execution's status to EventBridge (docs/aws.md#status-events)."""
    output = _compact(execution.output) if execution.status == "SUCCEEDED" else None
    has_input = len(execution.execution_input) + len(output or "") <= _EVENT_BYTES
    has_output = len(output or "") <= _EVENT_BYTES
    detail = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input if has_input else None,
        "output": output if has_output else None,
        "inputDetails": {"included": has_input},
        "outputDetails": None if output is None else {"included": has_output},
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    aws.events.put("aws.states", "Step Functions Execution Status Change", detail, [execution.execution_arn])


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


# History.


def _add_event(
    original: Callable[..., int],
    _aws: Aws,
    manager: Any,  # noqa: ANN401 - moto's
    context: Any,  # noqa: ANN401 - moto's
    event_type: str,
    event_details: Any = None,  # noqa: ANN401 - moto's
    **options: Any,  # noqa: ANN401 - moto's
) -> int:
    """Write one event, unless the execution has ended or the history already has the event."""
    is_shown = event_details is not None and event_details is getattr(manager, "shown_already", None)
    if is_shown or getattr(manager, "is_over", False):
        return int(context.last_published_event_id)
    return original(manager, context, event_type, event_details, **options)


def _end_history(env: Any, event_type: str, details: Any) -> None:  # noqa: ANN401 - moto's
    """Write the last event; whatever unwinding threads would add is not part of the history."""
    env.event_history_context.source_event_id = 0
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type, event_details=details)
    env.event_manager.is_over = True


# Over HTTP.


def _call_action(original: Callable[..., Any], aws: Aws, response: Any) -> Any:  # noqa: ANN401 - moto's
    try:
        aws.throttles.admit(_SERVICE, response._get_action())  # noqa: SLF001 - a seam
    except ThrottledError:
        return answer(throttled("stepfunctions"), {"content-type": "application/x-amz-json-1.0"})
    return original(response)


def _stop_execution(_original: object, aws: Aws, response: Any) -> ActionResult:  # noqa: ANN401 - moto's
    execution = stop(
        aws,
        response._get_param("executionArn"),  # noqa: SLF001 - a seam
        error=response._get_param("error"),  # noqa: SLF001 - a seam
        cause=response._get_param("cause"),  # noqa: SLF001 - a seam
    )
    return ActionResult({"stopDate": execution.stop_date})


def _describe_execution(original: Callable[..., Any], aws: Aws, response: Any) -> ActionResult:  # noqa: ANN401 - moto's
    """Describe an execution. moto omits the stop date of one that timed out, and formats the output in its own way."""
    result = original(response).result
    execution = find_execution(aws, result["executionArn"])
    if execution.stop_date:
        result["stopDate"] = execution.stop_date
    if execution.status == "SUCCEEDED":
        result["output"] = _compact(execution.output)
    return ActionResult({**result, "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"})


def _list_executions(original: Callable[..., Any], aws: Aws, response: Any) -> ActionResult:  # noqa: ANN401 - moto's
    """List executions, newest first, including the stop date of those that timed out."""
    result = original(response).result
    for shown in result["executions"]:
        execution = find_execution(aws, shown["executionArn"])
        if execution.stop_date:
            shown["stopDate"] = execution.stop_date
    return ActionResult(result)


def _get_execution_history(_original: object, aws: Aws, response: Any) -> ActionResult:  # noqa: ANN401 - moto's
    """One page of a history, from either end; moto returns all of it for every request."""
    get = response._get_param  # noqa: SLF001 - a seam
    execution = find_execution(aws, get("executionArn"))
    events = execution.to_history_output()["events"]
    if get("reverseOrder"):
        events = events[::-1]
    start, size = int(get("nextToken") or 0), int(get("maxResults") or 100)
    page: dict[str, Any] = {"events": events[start : start + size]}
    if start + size < len(events):
        page["nextToken"] = str(start + size)
    return ActionResult(page)


_SERVICE = "states"
_TYPELESS = ("InvalidDefinition", "InvalidExecutionInput", "MissingRequiredParameter")
_TYPES = [f"{_PARSER}.api.{name}.TYPE" for name in _TYPELESS]  # names that moto lacks
_BACKEND_OF = "moto.stepfunctions.responses.get_backend"
_METHODS: dict[str, Callable[..., Any]] = {
    f"{_PARSER}.asl.eval.event.event_manager.EventManager.add_event": _add_event,
    f"{_PARSER}.backend.execution.BaseExecutionWorkerCommunication.terminated": _terminated,
    f"{_PARSER}.backend.execution.Execution.get_start_execution_details": _start_details,
    f"{_PARSER}.backend.execution.Execution.start": _start,
    f"{_PARSER}.backend.execution_worker.ExecutionWorker.start": _start_worker,
    f"{_PARSER}.models.StepFunctionsParserBackend.start_execution": _start_execution,
    f"{_RESPONSE}.call_action": _call_action,
    f"{_RESPONSE}.describe_execution": _describe_execution,
    f"{_RESPONSE}.get_execution_history": _get_execution_history,
    f"{_RESPONSE}.list_executions": _list_executions,
    f"{_RESPONSE}.stop_execution": _stop_execution,
}
HOOKS = [_BACKEND_OF, *_TYPES, *_METHODS]
