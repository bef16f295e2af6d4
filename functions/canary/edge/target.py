"""How a target is written: as the mapping in a YAML file, and compiled, as the JSON in its SSM parameter.

The compiled form is the same mapping with the complete policy in it, so a parameter that someone edited is read as strictly as
a file. This module checks a target on its own; whether its API, functions and alarms exist is checked on AWS.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.agreement import find_alias_clashes, find_filter_problems, find_log_clashes, find_outside_clashes, find_twice
from canary.edge.fields import (
    AlarmName,
    AliasName,
    AuthorizerName,
    FunctionName,
    HttpMethod,
    LogGroupName,
    ResourcePath,
    RestApiId,
    RoleArn,
    StageName,
    StageVariableName,
    Switch,
    TargetName,
)
from canary.edge.floor import FloorModel, floor_to_mapping
from canary.edge.kinds import Given
from canary.edge.metrics import MetricsModel, metrics_to_mapping
from canary.edge.model import Clash, Strict, parse, require
from canary.edge.policy import PolicyField, PolicyModel, policy_to_mapping
from canary.rules.releases.floors import find_below_floor
from canary.rules.releases.problems import Problem
from canary.rules.targets.policy import STANDARD, effective_policy
from canary.rules.targets.target import Outside, OutsideRoute, Stage, Target, TargetFunction

LARGEST_PARAMETER = 8_192
"""The most characters of an SSM parameter in the advanced tier (docs/aws.md#parameter-size)."""

ROOM_FOR_ROLE = 200
"""Characters that the role's ARN adds to a registration; the app creates the role after it has read the target."""


class StageModel(Strict):
    """The API Gateway stage whose canary splits the traffic."""

    rest_api_id: RestApiId = Field(description="the REST API's id")
    stage_name: StageName = Field(description="the stage's name")
    alias_variable: StageVariableName = Field(
        description="the stage variable at the end of the integrations' URIs, which names the alias"
    )


class FunctionModel(Strict):
    """A function with the aliases that the controller owns."""

    name: FunctionName = Field(description="the function's name")
    live: AliasName = Field(description="the alias that production uses")
    canary: Annotated[AliasName | None, Given()] = Field(
        default=None, description="the alias that the canary uses; required with a stage, not allowed without one"
    )


class OutsideModel(Strict):
    """Something outside the rollout: routes by path and methods, or an authorizer by name."""

    path: Annotated[ResourcePath | None, Given()] = Field(
        default=None, description="a resource path; * at the end stands for any text, so /legacy/* is everything below /legacy"
    )
    methods: tuple[HttpMethod, ...] = Field(default=(), description="the HTTP methods; the default is all methods of the path")
    authorizer: Annotated[AuthorizerName | None, Given()] = Field(default=None, description="an authorizer's name")

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterable[Clash]:
        """An entry with neither or both, and an authorizer with methods."""
        yield from find_twice(raw, "methods")
        if ("path" in raw) == ("authorizer" in raw):
            yield Clash((), "it needs either a path or an authorizer", "give one of them")
        if "authorizer" in raw and "methods" in raw:
            yield Clash(("methods",), "an authorizer has no methods", "remove methods, or give a path")


class TargetModel(Strict):
    """A target: one API stage, or one set of aliases, with its functions, policy, metrics and alarms."""

    name: TargetName = Field(description="the name it is registered by: lower-case letters, digits and -")
    stage: Annotated[StageModel | None, Given()] = Field(
        default=None,
        description="the API stage whose canary splits the traffic; without it the aliases' own weights split it",
    )
    functions: tuple[FunctionModel, ...] = Field(
        description="the functions with their aliases, at least one", json_schema_extra={"minItems": 1}
    )
    access_log_group: Annotated[LogGroupName | None, Given()] = Field(
        default=None,
        description="the log group of the stage's access log; without it only Lambda's own metrics are compared",
    )
    policy: PolicyField = Field(
        default_factory=PolicyModel,
        description="how carefully a release is brought in: a shipped policy's name, or changes to one",
    )
    floor: FloorModel = Field(
        default_factory=FloorModel,
        description="the least care that the policy of any start must take; less needs an authorizer with a reason",
    )
    metrics: MetricsModel = Field(default_factory=MetricsModel, description="what is compared between canary and base")
    alarms: tuple[AlarmName, ...] = Field(
        default=(),
        description="your own alarms by name, in this account and Region only; one that fires causes a rollback",
    )
    shared_live_alias: Switch = Field(
        default=False,
        description="whether others (event sources, topics, rules, other stages) may use the live aliases too; "
        "no setting lets them use the canary aliases",
    )
    outside: tuple[OutsideModel, ...] = Field(
        default=(),
        description="routes and authorizers outside the rollout: both arms share them, and their requests are not counted",
    )
    role_arn: Annotated[RoleArn | None, Given()] = Field(
        default=None,
        description="the role that the controller assumes for everything it does to the target; the CDK app creates one",
    )

    drill: Switch = Field(
        default=False,
        description="whether drills may rehearse failures here; only for a stage on which no real user depends",
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterable[Clash]:
        """Disagreements between the functions, the stage, the log and the metrics."""
        if raw.get("functions") == []:
            yield Clash(("functions",), "there are no functions", "give at least one with its aliases")
        yield from find_twice(raw, "functions", "name")
        yield from find_twice(raw, "alarms")
        yield from find_twice(raw, "outside", "authorizer")
        yield from find_alias_clashes(raw)
        yield from find_log_clashes(raw)
        yield from find_outside_clashes(raw)

    def target(self) -> Target:
        """The target as the rules know it."""
        return Target(
            name=self.name,
            functions=tuple(TargetFunction(each.name, each.live, each.canary) for each in self.functions),
            policy=effective_policy(STANDARD, self.policy.changes()),
            stage=Stage(**self.stage.model_dump()) if self.stage else None,
            access_log_group=self.access_log_group,
            metrics=self.metrics.metrics(),
            alarms=self.alarms,
            shared_live_alias=self.shared_live_alias,
            role_arn=self.role_arn,
            floor=self.floor.floor(),
            drill=self.drill,
            outside=Outside(
                routes=tuple(OutsideRoute(one.path, one.methods) for one in self.outside if one.path),
                authorizers=tuple(one.authorizer for one in self.outside if one.authorizer),
            ),
        )


def parse_target(raw: object, *, at: str = "") -> tuple[Target | None, tuple[Problem, ...]]:
    """The target in a file's mapping, or None and every problem; ``at`` prefixes the fields' paths."""
    model, problems = parse(TargetModel, raw, at=at)
    target = model.target() if model else None
    problems = (*find_filter_problems(target, at), *_find_excess(target, at), *_find_below(target, at)) if target else problems
    return (None, problems) if problems else (target, ())


def require_target(raw: object, *, at: str = "") -> Target:
    """The target in a file's mapping; raises ``RefusedError`` with every problem."""
    return require(parse_target(raw, at=at))


def target_to_json(target: Target) -> str:
    """The compiled target for its SSM parameter: compact JSON, with every key of its policy."""
    compiled = {
        "name": target.name,
        "stage": _stage_to_mapping(target.stage) if target.stage else None,
        "functions": [_function_to_mapping(function) for function in target.functions],
        "access_log_group": target.access_log_group,
        "policy": policy_to_mapping(target.policy),
        "floor": floor_to_mapping(target.floor) or None,
        "metrics": metrics_to_mapping(target.metrics),
        "alarms": target.alarms,
        "shared_live_alias": target.shared_live_alias,
        "outside": _outside_to_list(target.outside),
        "role_arn": target.role_arn,
        "drill": target.drill or None,
    }
    return json.dumps(_without_none(compiled), separators=(",", ":"))


@lru_cache(maxsize=256)
def target_from_json(text: str) -> Target:
    """The target in its SSM parameter; raises ``RefusedError`` with every problem, whose paths begin with ``target``.

    A warm function parses each text only once, because the sweeper reads the same ones every minute.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        problem = Problem("target", f"the registered target is not valid JSON: {error}", "register the target again")
        return require((None, (problem,)))
    return require_target(raw, at="target")


def _find_excess(target: Target, at: str) -> Iterator[Problem]:
    """A target that is too large to register, reported at its largest field. One with a role is already registered."""
    compiled = target_to_json(target)
    if target.role_arn is None and (size := len(compiled) + ROOM_FOR_ROLE) > LARGEST_PARAMETER:
        read = json.loads(compiled)
        longest = max(("functions", "alarms", "outside", "metrics"), key=lambda key: len(json.dumps(read[key])))
        fix = f"give fewer {longest}, or shorter names"
        yield Problem(
            f"{at}.{longest}" if at else longest,
            f"the target's registration would be {size:,} characters long, and an SSM parameter takes {LARGEST_PARAMETER:,}",
            f"{fix}; a composite alarm can stand for many" if longest == "alarms" else fix,
        )


def _find_below(target: Target, at: str) -> Iterator[Problem]:
    """A policy below the target's own floor: no start without changes could ever be accepted."""
    for below in find_below_floor(target.floor, target.policy, "give the target a more careful policy, or lower its floor"):
        yield replace(below, field=f"{at}.{below.field}" if at else below.field)


def _stage_to_mapping(stage: Stage) -> dict[str, str]:
    return {
        "rest_api_id": stage.rest_api_id,
        "stage_name": stage.stage_name,
        "alias_variable": stage.alias_variable,
    }


def _outside_to_list(outside: Outside) -> list[dict[str, Any]]:
    routes = [{"path": route.path, **({"methods": route.methods} if route.methods else {})} for route in outside.routes]
    return [*routes, *({"authorizer": name} for name in outside.authorizers)]


def _function_to_mapping(function: TargetFunction) -> dict[str, Any]:
    return _without_none({"name": function.name, "live": function.live, "canary": function.canary})


def _without_none(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None}
