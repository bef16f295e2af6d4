"""How a release is asked for: the input of an execution, and an operator's call.

Whether the target is registered and the release exists is found out later; what cannot be meant is refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.agreement import find_twice
from canary.edge.fields import (
    AlarmName,
    Deployment,
    FunctionName,
    Lateness,
    OverrideName,
    ScheduledTime,
    StageVariableValue,
    TargetName,
    Version,
)
from canary.edge.kinds import Given, Line, OneOf
from canary.edge.model import Clash, Strict, parse
from canary.edge.policy import NameOrChanges, PolicyModel
from canary.rules.releases.release import Advance, Expectation, Operation, Release, Request, Schedule
from canary.rules.rollouts.steering import AuthorizerVerb, OperatorVerb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.releases.problems import Problem

LONGEST_REASON = 500
WHY = f"why, on one line of at most {LONGEST_REASON} characters, to which longer text is cut"
ADDED_BY_OTHERS = MappingProxyType(
    {
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "the execution that started this one, for the console's link",
        "Comment": "what the console puts into a new input; nothing reads it",
    }
)
"""Keys that may stand at the top of any execution's input (docs/aws.md#execution-input)."""


class ReleaseModel(Strict):
    """What is new."""

    functions: dict[FunctionName, Version] = Field(
        default_factory=dict,
        description="a published version by function name; a function that is not named gets its newest one",
        json_schema_extra={"additionalProperties": False},
    )
    deployment: Annotated[Deployment | None, Given()] = Field(
        default=None,
        description="the API deployment: an id, present (the API's definition as it is now) or unchanged (base's own); "
        "without it present if the definition changed since the last promotion, else unchanged",
    )

    variables: dict[OverrideName, StageVariableValue] = Field(
        default_factory=dict,
        description="stage variables for the canary alone; promotion gives them to base, a rollback drops them",
        json_schema_extra={"additionalProperties": False},
    )
    expects: tuple[Annotated[Expectation, OneOf(Expectation)], ...] = Field(
        default=(),
        description="what the release changes on purpose and is not judged by: lost routes, another share of 4xx answers",
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """What is listed twice."""
        yield from find_twice(raw, "expects")

    def release(self) -> Release:
        """The release as the rules know it."""
        return Release(MappingProxyType(self.functions), self.deployment, MappingProxyType(self.variables), self.expects)


Target = Annotated[TargetName, Field(description="the name of a registered target")]
Reason = Annotated[str, Line(LONGEST_REASON), Field(description=f"{WHY}; such as a ticket")]
ScheduledAt = Annotated[
    ScheduledTime | None,
    Given(),
    Field(description="the time that a schedule meant; what was done for it, or for a later one, is not done again"),
]
MaxLateness = Annotated[
    Lateness, Field(description="the seconds after scheduled_at from which on the execution comes too late")
]
HOUR_SECONDS = 3600


class AdvanceModel(Strict):
    """The input of an execution that takes a parked rollout's next step."""

    ignored = ADDED_BY_OTHERS

    operation: Annotated[Operation, OneOf(Operation, (Operation.ADVANCE,))] = Field(
        description="what the execution does: advance"
    )
    target: Target
    reason: Reason = ""
    scheduled_at: ScheduledAt = None
    max_lateness_seconds: MaxLateness = HOUR_SECONDS

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """What only a start can be told."""
        for name in ("release", "policy"):
            if name in raw:
                yield Clash((name,), "a parked rollout keeps what it was started with", f"drop {name}")

    def advance(self) -> Advance:
        """The advance as the rules know it."""
        return Advance(self.target, self.reason, _schedule(self.scheduled_at, self.max_lateness_seconds))


class RequestModel(Strict):
    """The input of an execution that starts a rollout."""

    ignored = ADDED_BY_OTHERS

    operation: Annotated[Operation, OneOf(Operation, (Operation.START,))] = Field(
        default=Operation.START, description="what the execution does: start; advance has an input of its own"
    )
    target: Target
    release: ReleaseModel = Field(default_factory=ReleaseModel, description="what is new; without it the newest of everything")
    policy: Annotated[PolicyModel | None, Given(), NameOrChanges()] = Field(
        default=None, description="a shipped policy's name, or changes to the target's policy for this rollout"
    )
    reason: Reason = ""
    scheduled_at: ScheduledAt = None
    max_lateness_seconds: MaxLateness = HOUR_SECONDS

    def request(self) -> Request:
        """The request as the rules know it."""
        return Request(
            target=self.target,
            release=self.release.release(),
            policy_override=self.policy.changes() if self.policy else None,
            reason=self.reason,
            schedule=_schedule(self.scheduled_at, self.max_lateness_seconds),
        )


def _schedule(scheduled_at: float | None, max_lateness_seconds: int) -> Schedule | None:
    """When an execution was to be, if a schedule says so."""
    return Schedule(scheduled_at, max_lateness_seconds) if scheduled_at is not None else None


class OperatorModel(Strict):
    """A call of OperateRollout."""

    verb: Annotated[OperatorVerb, OneOf(OperatorVerb)] = Field(
        description="what the target's rollout is asked for: abort, pause or resume"
    )
    target: TargetName = Field(description="the name of a registered target")
    reason: Annotated[str, Line(LONGEST_REASON)] = Field(default="", description=WHY)


class AuthorizerModel(Strict):
    """A call of AuthorizeRollout."""

    verb: Annotated[AuthorizerVerb, OneOf(AuthorizerVerb)] = Field(
        description="what the target's rollout is asked for: promote"
    )
    target: TargetName = Field(description="the name of a registered target")
    reason: Annotated[str, Line(LONGEST_REASON)] = Field(default="", description=WHY)
    tolerate_alarms: tuple[AlarmName, ...] = Field(
        default=(), description="alarms of the target that may fire; the record shows them"
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """What is listed twice."""
        yield from find_twice(raw, "tolerate_alarms")


@dataclass(frozen=True, slots=True)
class OperatorCall:
    """What an operator wants of a target's rollout."""

    verb: OperatorVerb
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class AuthorizerCall:
    """What someone with the right to promote wants of a target's rollout."""

    verb: AuthorizerVerb
    target: str
    reason: str
    tolerate_alarms: tuple[str, ...]


def parse_request(raw: object) -> tuple[Request | None, tuple["Problem", ...]]:
    """The request that an execution's input makes, or None and every problem."""
    model, problems = parse(RequestModel, raw)
    return (model.request(), ()) if model else (None, problems)


def parse_advance(raw: object) -> tuple[Advance | None, tuple["Problem", ...]]:
    """The advance that an execution's input makes, or None and every problem."""
    model, problems = parse(AdvanceModel, raw)
    return (model.advance(), ()) if model else (None, problems)


def release_of(raw: object) -> Release:
    """The release in an input that may be wrong elsewhere, so that all can be told at once; empty if wrong itself."""
    model, _ = parse(ReleaseModel, raw.get("release", {})) if isinstance(raw, Mapping) else (None, ())
    return model.release() if model else Release()


def parse_operator_call(raw: object) -> tuple[OperatorCall | None, tuple["Problem", ...]]:
    """An operator's call, or None and every problem."""
    model, problems = parse(OperatorModel, raw)
    return (OperatorCall(model.verb, model.target, model.reason), ()) if model else (None, problems)


def parse_authorizer_call(raw: object) -> tuple[AuthorizerCall | None, tuple["Problem", ...]]:
    """A call of AuthorizeRollout, or None and every problem."""
    model, problems = parse(AuthorizerModel, raw)
    return (AuthorizerCall(model.verb, model.target, model.reason, model.tolerate_alarms), ()) if model else (None, problems)
