"""The events that call the functions: from the state machine's Tasks, from EventBridge and from schedules.

The state machine and AWS write these events, so a wrong one is not a user's fault: it raises an ordinary error and refuses no
input. Unknown keys are allowed. The user's own input inside an event is not read here.
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
"""Used for a function that failed without a message; the state machine uses the same sentence."""

UNKNOWN, NO_ANSWER = "Lambda.Unknown", "the function ended without an answer; see its log"
"""Used for a function that was killed. Its cause is Lambda's own text, with the payload in it (docs/aws.md#lambda-unknown)."""


class EventError(Exception):
    """The state machine's fault: it called a function with an event that the function cannot read."""


Now = Annotated[float, Instant()]
RolloutId = Annotated[str, Prose("a rollout id", 1, 128)]
Arn = Annotated[str, Prose("an ARN", 1, 2048)]
Url = Annotated[str, Prose("an address", 1, 8192)]
Word = Annotated[str, Prose("a word", 1, 256)]
Names = Mapping[str, str]
Count = Annotated[int, Whole("a number of waits", 0, 2**53, "pass the count that the state machine keeps")]


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """The event of every Task. ``execution`` is the ARN; ``now`` is when the state was entered, in epoch seconds."""

    target: TargetName
    rollout_id: RolloutId
    execution: Arn
    now: Now


@dataclass(frozen=True, slots=True)
class InputEvent:
    """The event of ``AdvanceRollout``; ``input`` is the execution's input as the user wrote it."""

    input: Any
    rollout_id: RolloutId
    execution: Arn
    now: Now


@dataclass(frozen=True, slots=True)
class CheckEvent(InputEvent):
    """The event of ``CheckRelease``; ``waits`` counts how often this execution has waited for a version of the release.

    ``replacements``: how often it has waited for an older rollout to end. ``requested_at``: when this execution began (epoch
    seconds); without it a start is older than any rollout and replaces none.
    """

    waits: Count = 0
    replacements: Count = 0
    requested_at: Now = 0.0


@dataclass(frozen=True, slots=True)
class LockEvent(TaskEvent):
    """The event of ``TakeLock``; ``fencing_token`` is the target's fencing token when the checks began."""

    fencing_token: Annotated[int, Whole("a fencing token", 0, 2**53, "pass the token that CheckRelease returned")]
    draft: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReplaceEvent(TaskEvent):
    """The event of ``ReplaceRollout``; ``requested_at`` (epoch seconds) is when this execution began."""

    requested_at: Now


@dataclass(frozen=True, slots=True)
class LookEvent(TaskEvent):
    """The event of ``EvaluateCanary``; ``baking_since`` (epoch seconds) is when the bake before this look was entered."""

    baking_since: Now


@dataclass(frozen=True, slots=True)
class DrainEvent(TaskEvent):
    """The event of ``CheckDrain``; ``settling_since`` (epoch seconds) is when the wait before this check was entered."""

    settling_since: Now


@dataclass(frozen=True, slots=True)
class SafetyEvent(TaskEvent):
    """The event of ``MakeSafe``: the error that led there, as Step Functions reports it.

    ``is_begun``: whether the lock was certainly taken, so that the rollout may have changed something.
    """

    is_begun: bool = False
    error: Annotated[str, Field(validation_alias=AliasPath("failure", "Error"))] = ""
    cause: Annotated[str, Field(validation_alias=AliasPath("failure", "Cause"))] = ""

    @property
    def reason(self) -> str:
        """The error in one sentence: the function's own message where there is one (docs/aws.md#lambda-error-cause)."""
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
    """An event that the controller itself sent; ``kind`` is its detail-type, ``now`` is when it was sent, in epoch seconds."""

    kind: Annotated[Word, Field(validation_alias="detail-type")]
    detail: Mapping[str, Any]
    account: Word
    region: Word
    now: Annotated[Now, Field(validation_alias="time")]


@dataclass(frozen=True, slots=True)
class EndEvent:
    """An event of the controller about a rollout that has ended or was parked."""

    target: Annotated[TargetName, Field(validation_alias=AliasPath("detail", "target"))]
    rollout_id: Annotated[RolloutId, Field(validation_alias=AliasPath("detail", "rollout"))]


@dataclass(frozen=True, slots=True)
class StackEvent:
    """CloudFormation's request for a custom resource; ``target`` is empty if it concerns all targets.

    ``definition`` is the target's new definition. The keys of ``targets`` are the names of all targets of a stack, those of
    ``old_targets`` the names before the update. All three are empty for resources that do not need them.
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
    """EventBridge's "Scheduled Event"; ``now`` is when it was due, in epoch seconds.

    ``round`` is set only where the sweeper calls itself: an encoded `canary.rules.rollouts.trouble.Round`.
    """

    now: Annotated[Now, Field(validation_alias="time")]
    round: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WidgetEvent:
    """A dashboard's call of a custom widget (docs/aws.md#custom-widgets).

    ``describe``: only the widget's documentation is asked for. ``target`` is the widget's own parameter, empty without one.
    ``theme`` is the dashboard's, ``offset`` that of its time zone, such as ``+05:45``.
    """

    describe: bool = False
    target: str = ""
    theme: Annotated[str, Field(validation_alias=AliasPath("widgetContext", "theme"))] = ""
    offset: Annotated[str, Field(validation_alias=AliasPath("widgetContext", "timezone", "offsetISO"))] = ""


def read_event(kind: type[Event], event: Any) -> Event:  # noqa: ANN401 - Lambda's event is of any type
    """The event as ``kind``, one of this module's classes.

    Raises:
        EventError: with every field that cannot be read.

    """
    try:
        return parse(event=event, model=kind)
    except ValidationError as error:
        clashes = [explain(line, fields={}, shape="a mapping") for line in error.errors(include_url=False)]
    found = "; ".join(f"{'.'.join(map(str, clash.path)) or 'event'} {clash.value}" for clash in clashes)
    raise EventError(f"not a {kind.__name__}: {found}; correct the state or the rule that calls this function")
