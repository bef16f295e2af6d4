"""A rollout before its first change: made from the request, the target and what was read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.live import Intent, WayBack
from canary.rules.phases import Phase
from canary.rules.plan import Plan, choose_look_seconds
from canary.rules.release import PRESENT, UNCHANGED, Request
from canary.rules.rollout import Rollout
from canary.rules.survey import Survey, intended_deployment, intended_versions, tolerated_alarms

if TYPE_CHECKING:
    from canary.rules.policy import Policy
    from canary.rules.target import Target

CACHE_NOTE = (
    "the stage has a cache: base's cached answers live out their time, and latency is fairly compared only between "
    "requests that reach an integration"
)


def draft_rollout(
    *,
    rollout_id: str,
    execution: str,
    now: float,
    target: Target,
    policy: Policy,
    request: Request,
    survey: Survey,
    promoted_fingerprint: str | None,
) -> Rollout:
    """The rollout as it would start, from a survey without problems.

    Its intent's deployment is None where PrepareRelease is to make one.
    """
    wanted = intended_deployment(target, request.release, survey, promoted_fingerprint) if target.stage else UNCHANGED
    return Rollout(
        rollout_id=rollout_id,
        execution=execution,
        target=target,
        plan=_plan(policy, survey, request, is_new=wanted == PRESENT),
        way_back=_way_back(survey),
        intent=_intent(target, request, survey, wanted),
        phase=Phase.PREPARING,
        started_at=now,
        reason=request.reason,
        scheduled_at=request.schedule.scheduled_at if request.schedule else None,
    )


def is_unchanged(rollout: Rollout) -> bool:
    """Whether the release is already what base runs."""
    intent, way_back = rollout.intent, rollout.way_back
    is_same_deployment = intent.deployment_id == way_back.deployment_id and not rollout.plan.is_new_deployment
    has_variables = intent.promoted_variables.items() <= way_back.variables.items()
    return is_same_deployment and has_variables and dict(intent.versions) == dict(way_back.live)


def _plan(policy: Policy, survey: Survey, request: Request, *, is_new: bool) -> Plan:
    stage = survey.stage
    return Plan(
        policy=policy,
        look_seconds=choose_look_seconds(policy) or 0,
        tolerated_alarms=tolerated_alarms(policy, survey),
        fingerprint=stage.fingerprint if stage else None,
        api_name=stage.api_name if stage else "",
        is_new_deployment=is_new,
        notes=(CACHE_NOTE,) if stage and stage.has_cache else (),
        expects=request.release.expects,
    )


def _way_back(survey: Survey) -> WayBack:
    live = {name: function.live.version for name, function in survey.functions.items() if function.live}
    if survey.stage is None or survey.stage.stage is None:
        return WayBack(live)
    return WayBack(live, survey.stage.stage.deployment_id, dict(survey.stage.stage.variables))


def _intent(target: Target, request: Request, survey: Survey, wanted: str) -> Intent:
    versions = intended_versions(target, request.release, survey)
    if target.stage is None or survey.stage is None or survey.stage.stage is None:
        return Intent(versions)
    known = {PRESENT: None, UNCHANGED: survey.stage.stage.deployment_id}
    variable = target.stage.alias_variable
    return Intent(
        versions=versions,
        deployment_id=known.get(wanted, wanted),
        overrides={**request.release.variables, variable: str(target.functions[0].canary)},
        alias_variable=variable,
    )
