"""A survey of a target that an older rollout still holds, as it will be once that rollout is rolled back.

A newer start is checked on it before anything is rolled back for it. So a start that is invalid ends no rollout.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.checks.survey import ALARMS
from canary.rules.looks.alarm_readings import AlarmState
from canary.rules.targets.live import LiveAlias, is_ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canary.rules.checks.function_checks import FunctionSurvey
    from canary.rules.checks.stage_checks import StageSurvey
    from canary.rules.checks.survey import Survey
    from canary.rules.releases.problems import Problem
    from canary.rules.rollouts.rollout import Rollout


def without_rollout(found: Survey, holder: Rollout) -> Survey:
    """The survey without the rollout's canary, its weights, and the alarms that its canary may have set off."""
    return replace(
        found,
        functions=_functions_without(found.functions, holder),
        stage=_stage_without(found.stage, holder),
        alarms=tuple(alarm for alarm in found.alarms if alarm.state is not AlarmState.ALARM),
    )


def waits_for_alarms(problems: Sequence[Problem], found: Survey) -> bool:
    """Whether nothing is in the way but alarms that fire: those of a replaced canary need minutes to be OK again."""
    firing = [alarm for alarm in found.alarms if alarm.state is AlarmState.ALARM]
    return 0 < len(firing) == len(problems) and all(problem.field == ALARMS for problem in problems)


def _functions_without(functions: Mapping[str, FunctionSurvey], holder: Rollout) -> Mapping[str, FunctionSurvey]:
    if not holder.target.shifter.has_split_aliases:
        return functions
    return {name: replace(one, live=_at_rest(one.live, holder.snapshot.live.get(name))) for name, one in functions.items()}


def _at_rest(alias: LiveAlias | None, version: str | None) -> LiveAlias | None:
    return alias if alias is None or version is None else replace(alias, version=version, shares={})


def _stage_without(survey: StageSurvey | None, holder: Rollout) -> StageSurvey | None:
    stage = survey.stage if survey else None
    if survey is None or stage is None or stage.canary is None or not is_ours(stage.canary, holder.intent):
        return survey
    return replace(survey, stage=replace(stage, canary=None))
