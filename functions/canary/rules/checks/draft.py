"""The draft of a rollout before its first change, made from the request, the target and what was read about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.checks.call_checks import find_function_errors
from canary.rules.checks.function_checks import find_function_notes
from canary.rules.checks.stage_checks import find_definition_notes, find_route_changes, ground_of
from canary.rules.checks.survey import (
    Survey,
    changed_code,
    intended_deployment,
    intended_versions,
    live_versions,
    place_of,
    tolerated_alarms,
)
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.releases.drills import refusals_of
from canary.rules.releases.plan import Plan, choose_look_seconds
from canary.rules.releases.problems import Problem, RefusedError
from canary.rules.releases.readings import ReadDefinition, read_release
from canary.rules.releases.release import PRESENT, UNCHANGED, Request
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.alarms import alarm_note
from canary.rules.targets.live import Intent, Snapshot

if TYPE_CHECKING:
    from canary.rules.releases.readings import Definitions
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Stage, Target

CACHE_NOTE = (
    "the stage has a cache: base's cached answers stay until they expire, and latency is compared fairly only between "
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
    requested_at: float = 0.0,
) -> Rollout:
    """The rollout as it would start, from a survey without problems. ``requested_at``: when its execution began.

    Its intent's deployment is None if PrepareRelease must create one.
    """
    wanted = intended_deployment(target, request.release, survey) if target.shifter.has_api else UNCHANGED
    return Rollout(
        rollout_id=rollout_id,
        execution=execution,
        target=replace(target, refused=refusals_of(request.drill, requested_at or now)),
        plan=_plan(policy, target, survey, request, wanted),
        snapshot=snapshot_of(survey),
        intent=_intent(target, request, survey, wanted),
        phase=Phase.PREPARING,
        started_at=now,
        requested_at=requested_at,
        reason=request.reason,
        scheduled_at=request.schedule.scheduled_at if request.schedule else None,
        labels=dict(request.labels),
        is_drill=request.drill is not None,
    )


def is_unchanged(rollout: Rollout) -> bool:
    """Whether the release is already what base runs."""
    intent, snapshot = rollout.intent, rollout.snapshot
    is_same_deployment = intent.deployment_id == snapshot.deployment_id and not rollout.plan.is_new_deployment
    has_variables = intent.promoted_variables.items() <= snapshot.variables.items()
    has_variables = has_variables and not {*intent.removed_variables} & {*snapshot.variables}
    return is_same_deployment and has_variables and dict(intent.versions) == dict(snapshot.live)


def _plan(policy: Policy, target: Target, survey: Survey, request: Request, wanted: str) -> Plan:
    stage = survey.stage
    plan = Plan(
        policy=policy,
        look_seconds=choose_look_seconds(policy) or 0,
        tolerated_alarms=tolerated_alarms(policy, survey),
        api_name=stage.api_name if stage else "",
        is_new_deployment=wanted == PRESENT,
        notes=(
            *([CACHE_NOTE] if stage and stage.has_cache else ()),
            *find_function_notes(target, survey.functions),
            *_alarm_notes(target),
        ),
        expects=request.release.expects,
        has_cache=stage is not None and stage.has_cache,
        code=changed_code(survey, intended_versions(target, request.release, survey)),
    )
    if target.stage is None or stage is None or stage.definitions is None:
        return plan
    read = _read(request, wanted, stage.definitions, target.stage)
    return replace(
        plan,
        fingerprint=fingerprint(read.definition),
        reading=read.reading,
        routes=find_route_changes(stage.definitions, read),
        function_errors=find_function_errors(read.definition, ground_of(target, request.release, stage, place_of(survey))),
        notes=(*plan.notes, *find_definition_notes(target, request.release, stage, read, place_of(survey))),
    )


def _alarm_notes(target: Target) -> tuple[str, ...]:
    note = alarm_note(target)
    return (note,) if note else ()


def _read(request: Request, wanted: str, definitions: Definitions, stage: Stage) -> ReadDefinition:
    """The definition that the canary will serve, or else that of the deployment which the release asks for.

    Raises:
        RefusedError: it cannot be read; a survey with that problem is not drafted.

    """
    found = read_release(wanted, definitions, stage)
    if isinstance(found, Problem):
        found = read_release(request.release.deployment, definitions, stage)
    if isinstance(found, Problem):
        raise RefusedError([found])
    return found


def snapshot_of(survey: Survey) -> Snapshot:
    """The target as it was read."""
    live = live_versions(survey)
    if survey.stage is None or survey.stage.stage is None:
        return Snapshot(live)
    canaries = {name: function.canary for name, function in survey.functions.items()}
    canary = {name: alias.version for name, alias in canaries.items() if alias and not alias.shares}
    return Snapshot(live, survey.stage.stage.deployment_id, dict(survey.stage.stage.variables), canary)


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
