"""What was read about a target's stage, and every reason in it not to start.

The definition that is checked is the one that the canary will serve (`canary.rules.releases.readings`). `function_checks`
checks the functions behind the stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from canary.rules.checks.call_checks import (
    MOST_NAMED,
    Ground,
    find_call_notes,
    find_call_problems,
    find_outside_problems,
    name_some,
)
from canary.rules.checks.caller_checks import FROM_CANARY, FROM_LIVE, SHARE
from canary.rules.definitions.routes import RouteChanges, compare_routes, routes_of
from canary.rules.releases.problems import Problem
from canary.rules.releases.readings import Definitions, ReadDefinition, read_release
from canary.rules.releases.release import UNCHANGED, Expectation, Release
from canary.rules.targets.instruments import SeenInstruments, expected_instruments, find_faults
from canary.rules.targets.live import LiveStage
from canary.rules.targets.log_format import find_misfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.definitions.integrations import Place
    from canary.rules.targets.target import Stage, Target


@dataclass(frozen=True, slots=True)
class StageSurvey:
    """The stage; ``stage`` is None if it does not exist, ``log_group`` and ``log_format`` None without an access log.

    ``other_stages``: stages of the same API whose alias variable names the same live alias, on base or on their own canary;
    ``canary_stages``: those whose alias variable names the canary alias.
    ``deployment_exists``: whether the requested deployment id belongs to this API.
    ``definitions``: what was read of the API's definitions; present whenever the stage is.
    ``instruments``: the metric filters that count its requests.
    """

    stage: LiveStage | None
    log_group: str | None = None
    log_format: str | None = None
    has_cache: bool = False
    other_stages: tuple[str, ...] = ()
    canary_stages: tuple[str, ...] = ()
    deployment_exists: bool = True
    definitions: Definitions | None = None
    api_name: str = ""
    instruments: SeenInstruments = field(default_factory=SeenInstruments)


def find_stage_problems(target: Target, release: Release, survey: StageSurvey | None, place: Place | None) -> Iterator[Problem]:
    """Every reason in the stage not to start; ``place``: where the target's functions are."""
    if target.stage is None or survey is None:
        return
    if survey.stage is None:
        yield _no_stage(target.stage)
        return
    yield from _problems_of_variables(target, survey.stage)
    yield from _problems_of_deployment(release, survey)
    yield from _problems_of_definition(target, release, survey, place)
    yield from _problems_of_log(target, survey)
    yield from _problems_of_canary(survey.stage)
    yield from _problems_of_sharing(target, target.stage.alias_variable, survey)


def find_seen_stage_problems(target: Target, release: Release, survey: StageSurvey | None) -> Iterator[Problem]:
    """Those that the stage itself shows, without its API's definition and the metric filters of its log."""
    if target.stage is None or survey is None:
        return
    if survey.stage is None:
        yield _no_stage(target.stage)
        return
    yield from _problems_of_variables(target, survey.stage)
    yield from _problems_of_deployment(release, survey)
    yield from _problems_of_log_line(target, survey)
    yield from _problems_of_canary(survey.stage)


def find_route_changes(definitions: Definitions, read: ReadDefinition) -> RouteChanges:
    """What the release does to the routes that base serves."""
    return compare_routes(definitions.base.known_routes, routes_of(read.definition))


def find_definition_notes(
    target: Target, release: Release, survey: StageSurvey, read: ReadDefinition, place: Place | None
) -> Iterator[str]:
    """What the operator should know about the definition that the release brings, in sentences."""
    yield from find_call_notes(read.definition, ground_of(target, release, survey, place))
    if survey.definitions is None:
        return
    if survey.definitions.base.unreadable:
        yield (
            "base's definition cannot be read, so its routes are compared only by path and method: "
            f"{survey.definitions.base.unreadable}"
        )
    changes = find_route_changes(survey.definitions, read)
    said = {"adds": changes.added, "moves": changes.moved, "loses": changes.lost, "changes": changes.changed}
    for verb, routes in said.items():
        if routes:
            yield f"the release {verb} {name_some(list(routes), MOST_NAMED)}"


def ground_of(target: Target, release: Release, survey: StageSurvey, place: Place | None) -> Ground:
    """What the calls of the target's definition are checked against."""
    variable = target.stage.alias_variable if target.stage else ""
    return Ground(
        target=target,
        alias_variable=variable,
        place=place,
        variables=survey.stage.variables if survey.stage else {},
        overrides=frozenset({variable, *release.variables}),
    )


def _problems_of_definition(target: Target, release: Release, survey: StageSurvey, place: Place | None) -> Iterator[Problem]:
    definitions = survey.definitions
    if definitions is None or target.stage is None or not survey.deployment_exists:
        return
    read = read_release(release.deployment, definitions, target.stage)
    if isinstance(read, Problem):
        yield read
        return
    yield from find_call_problems(read.definition, ground_of(target, release, survey, place))
    yield from _problems_of_outside(target, definitions, read)
    yield from _problems_of_routes(release, find_route_changes(definitions, read))


def _problems_of_outside(target: Target, definitions: Definitions, read: ReadDefinition) -> Iterator[Problem]:
    routes = (*definitions.base.known_routes, *routes_of(read.definition))
    base = definitions.base.definition
    authorizers = {*read.definition.authorizers, *(base.authorizers if base else ())}
    yield from find_outside_problems(target, ((one.path, one.http_method) for one in routes), authorizers)


def _problems_of_routes(release: Release, changes: RouteChanges) -> Iterator[Problem]:
    lost = [*changes.lost, *changes.moved]
    if lost and Expectation.ROUTES not in release.expects:
        yield Problem(
            "release.deployment",
            f"routes that base serves are lost: {name_some(lost, MOST_NAMED)}",
            'put them back, or write "expects": ["routes"] into the release if that is intended; if clients still call them, '
            'add "client_errors", because the canary alone answers those calls with 403',
        )


def _no_stage(stage: Stage) -> Problem:
    return Problem("stage", f"stage {stage.stage_name} of API {stage.rest_api_id} does not exist", "fix the target")


def _problems_of_canary(stage: LiveStage) -> Iterator[Problem]:
    if canary := stage.canary:
        found = f"it already has a canary: deployment {canary.deployment_id} at {canary.percent} %, not a rollout's"
        yield Problem("stage", found, "promote or remove it first")


def _problems_of_sharing(target: Target, variable: str, survey: StageSurvey) -> Iterator[Problem]:
    if survey.other_stages and not target.shared_live_alias:
        yield Problem(
            "stage",
            f"stages {', '.join(survey.other_stages)} use the same live alias and {FROM_LIVE}",
            f"give them an alias of their own, {SHARE}",
        )
    if survey.canary_stages:
        canary = target.functions[0].canary
        yield Problem(
            "stage",
            f"stages {', '.join(survey.canary_stages)} set the variable {variable} to {canary}, the target's canary alias: "
            f"they {FROM_CANARY}",
            "give them an alias of their own",
        )


def _problems_of_variables(target: Target, stage: LiveStage) -> Iterator[Problem]:
    variable = target.stage.alias_variable if target.stage else ""
    found = stage.variables.get(variable)
    lives = sorted({function.live for function in target.functions})
    canaries = sorted({str(function.canary) for function in target.functions})
    if lives != [found]:
        yield Problem(
            f"stage.variables.{variable}",
            f"it is {found!r} and must name the live alias of every function, got {', '.join(lives)}",
            f"set the stage variable {variable}, or fix the target's functions",
        )
    if len(canaries) > 1:
        yield Problem(
            "functions", f"behind one stage all canary aliases need one name, got {', '.join(canaries)}", "rename the aliases"
        )


def _problems_of_deployment(release: Release, survey: StageSurvey) -> Iterator[Problem]:
    if not survey.deployment_exists:
        yield Problem(
            "release.deployment",
            f"deployment {release.deployment} is not one of this API's",
            "name one that get-deployments shows, or present",
        )
    if survey.has_cache and release.deployment == UNCHANGED:
        yield Problem(
            "release.deployment",
            "the stage has a cache, and with the same deployment both arms would answer from each other's entries",
            "use present: a new deployment of the same definition has its own entries",
        )


def _problems_of_log(target: Target, survey: StageSurvey) -> Iterator[Problem]:
    wrong = [*_problems_of_log_line(target, survey)]
    yield from wrong
    if wrong or target.access_log_group is None:
        return
    seen = replace(survey.instruments, log_group=survey.log_group, log_format=survey.log_format)
    for fault in find_faults(expected_instruments(target), seen):
        yield Problem("access_log_group", fault, "otherwise every look would hold because of it")


def _problems_of_log_line(target: Target, survey: StageSurvey) -> Iterator[Problem]:
    if target.access_log_group is None:
        return
    if survey.log_group != target.access_log_group:
        yield Problem(
            "access_log_group",
            f"the stage logs to {survey.log_group or 'nothing'}, the target says {target.access_log_group}",
            "set the stage's access log, or fix the target",
        )
    elif misfit := find_misfit(survey.log_format or "", target.outside):
        yield Problem("access_log_group", misfit, "set the stage's access-log format to the line in docs/access-log.md")
