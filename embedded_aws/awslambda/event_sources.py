"""Event source mappings: what Lambda reads from a queue or a stream and passes to a function, or to one of its aliases.

Decides which mappings are valid and how they are shown; a mapping keeps the qualifier that it was created with
(docs/aws.md#event-source-mappings). The seam knows the queues and streams, and reads the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from embedded_aws.awslambda.errors import InvalidParameterValueError, ResourceConflictError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SourceKind = Literal["sqs", "kinesis", "dynamodb"]

POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
PAGE = 100
_LARGEST_BATCH_WITHOUT_WINDOW = 10
_QUEUE: Mapping[str, Any] = {
    "FunctionResponseTypes": [],
    "MaximumBatchingWindowInSeconds": 0,
    "StateTransitionReason": "USER_INITIATED",
}
_STREAM: Mapping[str, Any] = {
    **_QUEUE,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "LastProcessingResult": "No records processed",
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "StateTransitionReason": "User action",
}


def kind_of(source_arn: str | None) -> SourceKind:
    """The kind of event source that an ARN names.

    Raises:
        InvalidParameterValueError: mappings for this kind of source are not built.
    """
    service = (source_arn or "").split(":")[2:3]
    match service:
        case ["sqs"]:
            return "sqs"
        case ["kinesis"]:
            return "kinesis"
        case ["dynamodb"]:
            return "dynamodb"
    raise InvalidParameterValueError("Unrecognized event source.")


def check_settings(body: Mapping[str, Any], kind: SourceKind) -> None:
    """Refuse a starting position or a batch size that the source does not support.

    Raises:
        LambdaError: with Lambda's own message.
    """
    if kind == "sqs":
        _check_batch(body)
        return
    position, constraint = body.get("StartingPosition"), "failed to satisfy constraint"
    if position is None:
        raise InvalidParameterValueError(
            f"1 validation error detected: Value null at 'startingPosition' {constraint}: Member must not be null."
        )
    if position not in POSITIONS:
        raise ValidationError.of(position, "startingPosition", f"Member must satisfy enum value set: [{', '.join(POSITIONS)}]")
    if kind == "dynamodb" and position == "AT_TIMESTAMP":
        raise InvalidParameterValueError(f"Unsupported starting position for arn type: {body['EventSourceArn']}")


def _check_batch(body: Mapping[str, Any]) -> None:
    window, batch = body.get("MaximumBatchingWindowInSeconds") or 0, body.get("BatchSize") or 0
    if batch > _LARGEST_BATCH_WITHOUT_WINDOW and not window:
        raise InvalidParameterValueError(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def missing(source_arn: str, kind: SourceKind) -> InvalidParameterValueError:
    """The refusal of a source that does not exist."""
    if kind == "sqs":
        return InvalidParameterValueError(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    return InvalidParameterValueError(f"Stream not found: {source_arn}")


def expect_new(source_arn: str, kind: SourceKind, function: str, others: Iterable[Mapping[str, Any]]) -> None:
    """Refuse a second mapping of a source to the same function and qualifier.

    Raises:
        ResourceConflictError: such a mapping exists.
    """
    for other in others:
        named = other["FunctionArn"].partition(":function:")[2]
        if (other["EventSourceArn"], named) == (source_arn, function):
            shown = {"sqs": "SQS", "kinesis": "kinesis", "dynamodb": "dynamodb"}[kind]
            raise ResourceConflictError(
                f'An event source mapping with {shown} arn (" {source_arn} ") and function (" {function} ") already exists. '
                f"Please update or delete the existing mapping with UUID {other['UUID']}"
            )


def describe(configuration: Mapping[str, Any], state: str | None = None) -> dict[str, Any]:
    """The mapping as Lambda shows it, defaults included; ``state`` replaces its state while it changes."""
    kind = kind_of(configuration["EventSourceArn"])
    shown = {**configuration, **(_QUEUE if kind == "sqs" else _STREAM)}
    shown.update({name: configuration[name] for name in configuration if name not in {"State", "StateTransitionReason"}})
    return {**shown, "State": state or configuration["State"]}
