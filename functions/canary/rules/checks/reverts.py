"""A revert before its first change: which release it brings back, every reason that it cannot, and its draft.

A revert brings back what base served before a rollout, or what an earlier rollout brought. It may begin as long as that still
exists and its callers may call it. What was asked of the release when it was new is not asked again: no alarm, no lost route
and no other caller of an alias keeps a release from coming back. Firing alarms are noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.checks.draft import CACHE_NOTE, snapshot_of
from canary.rules.checks.function_checks import find_own_problems
from canary.rules.checks.stage_checks import find_seen_stage_problems
from canary.rules.checks.survey import Survey, changed_code
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.looks.alarm_readings import alarm_faults, all_firing
from canary.rules.releases.plan import Plan
from canary.rules.releases.problems import Problem
from canary.rules.releases.readings import read_release
from canary.rules.releases.release import PRESENT, Release
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.taken_back import REVERT_REASON, identify
from canary.rules.targets.live import Intent
from canary.rules.targets.policy import Progression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.looks.alarm_readings import AlarmReading
    from canary.rules.releases.release import Revert
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Stage, Target

NAME = "revert"
"""The policy's name in the record of a revert."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier release: versions by function name, its deployment, and the values of the variables that come back.

    ``removed``: variables that the present release brought and the earlier one did not have.
    """

    versions: Mapping[str, str]
    deployment_id: str | None
    variables: Mapping[str, str]
    removed: tuple[str, ...] = ()

    @property
    def release(self) -> Release:
        """The same as a start would ask for it."""
        return Release(self.versions, self.deployment_id, self.variables)


def earlier_release(target: Target, reverted: Rollout, to: Rollout | None) -> Earlier:
    """What a revert of a promoted rollout brings back: what base served before it, or what the rollout ``to`` brought.

    A function that the target had not had yet keeps its version.
    """
    names = {function.name for function in target.functions}
    if to is None:
        base, had = reverted.snapshot, reverted.snapshot.variables
        versions, deployment_id = base.live, base.deployment_id
    else:
        versions, deployment_id = to.intent.versions, to.intent.deployment_id
        gone = {*to.intent.removed_variables}
        kept = {name: value for name, value in to.snapshot.variables.items() if name not in gone}
        had = {**kept, **to.intent.promoted_variables}
    intent = reverted.intent
    controlled = sorted({*intent.controlled_variables, *(to.intent.promoted_variables if to else ())} - {intent.alias_variable})
    return Earlier(
        versions={name: version for name, version in versions.items() if name in names},
        deployment_id=deployment_id,
        variables={name: had[name] for name in controlled if name in had},
        removed=tuple(name for name in controlled if name not in had),
    )


def find_revert_problems(target: Target, earlier: Earlier, survey: Survey) -> tuple[Problem, ...]:
    """Every reason that an earlier release cannot come back at once."""
    return (
        *(
            one
            for function in target.functions
            if function.name in earlier.versions
            for one in find_own_problems(target, function, earlier.release, survey.functions[function.name])
        ),
        *find_seen_stage_problems(target, earlier.release, survey.stage),
    )


def slower_way(target: Target, earlier: Earlier, survey: Survey) -> Problem:
    """What to do instead: the command that rolls out anew whatever of the earlier release still exists."""
    found = survey.functions
    left = {name: version for name, version in earlier.versions.items() if name in found and found[name].brings}
    options = [f"--function {name}={version}" for name, version in sorted(left.items())]
    if target.shifter.has_api:
        is_there = survey.stage is None or survey.stage.deployment_exists
        options.append(f"--deployment {earlier.deployment_id if is_there else PRESENT}")
    missing = [name for name in sorted(earlier.versions) if name not in left]
    first = f"publish {', '.join(missing)} as it was, name the new version too, and " if missing else ""
    command = " ".join(("canary start", target.name, *options))
    return Problem("revert", "the earlier release cannot come back at once", f"the slower way: {first}start it: {command}")


def draft_revert(
    *,
    rollout_id: str,
    execution: str,
    now: float,
    target: Target,
    revert: Revert,
    reverted: Rollout,
    earlier: Earlier,
    survey: Survey,
) -> Rollout:
    """The revert as it would start, from a survey without problems."""
    why = f": {revert.reason}" if revert.reason else ""
    snapshot = snapshot_of(survey)
    versions = {**snapshot.live, **earlier.versions}
    return Rollout(
        rollout_id=rollout_id,
        execution=execution,
        target=target,
        plan=replace(_plan(target, earlier, survey), code=changed_code(survey, versions)),
        snapshot=snapshot,
        intent=_intent(target, earlier, versions),
        phase=Phase.PREPARING,
        started_at=now,
        reason=f"{REVERT_REASON.format(reverted.rollout_id)}{why}",
        reverts=reverted.rollout_id,
        reverts_to=revert.to,
        takes_back=identify(reverted),
        aliases_settle_until=reverted.aliases_settle_until,
        is_drill=reverted.is_drill,
    )


def without_steps(policy: Policy) -> Policy:
    """The policy of a revert: all traffic at once, and nothing to wait for before."""
    return replace(
        policy,
        name=NAME,
        steps=(),
        not_before_seconds=0,
        progression=Progression.CONTINUOUS,
        max_pause_seconds=0,
        watch_seconds=0,
    )


def _plan(target: Target, earlier: Earlier, survey: Survey) -> Plan:
    stage = survey.stage
    plan = Plan(
        policy=without_steps(target.policy),
        look_seconds=0,
        api_name=stage.api_name if stage else "",
        notes=tuple(_notes(earlier, survey)),
        has_cache=stage is not None and stage.has_cache,
    )
    return _read(plan, target.stage, earlier, survey) if target.stage else plan


def _read(plan: Plan, stage: Stage, earlier: Earlier, survey: Survey) -> Plan:
    """The plan with what is known of the earlier definition: it need not be readable, because base served it."""
    definitions = survey.stage.definitions if survey.stage else None
    if definitions is None:
        return plan
    read = read_release(earlier.deployment_id, definitions, stage)
    if not isinstance(read, Problem):
        return replace(plan, fingerprint=fingerprint(read.definition), reading=read.reading)
    note = f"what deployment {earlier.deployment_id} holds cannot be read, so who may call its functions was not checked"
    recorded = (definitions.named or definitions.base).recorded
    return replace(plan, fingerprint=recorded, notes=(*plan.notes, f"{note}; base served it before"))


def _notes(earlier: Earlier, survey: Survey) -> Iterator[str]:
    if survey.stage and survey.stage.has_cache:
        yield CACHE_NOTE
    yield from _notes_of_alarms(survey.alarms)
    for name in earlier.removed:
        yield f"stage variable {name} is removed with the flip, because a canary cannot hide a variable"


def note_alarms(revert: Rollout, alarms: tuple[AlarmReading, ...]) -> Rollout:
    """The revert with a note for each alarm that fires, or could not, unless it has that note already."""
    known = revert.plan.notes
    return replace(revert, plan=replace(revert.plan, notes=tuple(dict.fromkeys((*known, *_notes_of_alarms(alarms))))))


def _notes_of_alarms(alarms: tuple[AlarmReading, ...]) -> Iterator[str]:
    for found in (*all_firing(alarms), *alarm_faults(alarms)):
        yield f"{found}; a revert goes on all the same"


def _intent(target: Target, earlier: Earlier, versions: Mapping[str, str]) -> Intent:
    if target.stage is None:
        return Intent(versions)
    variable = target.stage.alias_variable
    return Intent(
        versions=versions,
        deployment_id=earlier.deployment_id,
        overrides={**earlier.variables, variable: str(target.functions[0].canary)},
        alias_variable=variable,
        removed_variables=earlier.removed,
    )
