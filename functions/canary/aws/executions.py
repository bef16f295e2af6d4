"""Step Functions executions as owners of rollouts: whether one runs, which targets have one, and how to stop one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, refusals

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_running(stepfunctions: Any, execution: str) -> bool:  # noqa: ANN401
    """Whether the execution is running; an execution that Step Functions no longer knows is not.

    Raises:
        AwsRefusedError: Step Functions did not answer the question.

    """
    return _status(stepfunctions, execution) == "RUNNING"


def _status(stepfunctions: Any, execution: str) -> str | None:  # noqa: ANN401
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        try:
            return str(stepfunctions.describe_execution(executionArn=execution)["status"])
        except ClientError as error:
            if code_of(error) == "ExecutionDoesNotExist":
                return None
            raise


def running_targets(stepfunctions: Any, machine: str) -> frozenset[str | None]:  # noqa: ANN401
    """The targets in the inputs of a state machine's running executions; None for an input without a target.

    Raises:
        AwsRefusedError: Step Functions did not answer the question.

    """
    return frozenset(_target_of(stepfunctions, arn) for arn in _running(stepfunctions, machine))


def find_running(stepfunctions: Any, machine: str, target: str) -> str | None:  # noqa: ANN401
    """The newest running execution of a state machine that names this target in its input, by its ARN; None without one.

    Raises:
        AwsRefusedError: Step Functions cannot be asked.

    """
    return next((arn for arn in _running(stepfunctions, machine) if _target_of(stepfunctions, arn) == target), None)


def _running(stepfunctions: Any, machine: str) -> list[str]:  # noqa: ANN401
    with refusals(f"aws stepfunctions list-executions --state-machine-arn {machine} --status-filter RUNNING"):
        pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
        return [str(one["executionArn"]) for page in pages for one in page["executions"]]


def _target_of(stepfunctions: Any, execution: str) -> str | None:  # noqa: ANN401
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        text = stepfunctions.describe_execution(executionArn=execution)["input"]
    try:
        return str(json.loads(text)["target"])
    except (ValueError, LookupError, TypeError):
        return None


def is_known(stepfunctions: Any, execution: str) -> bool:  # noqa: ANN401
    """Whether Step Functions knows the execution, running or ended.

    Raises:
        AwsRefusedError: Step Functions did not answer the question.

    """
    return _status(stepfunctions, execution) is not None


def start(stepfunctions: Any, machine: str, name: str, given: Mapping[str, Any]) -> str | None:  # noqa: ANN401
    """Start an execution of a state machine; its ARN, or that of the one that runs already with this name and input.

    None if an execution of this name has ended.

    Raises:
        AwsRefusedError: Step Functions refused.

    """
    with refusals(f"aws stepfunctions start-execution --state-machine-arn {machine} --name {name}"):
        try:
            answer = stepfunctions.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
        except ClientError as error:
            if code_of(error) == "ExecutionAlreadyExists":
                return None
            raise
    return str(answer["executionArn"])


def stop(stepfunctions: Any, execution: str, *, error: str, cause: str) -> None:  # noqa: ANN401
    """Stop the execution if it is running. Its status is then ABORTED, with this error and cause (docs/aws.md#fail-cause).

    Raises:
        AwsRefusedError: Step Functions refused.

    """
    if is_running(stepfunctions, execution):
        with refusals(f"aws stepfunctions stop-execution --execution-arn {execution}"):
            stepfunctions.stop_execution(executionArn=execution, error=error, cause=cause)
