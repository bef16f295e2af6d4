"""What calls the functions: the state machine's Tasks, EventBridge, a schedule.

These events are written by the machine's definition and by AWS, so a wrong one is no user's fault and refuses nothing:
it is an error like any other. They may carry more than is read here. What a user wrote inside one stays unread.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.utilities.parser import Field, ValidationError, parse
from pydantic import AliasPath

from canary.edge.fields import TargetName
from canary.edge.kinds import Instant, Prose, Whole
from canary.edge.model import explain

Event = TypeVar("Event")


NO_MESSAGE = "it gave no message; see the log of its function"
"""Of a function that failed; the state machine says the same."""

UNKNOWN, NO_ANSWER = "Lambda.Unknown", "the function ended without an answer; see its log"
"""Of a function that was killed: its cause is Lambda's own text with the payload in it (docs/aws.md#lambda-unknown)."""


class EventError(Exception):
    """The machine's fault: a function was called with an event that it cannot read."""


Now = Annotated[float, Instant()]
RolloutId = Annotated[str, Prose("a rollout id", 1, 128)]
Arn = Annotated[str, Prose("an ARN", 1, 2048)]
Url = Annotated[str, Prose("an address", 1, 8192)]
Word = Annotated[str, Prose("a word", 1, 256)]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """What every Task is told. ``execution`` is the ARN; ``now`` is when the state was entered, in epoch seconds."""

    target: TargetName
    rollout_id: RolloutId
    execution: Arn
    now: Now


@dataclass(frozen=True, slots=True)
class InputEvent:
    """What ``AdvanceRollout`` is told; ``input`` is the execution's input, as the user wrote it."""

    input: Any
    rollout_id: RolloutId
    execution: Arn
    now: Now


@dataclass(frozen=True, slots=True)
class CheckEvent(InputEvent):
    """What ``CheckRelease`` is told; ``waits`` is how often this execution waited for a version of the release."""

    waits: Annotated[int, Whole("a number of waits", 0, 2**53, "pass on what the machine counts")] = 0


@dataclass(frozen=True, slots=True)
class LockEvent(TaskEvent):
    """What ``TakeLock`` is told; ``fencing_token`` is the target's fencing token that the checks began with."""

    fencing_token: Annotated[int, Whole("a fencing token", 0, 2**53, "pass on what CheckRelease answered")]
    draft: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LookEvent(TaskEvent):
    """What ``EvaluateCanary`` is told; ``baking_since`` (epoch seconds) when the bake before this look was entered."""

    baking_since: Now


@dataclass(frozen=True, slots=True)
class DrainEvent(TaskEvent):
    """What ``CheckDrain`` is told; ``settling_since`` (epoch seconds) when the wait before this check was entered."""

    settling_since: Now


@dataclass(frozen=True, slots=True)
class SafetyEvent(TaskEvent):
    """What ``MakeSafe`` is told: the error that led there, in Step Functions' words.

    ``is_begun``: whether the lock was taken for certain, so that something may have been changed.
    """

    is_begun: bool = False
    error: Annotated[str, Field(validation_alias=AliasPath("failure", "Error"))] = ""
    cause: Annotated[str, Field(validation_alias=AliasPath("failure", "Cause"))] = ""

    @property
    def reason(self) -> str:
        """The error in one sentence: a function's own message where there is one (docs/aws.md#lambda-error-cause)."""
        if self.error == UNKNOWN:
            return f"{self.error}: {NO_ANSWER}"
        try:
            found = json.loads(self.cause)
        except ValueError:
            found = self.cause
        message = found.get("errorMessage", NO_MESSAGE) if isinstance(found, dict) else self.cause
        return f"{self.error}: {message}" if message else self.error


@dataclass(frozen=True, slots=True)
class ExecutionEvent:
    """EventBridge's "Step Functions Execution Status Change"; ``now`` is when it was sent, in epoch seconds."""

    execution: Annotated[Arn, Field(validation_alias=AliasPath("detail", "executionArn"))]
    state_machine: Annotated[Arn, Field(validation_alias=AliasPath("detail", "stateMachineArn"))]
    status: Annotated[Word, Field(validation_alias=AliasPath("detail", "status"))]
    now: Annotated[Now, Field(validation_alias="time")]


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """EventBridge's "CloudWatch Alarm State Change"; ``now`` is when it was sent, in epoch seconds."""

    alarm: Annotated[str, Field(validation_alias=AliasPath("detail", "alarmName"))]
    state: Annotated[Word, Field(validation_alias=AliasPath("detail", "state", "value"))]
    now: Annotated[Now, Field(validation_alias="time")]


@dataclass(frozen=True, slots=True)
class NotificationEvent:
    """An event of the controller itself; ``kind`` is its detail-type, ``now`` when it was sent, in epoch seconds."""

    kind: Annotated[Word, Field(validation_alias="detail-type")]
    detail: Mapping[str, Any]
    account: Word
    region: Word
    now: Annotated[Now, Field(validation_alias="time")]


@dataclass(frozen=True, slots=True)
class StackEvent:
    """CloudFormation's request of a custom resource; ``target`` is empty where all are meant.

    ``definition`` is what the target is to be from now on. ``targets`` has the names of all targets of a stack as its keys, and
    ``old_targets`` those of before. The three are empty in the resources that do not ask about them.
    """

    request_type: Annotated[Word, Field(validation_alias="RequestType")]
    response_url: Annotated[Url, Field(validation_alias="ResponseURL")]
    stack_id: Annotated[Arn, Field(validation_alias="StackId")]
    request_id: Annotated[Word, Field(validation_alias="RequestId")]
    logical_id: Annotated[Word, Field(validation_alias="LogicalResourceId")]
    physical_id: Annotated[str, Field(validation_alias="PhysicalResourceId")] = ""
    target: Annotated[str, Field(validation_alias=AliasPath("ResourceProperties", "Target"))] = ""
    old_target: Annotated[str, Field(validation_alias=AliasPath("OldResourceProperties", "Target"))] = ""
    definition: Annotated[str, Field(validation_alias=AliasPath("ResourceProperties", "Definition"))] = ""
    targets: Annotated[Names, Field(validation_alias=AliasPath("ResourceProperties", "Targets"))] = field(default_factory=dict)
    old_targets: Annotated[Names, Field(validation_alias=AliasPath("OldResourceProperties", "Targets"))] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class TickEvent:
    """EventBridge's "Scheduled Event"; ``now`` is the time it was due, in epoch seconds.

    ``round`` is the sweeper's own addition where it calls itself: an encoded `canary.rules.rollouts.trouble.Round`.
    """

    now: Annotated[Now, Field(validation_alias="time")]
    round: Mapping[str, Any] | None = None


def read_event(kind: type[Event], event: Any) -> Event:  # noqa: ANN401 - Lambda's event is of any type
    """The event as ``kind``, one of this module's.

    Raises:
        EventError: naming everything in it that cannot be read.

    """
    try:
        return parse(event=event, model=kind)
    except ValidationError as error:
        clashes = [explain(line, fields={}, shape="a mapping") for line in error.errors(include_url=False)]
    found = "; ".join(f"{'.'.join(map(str, clash.path)) or 'event'} {clash.value}" for clash in clashes)
    raise EventError(f"not the event of a {kind.__name__}: {found}; correct the state or the rule that calls this function")
