"""What was read of a target before a rollout, and every reason found in it not to start.

Pure: `canary.aws.surveys` reads, this judges. All problems are found at once, so that they are mended at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.access_log import find_misfit
from canary.rules.live import LiveAlias, LiveStage
from canary.rules.plan import choose_look_seconds, longest_seconds
from canary.rules.problems import Problem
from canary.rules.release import PRESENT, UNCHANGED, Release
from canary.rules.target import Shifter, Target, TargetFunction
from canary.rules.verdict import AlarmReading, AlarmState

if TYPE_CHECKING:
    from canary.rules.policy import Policy


ALARMS = "alarms"
"""The field of the problems that a release which is live already need not wait for."""


@dataclass(frozen=True, slots=True)
class FunctionSurvey:
    """One function. An alias or version that does not exist is None.

    ``newest``: the newest published version. ``release``: the version asked for, if any, and ``is_published`` whether it
    exists. ``roles``: the execution role by version, of the versions that would share an alias.
    ``callable_by_api``: by alias name, whether the API may invoke it. ``event_sources``: what else reads through `live`.
    """

    live: LiveAlias | None
    canary: LiveAlias | None
    newest: str | None
    is_published: bool = True
    callable_by_api: Mapping[str, bool] = field(default_factory=dict)
    event_sources: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageSurvey:
    """The stage; ``stage`` is None if it does not exist, ``log_group`` and ``log_format`` None without an access log.

    ``other_stages``: stages of the same API whose alias variable names the same alias.
    ``deployment_exists``: whether the deployment id asked for is one of this API's.
    """

    stage: LiveStage | None
    log_group: str | None = None
    log_format: str | None = None
    has_cache: bool = False
    other_stages: tuple[str, ...] = ()
    deployment_exists: bool = True
    fingerprint: str | None = None
    api_name: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was read."""

    functions: Mapping[str, FunctionSurvey]
    stage: StageSurvey | None
    alarms: tuple[AlarmReading, ...]


def find_problems(target: Target, release: Release, policy: Policy, survey: Survey) -> tuple[Problem, ...]:
    """Every reason not to start this release on this target."""
    return (
        *_problems_of_policy(policy),
        *(one for function in target.functions for one in _problems_of_function(target, function, release, survey)),
        *_problems_of_stage(target, release, survey.stage),
        *_problems_of_alarms(policy, survey.alarms),
    )


def tolerated_alarms(policy: Policy, survey: Survey) -> tuple[str, ...]:
    """The alarms that were firing before the start and that the policy tolerates."""
    if not policy.tolerate_firing_alarms:
        return ()
    return tuple(alarm.name for alarm in survey.alarms if alarm.state is AlarmState.ALARM)


def intended_versions(target: Target, release: Release, survey: Survey) -> dict[str, str]:
    """The version each function is to have: the one asked for, else the newest published one, else what is live."""
    return {
        function.name: release.functions.get(function.name) or _newest(survey.functions[function.name])
        for function in target.functions
    }


def intended_deployment(target: Target, release: Release, survey: Survey, promoted_fingerprint: str | None) -> str:
    """A deployment id, PRESENT or UNCHANGED.

    The present definition needs no deployment of its own where it is the one promoted last, except on a stage with a cache:
    there two arms on one deployment would share answers. Without a fingerprint of an earlier promotion PRESENT holds.
    """
    if release.deployment not in {None, PRESENT}:
        return str(release.deployment)
    stage = survey.stage
    is_same = stage is not None and promoted_fingerprint is not None and stage.fingerprint == promoted_fingerprint
    needs_own_cache = stage is not None and stage.has_cache and _has_news(target, release, survey)
    return UNCHANGED if is_same and not needs_own_cache else PRESENT


def _has_news(target: Target, release: Release, survey: Survey) -> bool:
    """Whether one definition would answer differently in the two arms: by its code, or by its variables."""
    live = {name: function.live.version for name, function in survey.functions.items() if function.live}
    found = survey.stage.stage.variables if survey.stage and survey.stage.stage else {}
    return intended_versions(target, release, survey) != live or not release.variables.items() <= found.items()


def _newest(survey: FunctionSurvey) -> str:
    return survey.newest or (survey.live.version if survey.live else "")


def _problems_of_policy(policy: Policy) -> Iterator[Problem]:
    if choose_look_seconds(policy) is None:
        yield Problem(
            "policy.steps",
            f"the plan could last {longest_seconds(policy)} seconds, more than an execution's history can hold",
            "shorten the bakes or policy.max_extension_seconds",
        )


def _problems_of_function(target: Target, function: TargetFunction, release: Release, survey: Survey) -> Iterator[Problem]:
    found = survey.functions[function.name]
    place = f"functions.{function.name}"
    aliases = {function.live: found.live}
    if target.shifter is Shifter.STAGE:
        aliases[str(function.canary)] = found.canary
    for alias, live in aliases.items():
        yield from _problems_of_alias(place, function.name, alias, live, found)
    if not found.is_published:
        version = release.functions.get(function.name)
        yield Problem(
            f"release.{place}",
            f"version {version} does not exist",
            "publish it, or name one that list-versions-by-function shows",
        )
    if found.newest is None:
        yield Problem(place, "no version is published", "publish one with aws lambda publish-version")
    if found.event_sources and not target.shared_live_alias:
        yield Problem(
            place,
            f"alias {function.live} is also read by {', '.join(found.event_sources)}, which would get the release at once",
            "give them an alias of their own, or set shared_live_alias: true in the target",
        )
    if len(set(found.roles.values())) > 1:
        roles = ", ".join(f"{version}: {role}" for version, role in found.roles.items())
        yield Problem(
            place, f"weighted versions must share one execution role, got {roles}", "publish a version with the same role"
        )


def _problems_of_alias(
    place: str, function: str, alias: str, live: LiveAlias | None, found: FunctionSurvey
) -> Iterator[Problem]:
    if live is None:
        yield Problem(
            place,
            f"alias {alias} does not exist",
            f"create it with aws lambda create-alias --function-name {function} --name {alias} --function-version <n>",
        )
        return
    if live.weights:
        weights = ", ".join(f"{version} at {weight}" for version, weight in live.weights.items())
        yield Problem(place, f"alias {alias} already splits traffic: {weights}", "finish or undo that split first")
    if live.version == "$LATEST":
        yield Problem(place, f"alias {alias} points at $LATEST", "point it at a published version")
    if not found.callable_by_api.get(alias, True):
        yield Problem(
            place,
            f"the API may not invoke alias {alias}",
            f"add the permission with aws lambda add-permission --function-name {function} --qualifier {alias} "
            "--principal apigateway.amazonaws.com --action lambda:InvokeFunction",
        )


def _problems_of_stage(target: Target, release: Release, survey: StageSurvey | None) -> Iterator[Problem]:
    if target.stage is None or survey is None:
        return
    if survey.stage is None:
        yield Problem(
            "stage", f"stage {target.stage.stage_name} of API {target.stage.rest_api_id} does not exist", "mend the target"
        )
        return
    yield from _problems_of_variables(target, survey.stage)
    yield from _problems_of_deployment(release, survey)
    yield from _problems_of_log(target, survey)
    if canary := survey.stage.canary:
        yield Problem(
            "stage",
            f"it already has a canary: deployment {canary.deployment_id} at {canary.percent} %, not a rollout's",
            "promote or remove it first",
        )
    if survey.other_stages and not target.shared_live_alias:
        yield Problem(
            "stage",
            f"stages {', '.join(survey.other_stages)} use the same live alias and would get the release at once",
            "give them an alias of their own, or set shared_live_alias: true in the target",
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
            f"set the stage variable {variable}, or mend the target's functions",
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
            "the stage has a cache, and with one deployment both arms would answer from each other's entries",
            "use present: a fresh deployment of the same definition has entries of its own",
        )


def _problems_of_log(target: Target, survey: StageSurvey) -> Iterator[Problem]:
    if target.access_log_group is None:
        return
    if survey.log_group != target.access_log_group:
        yield Problem(
            "access_log_group",
            f"the stage logs to {survey.log_group or 'nothing'}, the target says {target.access_log_group}",
            "set the stage's access log, or mend the target",
        )
    elif misfit := find_misfit(survey.log_format or ""):
        yield Problem("access_log_group", misfit, "set the stage's access-log format to the line in docs/access-log.md")


def _problems_of_alarms(policy: Policy, alarms: tuple[AlarmReading, ...]) -> Iterator[Problem]:
    for alarm in alarms:
        match alarm.state:
            case AlarmState.GONE:
                yield Problem(ALARMS, f"alarm {alarm.name} does not exist", "create it, or take it out of the target")
            case AlarmState.BROKEN:
                yield Problem(ALARMS, f"alarm {alarm.name} cannot be evaluated: {alarm.detail}", "mend it")
            case AlarmState.ALARM if not policy.tolerate_firing_alarms:
                yield Problem(ALARMS, f"alarm {alarm.name} is already firing: {alarm.detail}", "wait until it is OK")
            case AlarmState.INSUFFICIENT_DATA if not alarm.is_ours:
                yield Problem(
                    ALARMS, f"alarm {alarm.name} has no data", "wait for its first data, or let missing data be notBreaching"
                )
            case _:
                continue
