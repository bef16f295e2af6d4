"""What was read of a target before a rollout, and every reason found in it not to start.

Pure: `canary.aws.surveys` reads, this judges. All problems are found at once, so that they are mended at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.access_log import find_misfit
from canary.rules.function_checks import FunctionSurvey, find_function_problems
from canary.rules.live import LiveStage
from canary.rules.plan import choose_look_seconds, longest_seconds
from canary.rules.problems import Problem
from canary.rules.release import PRESENT, UNCHANGED, Release
from canary.rules.verdict import AlarmReading, AlarmState

if TYPE_CHECKING:
    from canary.rules.policy import Policy
    from canary.rules.target import Target


ALARMS = "alarms"
"""The field of the problems that a release which is live already need not wait for."""


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
        *(
            one
            for function in target.functions
            for one in find_function_problems(target, function, release, survey.functions[function.name])
        ),
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
    needs_own_cache = stage is not None and stage.has_cache and _has_new_code(target, release, survey)
    return UNCHANGED if is_same and not needs_own_cache else PRESENT


def _has_new_code(target: Target, release: Release, survey: Survey) -> bool:
    live = {name: function.live.version for name, function in survey.functions.items() if function.live}
    return intended_versions(target, release, survey) != live


def _newest(survey: FunctionSurvey) -> str:
    return survey.newest or (survey.live.version if survey.live else "")


def _problems_of_policy(policy: Policy) -> Iterator[Problem]:
    if choose_look_seconds(policy) is None:
        yield Problem(
            "policy.steps",
            f"the plan could last {longest_seconds(policy)} seconds, more than an execution's history can hold",
            "shorten the bakes or policy.max_extension_seconds",
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
    elif misfit := find_misfit(survey.log_format or "", target.outside):
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
