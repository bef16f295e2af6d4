"""The calls that give a target what it lacks, by what they are for. None of them is noticed by a request.

They follow one order: versions and aliases, permissions, the stage variable, the access log, its filters, and last the
integrations. Until a rollout brings the changed integrations in, base's deployment goes on calling what it calls now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
from canary_cli.doctor.log_role import log_role
from canary_cli.doctor.remedy import AnswerOf, Remedy, replacing, update_stage
from canary_cli.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.checks.caller_checks import InvokePermission
    from canary.rules.checks.callers import Caller
    from canary.rules.checks.stage_checks import StageSurvey
    from canary.rules.definitions.definition import Definition
    from canary.rules.definitions.integrations import Call
    from canary.rules.targets.target import Stage, TargetFunction

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


def remedies_of(patient: Patient) -> dict[str, tuple[Remedy, ...]]:
    """By area, the remedies in their order; the areas too are in the order in which they are to be carried out."""
    callers = _callers(patient)
    found = {
        area_of(one.name): tuple(_of_function(patient, one, callers.get(one.name, ()))) for one in patient.target.functions
    }
    stage = patient.target.stage
    if stage and patient.stage:
        found[VARIABLE] = tuple(_of_variable(patient, stage))
        found[LOG] = (*_of_log(patient, stage), *_of_filters(patient))
        found[INTEGRATIONS] = tuple(_of_calls(patient, stage))
    return {area: remedies for area, remedies in found.items() if remedies}


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


def _of_function(patient: Patient, function: TargetFunction, callers: tuple[Caller, ...]) -> Iterator[Remedy]:
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
        yield from map(_allow, policy.find_grants(callers))


def _create_alias(function: str, alias: str, version: str | None) -> Remedy:
    """An alias on the version that base runs; without one, on what the function itself runs, published if it is not yet."""
    named = {"FunctionName": function, "Name": alias}
    return Remedy(
        f"create alias {alias} of {function}",
        "lambda",
        "create_alias",
        {**named, "FunctionVersion": version or AnswerOf("lambda", "publish_version", {"FunctionName": function}, "Version")},
        Remedy(f"delete alias {alias} of {function}", "lambda", "delete_alias", named),
    )


def _allow(permission: InvokePermission) -> Remedy:
    named = {key: permission.parameters[key] for key in ("FunctionName", "Qualifier", "StatementId")}
    whom = f"alias {permission.alias} of {permission.function}"
    revoke = Remedy(f"no longer let the API invoke {whom}", "lambda", "remove_permission", named)
    return Remedy(f"let the API invoke {whom}", "lambda", "add_permission", permission.parameters, revoke)


def _of_variable(patient: Patient, stage: Stage) -> Iterator[Remedy]:
    """Only a variable that the stage lacks: another value is one that requests may use."""
    lives = {one.live for one in patient.target.functions}
    if patient.stage and patient.stage.stage and stage.alias_variable not in patient.stage.stage.variables and len(lives) == 1:
        path, live = f"/variables/{stage.alias_variable}", lives.pop()
        remove = update_stage(f"remove stage variable {stage.alias_variable}", stage, [{"op": "remove", "path": path}])
        purpose = f"set stage variable {stage.alias_variable} to {live}"
        yield update_stage(purpose, stage, replacing({path: live}), remove)


def _of_log(patient: Patient, stage: Stage) -> Iterator[Remedy]:
    group, found, place = patient.target.access_log_group, patient.stage, patient.place
    if group is None or found is None or place is None:
        return
    is_elsewhere = found.log_group != group
    if not is_elsewhere and not find_misfit(found.log_format or "", patient.target.outside):
        return
    if is_elsewhere and not patient.around.log_role:
        yield from log_role(place)
    if is_elsewhere and not patient.around.has_log_group:
        named = {"logGroupName": group}
        yield Remedy(f"create log group {group}", "logs", "create_log_group", named, stays=f"log group {group} has requests")
    arn = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:{group}"
    wanted = {"/accessLogSettings/destinationArn": arn, "/accessLogSettings/format": LOG_FORMAT}
    before = {f"/accessLogSettings/{key}": value for key, value in patient.around.access_log.items()}
    undone = replacing(before) or [{"op": "remove", "path": "/accessLogSettings"}]
    restore = update_stage("write the access log as before" if before else "write no access log", stage, undone)
    yield update_stage(f"write the access log to {group}", stage, replacing(wanted), restore)


def _of_filters(patient: Patient) -> Iterator[Remedy]:
    """The target's metric filters that are gone or were changed."""
    group, seen = patient.target.access_log_group, patient.stage.instruments.filters if patient.stage else None
    if group is None or seen is None:
        return
    for wanted in metric_filters(patient.target):
        there = seen.get(wanted.name)
        one = SeenInstruments(group, LOG_FORMAT, {wanted.name: there} if there else {})
        if find_faults(Expected(group, {wanted.name: wanted}), one):
            put = wanted.put_arguments(group)
            yield Remedy(f"put metric filter {wanted.name}", "logs", "put_metric_filter", put, stays="the target needs it")


def _of_calls(patient: Patient, stage: Stage) -> Iterator[Remedy]:
    for call, uri in patient.rewrites:
        names: dict[str, str]
        if call.authorizer:
            operation, names, path = "update_authorizer", {"authorizerId": call.authorizer.id}, "/authorizerUri"
        else:
            [(at, verb)] = call.routes
            names = {"resourceId": patient.around.resources.get(at, "<resource>"), "httpMethod": verb}
            operation, path = "update_integration", "/uri"
        api = {**names, "restApiId": stage.rest_api_id}
        before = {**api, "patchOperations": replacing({path: call.uri})}
        restore = Remedy(f"let {call.by} call what it called", "apigateway", operation, before)
        wanted = {**api, "patchOperations": replacing({path: uri})}
        yield Remedy(f"let {call.by} call the alias in {stage.alias_variable}", "apigateway", operation, wanted, restore)
