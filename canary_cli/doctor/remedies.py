"""The AWS CLI lines that give a target what it lacks, by what they are for. None of them is noticed by a request.

They follow one order: versions and aliases, permissions, the stage variable, the access log, its filters, and last the
integrations. Until a rollout brings the changed integrations in, base's deployment goes on calling what it calls now.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING, Any

from canary.rules.checks.api_callers import callers_in
from canary.rules.checks.call_checks import find_rewrites
from canary.rules.checks.caller_checks import AliasPolicy
from canary.rules.checks.callers import ApiIdentity
from canary.rules.checks.stage_checks import ground_of
from canary.rules.checks.survey import Survey
from canary.rules.definitions.integrations import Place
from canary.rules.releases.readings import ReadDefinition, read_release
from canary.rules.releases.release import Release
from canary.rules.targets.access_log import LOG_FORMAT, find_misfit, metric_filters
from canary.rules.targets.instruments import Expected, SeenInstruments, find_faults
from canary.rules.targets.target import Target
from canary_cli.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.checks.callers import Caller
    from canary.rules.checks.stage_checks import StageSurvey
    from canary.rules.definitions.definition import Definition
    from canary.rules.definitions.integrations import Call
    from canary.rules.targets.target import Stage, TargetFunction

LOG_ROLE = "apigateway-logs"
LOG_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
INTEGRATIONS, VARIABLE, LOG = "integrations", "stage variable", "access log"


def area_of(function: str) -> str:
    """The area of a function's checks."""
    return f"function {function}"


@dataclass(frozen=True, slots=True)
class Patient:
    """A target as it was read.

    ``place``: where its functions are, None if that is not known. ``first``: what happens to another rollout before a start.
    """

    target: Target
    release: Release
    survey: Survey
    place: Place | None
    around: Surroundings
    first: str = ""

    @property
    def stage(self) -> StageSurvey | None:
        """The stage, if it was read and exists."""
        found = self.survey.stage
        return found if found and found.stage else None

    @property
    def definition(self) -> Definition | None:
        """The definition that the release brings, if it can be read."""
        if self.target.stage is None or self.stage is None or self.stage.definitions is None:
            return None
        read = read_release(self.release.deployment, self.stage.definitions, self.target.stage)
        return read.definition if isinstance(read, ReadDefinition) else None

    @property
    def rewrites(self) -> tuple[tuple[Call, str], ...]:
        """The calls that bypass the alias variable, with the URIs that do not."""
        if self.stage is None or self.definition is None:
            return ()
        return tuple(find_rewrites(self.definition, ground_of(self.target, self.release, self.stage, self.place)))


def remedies_of(patient: Patient) -> dict[str, tuple[str, ...]]:
    """By area, the commands in their order; the areas too are in the order in which they are to be run."""
    callers = _callers(patient)
    found = {
        area_of(one.name): tuple(_of_function(patient, one, callers.get(one.name, ()))) for one in patient.target.functions
    }
    stage = patient.target.stage
    if stage and patient.stage:
        found[VARIABLE] = tuple(_of_variable(patient, stage))
        found[LOG] = (*_of_log(patient, stage), *_of_filters(patient))
        found[INTEGRATIONS] = tuple(_of_calls(patient, stage))
    return {area: commands for area, commands in found.items() if commands}


def _callers(patient: Patient) -> Mapping[str, tuple[Caller, ...]]:
    """Who calls each function once the integrations go through the variable."""
    definition, stage = patient.definition, patient.target.stage
    if definition is None or stage is None:
        return {}
    uris = {call.by: uri for call, uri in patient.rewrites}
    methods = tuple(
        replace(one, integration=replace(one.integration, uri=uris.get(str(one), one.integration.uri)))
        if one.integration
        else one
        for one in definition.methods
    )
    authorizers = {
        name: replace(one, uri=uris.get(f"authorizer {name}", one.uri)) for name, one in definition.authorizers.items()
    }
    return callers_in(replace(definition, methods=methods, authorizers=authorizers), stage)


def _of_function(patient: Patient, function: TargetFunction, callers: tuple[Caller, ...]) -> Iterator[str]:
    found = patient.survey.functions[function.name]
    aliases = {function.live: found.live}
    if function.canary:
        aliases[function.canary] = found.canary
    for alias, there in aliases.items():
        if there is None:
            yield _create_alias(function.name, alias, found.live.version if found.live else None)
    stage, place = patient.target.stage, patient.place
    if stage is None or place is None:
        return
    identity = ApiIdentity(place.partition, place.region, place.account, stage.rest_api_id, stage.stage_name)
    for alias in aliases:
        policy = AliasPolicy(function.name, alias, place.arn(function.name, alias), found.policies.get(alias), identity)
        yield from policy.find_grants(callers)


def _create_alias(function: str, alias: str, version: str | None) -> str:
    """An alias on the version that base runs; without one, on what the function itself runs, published if it is not yet."""
    published = f'"$(aws lambda publish-version --function-name {quote(function)} --query Version --output text)"'
    return (
        f"aws lambda create-alias --function-name {quote(function)} --name {quote(alias)} "
        f"--function-version {version or published}"
    )


def _of_variable(patient: Patient, stage: Stage) -> Iterator[str]:
    """Only a variable that the stage lacks: another value is one that requests may use."""
    lives = {one.live for one in patient.target.functions}
    if patient.stage and patient.stage.stage and stage.alias_variable not in patient.stage.stage.variables and len(lives) == 1:
        yield _update_stage(stage, {f"/variables/{stage.alias_variable}": lives.pop()})


def _of_log(patient: Patient, stage: Stage) -> Iterator[str]:
    group, found, place = patient.target.access_log_group, patient.stage, patient.place
    if group is None or found is None or place is None:
        return
    is_elsewhere = found.log_group != group
    if not is_elsewhere and not find_misfit(found.log_format or "", patient.target.outside):
        return
    if is_elsewhere and not patient.around.log_role:
        yield f"aws iam create-role --role-name {LOG_ROLE} --assume-role-policy-document {_json(TRUST)}"
        yield (
            f"aws iam attach-role-policy --role-name {LOG_ROLE} --policy-arn arn:{place.partition}:iam::aws:policy/{LOG_POLICY}"
        )
        role = f"arn:{place.partition}:iam::{place.account}:role/{LOG_ROLE}"
        yield f"aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value={role}"
    if is_elsewhere and not patient.around.has_log_group:
        yield f"aws logs create-log-group --log-group-name {quote(group)}"
    arn = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:{group}"
    yield _update_stage(stage, {"/accessLogSettings/destinationArn": arn, "/accessLogSettings/format": LOG_FORMAT})


def _of_filters(patient: Patient) -> Iterator[str]:
    """The target's metric filters that are gone or were changed."""
    group, seen = patient.target.access_log_group, patient.stage.instruments.filters if patient.stage else None
    if group is None or seen is None:
        return
    for wanted in metric_filters(patient.target):
        there = seen.get(wanted.name)
        one = SeenInstruments(group, LOG_FORMAT, {wanted.name: there} if there else {})
        if find_faults(Expected(group, {wanted.name: wanted}), one):
            yield f"aws logs put-metric-filter --cli-input-json {_json(wanted.put_arguments(group))}"


def _of_calls(patient: Patient, stage: Stage) -> Iterator[str]:
    for call, uri in patient.rewrites:
        if call.authorizer:
            names, path = f"update-authorizer --authorizer-id {call.authorizer.id}", "/authorizerUri"
        else:
            [(at, verb)] = call.routes
            names = f"update-integration --resource-id {patient.around.resources.get(at, '<resource>')} --http-method {verb}"
            path = "/uri"
        operations = [{"op": "replace", "path": path, "value": uri}]
        yield f"aws apigateway {names} --rest-api-id {stage.rest_api_id} --patch-operations {_json(operations)}"


def _update_stage(stage: Stage, values: Mapping[str, str]) -> str:
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return (
        f"aws apigateway update-stage --rest-api-id {stage.rest_api_id} --stage-name {stage.stage_name} "
        f"--patch-operations {_json(operations)}"
    )


def _json(value: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    return quote(json.dumps(value, separators=(",", ":")))
