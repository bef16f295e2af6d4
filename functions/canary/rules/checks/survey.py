"""What was read about a target before a rollout, and every reason in it not to start.

`canary.aws.surveys` reads, this module judges. It finds all problems at once, so that they can be fixed at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from canary.rules.checks.function_checks import (
    FunctionSurvey,
    find_alias_problems,
    find_function_problems,
    find_unlisted,
    find_version_problems,
)
from canary.rules.checks.stage_checks import StageSurvey, find_seen_stage_problems, find_stage_problems
from canary.rules.definitions.integrations import Place, read_function
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.code import CodeChange
from canary.rules.releases.plan import choose_look_seconds, longest_seconds
from canary.rules.releases.problems import Problem
from canary.rules.releases.readings import is_promoted_last, is_served_by_base
from canary.rules.releases.release import PRESENT, UNCHANGED, Release

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target


ALARMS = "alarms"
"""The field of problems that do not matter for a release that is already live."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that was read."""

    functions: Mapping[str, FunctionSurvey]
    stage: StageSurvey | None
    alarms: tuple[AlarmReading, ...]


def find_problems(target: Target, release: Release, policy: Policy, survey: Survey) -> tuple[Problem, ...]:
    """Every reason not to start this release on this target."""
    return (
        *find_policy_problems(policy),
        *(
            one
            for function in target.functions
            for one in find_function_problems(target, function, release, survey.functions[function.name])
        ),
        *find_unlisted(survey.functions),
        *find_stage_problems(target, release, survey.stage, place_of(survey)),
        *_problems_of_alarms(policy, survey.alarms),
    )


def find_seen_problems(target: Target, release: Release, policy: Policy, survey: Survey) -> tuple[Problem, ...]:
    """Those of `find_problems` that can be seen without the API's definition, its callers and the metric filters."""
    return (
        *find_policy_problems(policy),
        *(
            one
            for function in target.functions
            for one in (
                *find_alias_problems(target, function, survey.functions[function.name]),
                *find_version_problems(function, release, survey.functions[function.name]),
            )
        ),
        *find_unlisted(survey.functions),
        *find_seen_stage_problems(target, release, survey.stage),
        *_problems_of_alarms(policy, survey.alarms),
    )


def find_policy_problems(policy: Policy) -> tuple[Problem, ...]:
    """Why no execution could run this policy to its end, if that is so."""
    if choose_look_seconds(policy) is not None:
        return ()
    found = f"the plan could last {longest_seconds(policy)} seconds, more than an execution's history can hold"
    return (Problem("policy.steps", found, "shorten the bakes or policy.max_extension_seconds"),)


def tolerated_alarms(policy: Policy, survey: Survey) -> tuple[str, ...]:
    """The alarms that were firing before the start and that the policy tolerates."""
    if not policy.tolerate_firing_alarms:
        return ()
    return tuple(alarm.name for alarm in survey.alarms if alarm.state is AlarmState.ALARM)


def intended_versions(target: Target, release: Release, survey: Survey) -> dict[str, str]:
    """The version that each function will have: the requested one, else the newest published one, else the live one."""
    return {
        function.name: release.functions.get(function.name) or _newest(survey.functions[function.name])
        for function in target.functions
    }


def live_versions(survey: Survey) -> dict[str, str]:
    """The version that each function serves as base, by name; a function without its live alias is left out."""
    return {name: function.live.version for name, function in survey.functions.items() if function.live}


def changed_code(survey: Survey, versions: Mapping[str, str]) -> dict[str, CodeChange]:
    """What is known of the code of the functions that get another version; ``versions`` are the intended ones."""
    live = live_versions(survey)
    read = {name: function.code for name, function in survey.functions.items() if function.code}
    return {
        name: CodeChange(read[name].get(live.get(name, "")), read[name].get(version))
        for name, version in versions.items()
        if name in read and version != live.get(name)
    }


def intended_deployment(target: Target, release: Release, survey: Survey) -> str:
    """A deployment id, PRESENT or UNCHANGED.

    The present definition needs no new deployment if it was promoted last, except on a stage with a cache, where both arms
    would share answers on one deployment. Without a record of an earlier promotion, the answer is PRESENT. A named deployment
    brings nothing new if base serves the same definition and the same code.
    """
    definitions = survey.stage.definitions if survey.stage else None
    if release.deployment not in {None, PRESENT}:
        is_same = definitions is not None and target.stage is not None and is_served_by_base(definitions, target.stage)
        return UNCHANGED if is_same and not _has_news(target, release, survey) else str(release.deployment)
    is_same = definitions is not None and is_promoted_last(definitions)
    needs_own_cache = survey.stage is not None and survey.stage.has_cache and _has_news(target, release, survey)
    return UNCHANGED if is_same and not needs_own_cache else PRESENT


def place_of(survey: Survey) -> Place | None:
    """Where the target's functions are, from the first alias that exists; None if there is none."""
    aliases = (alias for function in survey.functions.values() for alias in (function.live, function.canary))
    arns = (read_function(alias.arn) for alias in aliases if alias and alias.arn)
    return next((found.place for found in arns if found), None)


def _has_news(target: Target, release: Release, survey: Survey) -> bool:
    """Whether the same definition would answer differently in the two arms, because of code or variables."""
    live = live_versions(survey)
    found = survey.stage.stage.variables if survey.stage and survey.stage.stage else {}
    return intended_versions(target, release, survey) != live or not release.variables.items() <= found.items()


def _newest(survey: FunctionSurvey) -> str:
    return survey.newest or (survey.live.version if survey.live else "")


def _problems_of_alarms(policy: Policy, alarms: tuple[AlarmReading, ...]) -> Iterator[Problem]:
    for alarm in alarms:
        match alarm.state:
            case AlarmState.GONE:
                yield Problem(ALARMS, f"alarm {alarm.name} does not exist", "create it, or remove it from the target")
            case AlarmState.BROKEN:
                yield Problem(ALARMS, f"alarm {alarm.name} cannot be evaluated: {alarm.detail}", "fix it")
            case AlarmState.ALARM if not policy.tolerate_firing_alarms:
                yield Problem(ALARMS, f"alarm {alarm.name} is already firing: {alarm.detail}", "wait until it is OK")
            case AlarmState.INSUFFICIENT_DATA if not alarm.is_ours:
                yield Problem(
                    ALARMS, f"alarm {alarm.name} has no data", "wait for its first data, or let missing data be notBreaching"
                )
            case AlarmState.OK | AlarmState.ALARM | AlarmState.INSUFFICIENT_DATA:
                continue
            case _:
                assert_never(alarm.state)
