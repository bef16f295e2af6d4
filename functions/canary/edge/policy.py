"""How a policy is written: the name of a shipped one, or a mapping that starts from one and changes keys.

This module knows the keys, their units and their bounds. Whether a policy fits the history of one execution is checked by the
plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from aws_lambda_powertools.utilities.parser import Field
from pydantic_core import PydanticCustomError, core_schema

from canary.edge.fields import YEAR_SECONDS, Seconds, ShippedPolicy, Switch, WeightPercent
from canary.edge.kinds import Given, OneOf, Prose, Rate, Whole
from canary.edge.model import Clash, Strict
from canary.rules.targets.policy import (
    AfterPause,
    AfterPromotion,
    AfterRollback,
    OnNewer,
    Policy,
    PolicyChanges,
    Progression,
    Step,
    WhenQuiet,
    WhenUnproven,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


BAKE = Whole("a whole number of seconds", 1, YEAR_SECONDS, "give the time it is watched, such as 900 for fifteen minutes")
METRIC_DELAY = Whole(
    "a whole number of seconds", 60, 3600, "give the time after which a minute's metrics are complete, usually 120"
)
CALM_LOOK = Whole(
    "a whole number of seconds", 60, 900, "give the time between two looks, 120 for every second minute or 60 for each minute"
)
LEAST_REQUESTS = Whole(
    "a whole number of requests", 1, 10**9, "give the canary requests that each step needs for a judgement, usually 50"
)
BLIND = Whole(
    "a whole number of seconds", 60, 86_400, "give the time a step waits for a silent metric, such as 600 for ten minutes"
)
PARKED = Whole(
    "a whole number of seconds", 60, 30 * 86_400, "give the time until someone must advance it, such as 86400 for a day"
)
PAUSED = Whole(
    "a whole number of seconds", 0, 7 * 86_400, "give the time that all pauses together may last, 14400 is four hours"
)
WATCHED = Whole(
    "a whole number of seconds", 0, 86_400, "give the time that the promoted release is watched, 900 is fifteen minutes"
)
POINTS = Rate("rate points", 0, 1, "write 0.01 for one percentage point")
ALPHA = Rate("a share of good releases", 0, 0.5, "write 0.01 to roll back at most one good release in 100")


class StepModel(Strict):
    """One step: a weight and its bake time."""

    weight_percent: Annotated[Decimal, WeightPercent()] = Field(
        description="the percent of requests the canary gets, above 0 and below 100, at most two decimals"
    )
    bake_seconds: Annotated[int, BAKE] = Field(description="the seconds that this weight stays and is watched")


class RatesModel(Strict):
    """Rate points per metric; omitted ones keep their value."""

    errors: Annotated[float | None, POINTS] = Field(default=None, description="rate points of the error rate")
    client_errors: Annotated[float | None, POINTS] = Field(default=None, description="rate points of the share of 4xx answers")
    slow: Annotated[float | None, POINTS] = Field(default=None, description="rate points of the share of slow requests")
    business: Annotated[float | None, POINTS] = Field(default=None, description="rate points of each business metric")

    def rates(self) -> Mapping[str, float]:
        """The rate points that were given."""
        return MappingProxyType(self.model_dump(exclude_none=True))


class PolicyModel(Strict):
    """The keys of a policy. An omitted key keeps its value from the policy that this one starts from."""

    shape: ClassVar[str] = "a shipped policy's name, or a mapping"

    from_: Annotated[Policy | None, ShippedPolicy()] = Field(
        default=None,
        alias="from",
        description="the shipped policy to start from; the default for a target is standard, "
        "and for an execution's input the target's own policy",
    )
    name: Annotated[str | None, Prose("a policy's name", 1, 64)] = Field(
        default=None, description="the name in reports; the default is the name of the policy it starts from, with (changed)"
    )
    steps: Annotated[tuple[StepModel, ...] | None, Given()] = Field(
        default=None,
        description="the weights in rising order, each with its bake time; promotion follows the last one",
        json_schema_extra={"minItems": 1},
    )
    alpha: Annotated[float | None, ALPHA] = Field(
        default=None, description="the share of good releases that may be rolled back, 0.01 is 1 %"
    )
    detect: Annotated[RatesModel | None, Given()] = Field(
        default=None,
        description="by metric, the smallest harm (rate points) that the traffic must be enough to detect",
    )
    delta: Annotated[RatesModel | None, Given()] = Field(
        default=None, description="by metric, how much worse (rate points) a canary may be and still advance early"
    )
    metric_delay_seconds: Annotated[int | None, METRIC_DELAY] = Field(
        default=None, description="the seconds from the end of a minute until its metrics are complete"
    )
    calm_look_seconds: Annotated[int | None, CALM_LOOK] = Field(
        default=None,
        description="the most seconds between two looks while nothing speaks against the release, in whole minutes, from the "
        "fifth minute of a step and after the promotion; 60 looks each minute",
    )
    min_requests: Annotated[int | None, LEAST_REQUESTS] = Field(
        default=None, description="the canary requests that every step needs for a judgement"
    )
    max_extension_seconds: Annotated[Seconds | None, Given()] = Field(
        default=None,
        description="the seconds by which a step may be extended while too little is proven, or the evidence is high",
    )
    when_unproven: Annotated[WhenUnproven | None, OneOf(WhenUnproven)] = Field(
        default=None, description="what follows when the extension is used up: hold, roll_back or promote"
    )
    when_quiet: Annotated[WhenQuiet | None, OneOf(WhenQuiet)] = Field(
        default=None,
        description="what a start does when base's traffic of the last day is too little for the steps: go or refuse",
    )
    max_blind_seconds: Annotated[int | None, BLIND] = Field(
        default=None,
        description="the seconds that a step is held for a failing instrument or a silent metric before it rolls back",
    )
    early_advance: Annotated[Switch | None, Given()] = Field(
        default=None,
        description="whether a step may end before its bake time is over once the canary is proven safe enough",
    )
    not_before_seconds: Annotated[Seconds | None, Given()] = Field(
        default=None, description="the seconds after the first shift before which there is no promotion"
    )
    tolerate_firing_alarms: Annotated[Switch | None, Given()] = Field(
        default=None, description="whether alarms that already fire at the start are tolerated"
    )
    progression: Annotated[Progression | None, OneOf(Progression)] = Field(
        default=None,
        description="continuous, or scheduled: parked after each step until an execution advances it",
    )
    max_parked_seconds: Annotated[int | None, PARKED] = Field(
        default=None, description="the seconds that a scheduled rollout waits parked for its next advance before it rolls back"
    )
    after_rollback: Annotated[AfterRollback | None, OneOf(AfterRollback)] = Field(
        default=None,
        description="what a start does when its release was rolled back before, unless it says retry: refuse or allow",
    )
    max_pause_seconds: Annotated[int | None, PAUSED] = Field(
        default=None, description="the seconds that all pauses of a rollout together may last; 0 allows none"
    )
    after_pause: Annotated[AfterPause | None, OneOf(AfterPause)] = Field(
        default=None, description="what follows when the pauses have lasted that long: roll_back or resume"
    )
    on_newer: Annotated[OnNewer | None, OneOf(OnNewer)] = Field(
        default=None,
        description="what a start does when an older rollout holds the target: refuse, or replace: roll that one back first",
    )

    watch_seconds: Annotated[int | None, WATCHED] = Field(
        default=None, description="the seconds that the promoted release is watched; 0 ends the rollout at the flip"
    )
    after_promotion: Annotated[AfterPromotion | None, OneOf(AfterPromotion)] = Field(
        default=None, description="what follows when that watch condemns the release: revert or notify"
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterable[Clash]:
        """Weights that do not rise, and an empty list of steps."""
        match raw.get("steps"):
            case []:
                return [Clash(("steps",), "there are no steps", "give at least one weight with its bake")]
            case list() | tuple() as steps:
                return _find_falling(steps)
            case _:
                return ()

    def changes(self) -> PolicyChanges:
        """The changes as the rules know them."""
        given = self.model_dump(exclude={"from_", "steps", "detect", "delta"})
        return PolicyChanges(
            starts_from=self.from_,
            steps=tuple(Step(step.weight_percent, step.bake_seconds) for step in self.steps) if self.steps else None,
            detect=self.detect.rates() if self.detect else None,
            delta=self.delta.rates() if self.delta else None,
            **given,
        )


class NameOrChanges:
    """Lets a shipped policy's name stand for a mapping that starts from it and changes nothing."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: "GetJsonSchemaHandler"
    ) -> "JsonSchemaValue":
        return {"anyOf": [ShippedPolicy().schema(), handler(schema)]}

    @staticmethod
    def _expand(value: object) -> object:
        if isinstance(value, str):
            ShippedPolicy().read(value)
            return {"from": value}
        return value


PolicyField = Annotated[PolicyModel, NameOrChanges()]


def policy_to_mapping(policy: Policy) -> dict[str, Any]:
    """Every key of the policy as ``PolicyModel`` reads it, in JSON's own types."""
    return {
        "name": policy.name,
        "steps": [{"weight_percent": float(step.weight_percent), "bake_seconds": step.bake_seconds} for step in policy.steps],
        "alpha": policy.alpha,
        "detect": dict(policy.detect),
        "delta": dict(policy.delta),
        "metric_delay_seconds": policy.metric_delay_seconds,
        "calm_look_seconds": policy.calm_look_seconds,
        "min_requests": policy.min_requests,
        "max_extension_seconds": policy.max_extension_seconds,
        "when_unproven": policy.when_unproven.value,
        "when_quiet": policy.when_quiet.value,
        "max_blind_seconds": policy.max_blind_seconds,
        "early_advance": policy.early_advance,
        "not_before_seconds": policy.not_before_seconds,
        "tolerate_firing_alarms": policy.tolerate_firing_alarms,
        "progression": policy.progression.value,
        "max_parked_seconds": policy.max_parked_seconds,
        "after_rollback": policy.after_rollback.value,
        "max_pause_seconds": policy.max_pause_seconds,
        "after_pause": policy.after_pause.value,
        "watch_seconds": policy.watch_seconds,
        "after_promotion": policy.after_promotion.value,
        "on_newer": policy.on_newer.value,
    }


def _find_falling(steps: Iterable[object]) -> Iterator[Clash]:
    percents = [(index, percent) for index, step in enumerate(steps) if (percent := _weight_percent(step)) is not None]
    for (_, before), (index, percent) in pairwise(percents):
        if percent <= before:
            got = f"step weights must rise, got {before:f} then {percent:f}"
            yield Clash(("steps", index, "weight_percent"), got, "reorder policy.steps")


def _weight_percent(step: object) -> Decimal | None:
    try:
        return WeightPercent().read(step["weight_percent"]) if isinstance(step, Mapping) else None
    except (KeyError, PydanticCustomError):
        return None
