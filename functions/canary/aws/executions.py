"""Step Functions executions as owners of rollouts: whether one still runs, and stopping it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, refusals


def is_running(stepfunctions: Any, execution: str) -> bool:  # noqa: ANN401
    """Whether the execution is still running; one that Step Functions no longer knows is not.

    Raises:
        AwsRefusedError: Step Functions cannot be asked.

    """
    with refusals(f"aws stepfunctions describe-execution --execution-arn {execution}"):
        try:
            return bool(stepfunctions.describe_execution(executionArn=execution)["status"] == "RUNNING")
        except ClientError as error:
            if code_of(error) == "ExecutionDoesNotExist":
                return False
            raise


def stop(stepfunctions: Any, execution: str, *, error: str, cause: str) -> None:  # noqa: ANN401
    """Stop the execution if it runs. Its status is then ABORTED, with this error and cause (docs/aws.md#fail-cause).

    Raises:
        AwsRefusedError: Step Functions refused.

    """
    if is_running(stepfunctions, execution):
        with refusals(f"aws stepfunctions stop-execution --execution-arn {execution}"):
            stepfunctions.stop_execution(executionArn=execution, error=error, cause=cause)
