"""How a release is requested: an execution's input, and an operator's call.

Invalid input is refused here. Whether the target is registered and the release exists is checked later.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.agreement import find_twice
from canary.edge.below_floor import StartName, find_start_clashes
from canary.edge.drill import DrillModel
from canary.edge.fields import (
    AlarmName,
    Deployment,
    ExecutionName,
    FunctionName,
    Lateness,
    OverrideName,
    ScheduledTime,
    StageVariableValue,
    Switch,
    TargetName,
    Version,
)
from canary.edge.kinds import Given, Line, OneOf, Prose
from canary.edge.labels import Labels, find_surplus_labels
from canary.edge.model import Clash, Strict, parse
from canary.edge.policy import NameOrChanges, PolicyModel
from canary.edge.proofs import PARENT, GivenProof, OnBehalfOf
from canary.rules.releases.release import Advance, Expectation, Operation, Release, Request, Schedule
from canary.rules.rollouts.steering import AuthorizerVerb, DirectVerb, OperatorVerb, SignalVerb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.releases.problems import Problem
    from canary.rules.rollouts.proofs import CallerProof

LONGEST_REASON = 500
WHY = f"the reason, on one line; longer text is cut to {LONGEST_REASON} characters"
ADDED_BY_OTHERS = MappingProxyType(
    {
        PARENT: "the execution that started this one, for the console's link",
        "Comment": "the console adds it to a new input; it is ignored",
    }
)
"""Keys that are allowed at the top level of any execution's input (docs/aws.md#execution-input)."""


class ReleaseModel(Strict):
    """What is new."""

    functions: dict[FunctionName, Version] = Field(
        default_factory=dict,
        description="a published version by function name; a function without an entry gets its newest version",
        json_schema_extra={"additionalProperties": False},
    )
    deployment: Annotated[Deployment | None, Given()] = Field(
        default=None,
        description="the API deployment: an id, present (the API's definition as it is now) or unchanged (base's own); "
        "the default is present if the definition changed since the last promotion, else unchanged",
    )

    variables: dict[OverrideName, StageVariableValue] = Field(
        default_factory=dict,
        description="stage variables for the canary only; promotion gives them to base, a rollback removes them",
        json_schema_extra={"additionalProperties": False},
    )
    expects: tuple[Annotated[Expectation, OneOf(Expectation)], ...] = Field(
        default=(),
        description="changes made on purpose, by which the release is not judged: lost routes, another share of 4xx answers",
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """Items that are listed twice."""
        yield from find_twice(raw, "expects")

    def release(self) -> Release:
        """The release as the rules know it."""
        return Release(MappingProxyType(self.functions), self.deployment, MappingProxyType(self.variables), self.expects)


Target = Annotated[TargetName, Field(description="the name of a registered target")]
RolloutName = Annotated[str, Prose("a rollout's id", 1, 80)]
Reason = Annotated[str, Line(LONGEST_REASON), Field(description=f"{WHY}; for example a ticket")]
ScheduledAt = Annotated[
    ScheduledTime | None,
    Given(),
    Field(description="the time that this was scheduled for; what was already done for it or a later time is not done again"),
]
MaxLateness = Annotated[Lateness, Field(description="the seconds after scheduled_at after which the execution is too late")]
HOUR_SECONDS = 3600


class AdvanceModel(Strict):
    """The input of an execution that takes the next step of a parked rollout."""

    ignored = ADDED_BY_OTHERS

    operation: Annotated[Operation, OneOf(Operation, (Operation.ADVANCE,))] = Field(
        description="what the execution does: advance"
    )
    target: Target
    reason: Reason = ""
    on_behalf_of: OnBehalfOf = ""
    scheduled_at: ScheduledAt = None
    max_lateness_seconds: MaxLateness = HOUR_SECONDS

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """Fields that only a start can have."""
        for name in ("release", "policy", "labels", "retry"):
            if name in raw:
                yield Clash((name,), "a parked rollout keeps what it was started with", f"remove {name}")

    def advance(self) -> Advance:
        """The advance as the rules know it."""
        return Advance(self.target, self.reason, _schedule(self.scheduled_at, self.max_lateness_seconds))


class RequestModel(Strict):
    """The input of an execution that starts a rollout."""

    ignored = ADDED_BY_OTHERS

    operation: Annotated[Operation, OneOf(Operation, (Operation.START,))] = Field(
        default=Operation.START, description="what the execution does: start; an advance has its own input"
    )
    target: Target
    release: ReleaseModel = Field(
        default_factory=ReleaseModel, description="what is new; the default is the newest of everything"
    )
    policy: Annotated[PolicyModel | None, Given(), NameOrChanges()] = Field(
        default=None, description="a shipped policy's name, or changes to the target's policy for this rollout"
    )
    reason: Reason = ""
    labels: Labels = Field(default_factory=dict)
    retry: Switch = Field(
        default=False,
        description="whether a release that was rolled back before is started all the same; it needs a reason",
    )
    drill: Annotated[DrillModel | None, Given()] = Field(
        default=None, description="marks the rollout as a drill, which only a target with drill: true takes"
    )
    on_behalf_of: OnBehalfOf = ""
    scheduled_at: ScheduledAt = None
    max_lateness_seconds: MaxLateness = HOUR_SECONDS

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """Too many labels, and a retry without a reason."""
        yield from find_surplus_labels(raw)
        yield from _find_unreasoned(raw)

    def request(self) -> Request:
        """The request as the rules know it."""
        return Request(
            target=self.target,
            release=self.release.release(),
            policy_override=self.policy.changes() if self.policy else None,
            reason=self.reason,
            schedule=_schedule(self.scheduled_at, self.max_lateness_seconds),
            labels=MappingProxyType(self.labels),
            is_retry=self.retry,
            drill=self.drill.drill() if self.drill else None,
        )


def _find_unreasoned(raw: Mapping[Any, Any]) -> "Iterable[Clash]":
    """A retry that does not say why."""
    retry, reason = raw.get("retry"), raw.get("reason", "")
    is_retry = retry is True or (isinstance(retry, str) and retry.strip().lower() == "true")
    if is_retry and isinstance(reason, str) and not reason.strip():
        yield Clash(("retry",), "a retry needs a reason, got none", "say in reason why this release may be started again")


def _schedule(scheduled_at: float | None, max_lateness_seconds: int) -> Schedule | None:
    """When the execution was due, if a schedule says so."""
    return Schedule(scheduled_at, max_lateness_seconds) if scheduled_at is not None else None


def _listed(verbs: type[enum.StrEnum]) -> str:
    """The verbs in one phrase: `abort, pause or resume`."""
    return " or ".join(", ".join(verb.value for verb in verbs).rsplit(", ", 1))


class OperatorModel(Strict):
    """A call of OperateRollout."""

    verb: Annotated[OperatorVerb, OneOf(OperatorVerb)] = Field(
        description=f"what the target's rollout is asked for: {_listed(OperatorVerb)}"
    )
    target: TargetName = Field(description="the name of a registered target")
    reason: Annotated[str, Line(LONGEST_REASON)] = Field(default="", description=WHY)
    to: Annotated[RolloutName | None, Given()] = Field(
        default=None,
        description="for revert: the earlier rollout whose release is brought back; without it, what base served before",
    )
    execution: Annotated[ExecutionName | None, Given()] = Field(
        default=None,
        description="for abort: the execution, by its ARN or name, that is to be aborted alone, also before it has a rollout",
    )
    on_behalf_of: OnBehalfOf = ""
    proof: GivenProof = None

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """A rollout to go back to, or an execution, for a verb that takes none."""
        if "to" in raw and raw.get("verb") != OperatorVerb.REVERT:
            yield Clash(("to",), "only revert goes back to a rollout that is named", "remove to, or call revert")
        if "execution" in raw and raw.get("verb") != OperatorVerb.ABORT:
            yield Clash(("execution",), "only abort takes an execution", "remove execution")


class AuthorizerModel(Strict):
    """A call of AuthorizeRollout."""

    verb: Annotated[AuthorizerVerb, OneOf(AuthorizerVerb)] = Field(
        description=f"what the target's rollout is asked for: {_listed(AuthorizerVerb)}"
    )
    target: TargetName = Field(description="the name of a registered target")
    reason: Annotated[str, Line(LONGEST_REASON)] = Field(default="", description=WHY)
    on_behalf_of: OnBehalfOf = ""
    proof: GivenProof = None
    tolerate_alarms: tuple[AlarmName, ...] = Field(
        default=(), description="alarms of the target that may fire; the record shows them"
    )

    name: Annotated[StartName | None, Given()] = Field(
        default=None, description="for start_below_floor: the name of the execution to start, which was never used before"
    )
    input: Annotated[dict[str, Any] | None, Given()] = Field(
        default=None, description="for start_below_floor: the execution's input, as for any start"
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> "Iterable[Clash]":
        """What is listed twice, and what only the other verb has."""
        yield from find_twice(raw, "tolerate_alarms")
        yield from find_start_clashes(raw)


@dataclass(frozen=True, slots=True)
class OperatorCall:
    """What an operator asks of a target's rollout."""

    verb: SignalVerb | DirectVerb
    target: str
    reason: str
    to: str | None = None
    execution: str | None = None
    on_behalf_of: str = ""
    proof: "CallerProof | None" = None


@dataclass(frozen=True, slots=True)
class AuthorizerCall:
    """What someone with the right to promote wants of a target's rollout."""

    verb: AuthorizerVerb
    target: str
    reason: str
    tolerate_alarms: tuple[str, ...]
    on_behalf_of: str = ""
    proof: "CallerProof | None" = None
    name: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


def parse_request(raw: object) -> tuple[Request | None, tuple["Problem", ...]]:
    """The request in an execution's input, or None and every problem."""
    model, problems = parse(RequestModel, raw)
    return (model.request(), ()) if model else (None, problems)


def parse_advance(raw: object) -> tuple[Advance | None, tuple["Problem", ...]]:
    """The advance in an execution's input, or None and every problem."""
    model, problems = parse(AdvanceModel, raw)
    return (model.advance(), ()) if model else (None, problems)


def release_of(raw: object) -> Release:
    """The release in an input that may be wrong elsewhere, so that all problems are reported at once; empty if itself wrong."""
    model, _ = parse(ReleaseModel, raw.get("release", {})) if isinstance(raw, Mapping) else (None, ())
    return model.release() if model else Release()


def parse_operator_call(raw: object) -> tuple[OperatorCall | None, tuple["Problem", ...]]:
    """An operator's call, or None and every problem."""
    model, problems = parse(OperatorModel, raw)
    if model is None:
        return None, problems
    proof = model.proof.proof() if model.proof else None
    return OperatorCall(
        model.verb.done_as, model.target, model.reason, model.to, model.execution, model.on_behalf_of, proof
    ), ()


def parse_authorizer_call(raw: object) -> tuple[AuthorizerCall | None, tuple["Problem", ...]]:
    """A call of AuthorizeRollout, or None and every problem."""
    model, problems = parse(AuthorizerModel, raw)
    if model is None:
        return None, problems
    return AuthorizerCall(
        model.verb,
        model.target,
        model.reason,
        model.tolerate_alarms,
        model.on_behalf_of,
        proof=model.proof.proof() if model.proof else None,
        name=model.name or "",
        given=model.input or {},
    ), ()
