"""Drift: the part of a live state that this rollout did not make, and which drift keeps the rollout from ending.

A rollout removes what serves its release, even if someone else edited it meanwhile. What serves something else is reported and
left as found. Some drift keeps the rollout from ending: a target is not at rest while any canary has weight, or while base
serves the release because someone else put it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.releases.variables import find_drifted_variables, find_harmless
from canary.rules.rollouts.standing import Phase
from canary.rules.targets.live import calls_canary_alias, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.rollouts.standing import Standing
    from canary.rules.targets.live import Intent, Live, LiveAlias, LiveCanary, LiveStage


def has_own_canary(standing: Standing, stage: LiveStage | None) -> bool:
    """Whether the stage has a canary that this rollout must remove: its own, or the shadow of its own.

    If a late writer sets a percent on a stage without a canary, AWS creates a canary of the stage's own deployment, without
    overrides (docs/aws.md#patch-makes-a-canary). This shadow serves what base serves, so removing it changes no answer, but the
    stage is not at rest with it.
    """
    if stage is None or stage.canary is None:
        return False
    return is_ours(stage.canary, standing.intent) or is_shadow(standing, stage, stage.canary)


def is_shadow(standing: Standing, stage: LiveStage, canary: LiveCanary) -> bool:
    """Whether a canary serves exactly what base serves, as a late writer leaves it."""
    known = {standing.snapshot.deployment_id, standing.intent.deployment_id}
    return canary.deployment_id == stage.deployment_id and stage.deployment_id in known and not canary.overrides


def is_known(alias: LiveAlias, function: str, standing: Standing) -> bool:
    """Whether a live alias points only to the version that this rollout found or to the one that it brings."""
    known = {standing.snapshot.live.get(function), standing.intent.versions.get(function)}
    return {alias.version, *alias.shares} <= known


def has_released_base(standing: Standing, stage: LiveStage | None) -> bool:
    """Whether base has the deployment that the rollout brings, and had another before."""
    released = standing.intent.deployment_id
    return stage is not None and released is not None and standing.snapshot.deployment_id != released == stage.deployment_id


def has_release(stage: LiveStage, intent: Intent) -> bool:
    """Whether base has the release's deployment and variables."""
    has_variables = intent.promoted_variables.items() <= stage.variables.items()
    return (
        stage.deployment_id == intent.deployment_id and has_variables and not {*intent.removed_variables} & {*stage.variables}
    )


def find_drift(standing: Standing, live: Live) -> tuple[str, ...]:
    """The parts of the live state that come neither from the snapshot nor from this rollout, one sentence each."""
    harmless = find_harmless(live.stage, standing.snapshot, standing.intent) if live.stage else ()
    return (*find_obstacles(standing, live), *harmless)


def find_obstacles(standing: Standing, live: Live) -> tuple[str, ...]:
    """The drift that forbids going on: anything that would make base or canary serve something other than promised."""
    return (*_drifted_aliases(standing, live), *_drifted_stage(standing, live.stage))


def find_unrest(standing: Standing, live: Live) -> tuple[str, ...]:
    """The drift that keeps the rollout from ending, with what a person has to do. No pass changes what someone else made."""
    return (
        *_canary_of_others(standing, live.stage),
        *_released_base(standing, live),
        *_aliases_split_by_others(standing, live),
    )


def _drifted_aliases(standing: Standing, live: Live) -> Iterable[str]:
    for function, name in standing.aliases.live.items():
        alias = live.live[function]
        if not is_known(alias, function, standing):
            yield f"alias {function}:{name} points at {alias}, which this rollout did not set; left as found"


def _drifted_stage(standing: Standing, stage: LiveStage | None) -> Iterable[str]:
    if stage is None:
        return
    promoted = standing.intent.deployment_id if standing.phase is Phase.MOVING_BASE else None
    if stage.deployment_id not in {standing.snapshot.deployment_id, promoted}:
        yield (
            f"the stage's deployment is {stage.deployment_id}, which this rollout did not set "
            f"(it found {standing.snapshot.deployment_id}); left as found"
        )
    if stage.canary and not has_own_canary(standing, stage):
        yield (
            f"the stage has a canary that is not this rollout's: deployment {stage.canary.deployment_id} "
            f"at {stage.canary.percent} %; left as found"
        )
    yield from find_drifted_variables(
        stage, standing.snapshot, standing.intent, is_promoting=standing.phase is Phase.MOVING_BASE
    )


def _canary_of_others(standing: Standing, stage: LiveStage | None) -> Iterable[str]:
    if stage and stage.canary and stage.canary.percent and not has_own_canary(standing, stage):
        yield (
            f"someone else's canary of deployment {stage.canary.deployment_id} has {stage.canary.percent} % of the requests; "
            "remove it or promote it, and this rollout ends by itself"
        )


def _released_base(standing: Standing, live: Live) -> Iterable[str]:
    """Base serves the release although no pass put it there, as after a promotion by hand."""
    if live.stage is None or standing.phase in {Phase.MOVING_BASE, Phase.PROMOTED}:
        return
    old, variable = standing.snapshot, str(standing.intent.alias_variable)
    if has_released_base(standing, live.stage):
        yield (
            f"someone else gave the stage the release's deployment {live.stage.deployment_id}; "
            f"set it to {old.deployment_id} and its variable {variable} to {old.variables.get(variable)} again, "
            "and this rollout ends by itself"
        )
    elif _serves_release(standing, live, live.stage):
        yield (
            f"someone else made base call the alias {standing.intent.canary_alias}, so it serves the whole release; "
            f"set the stage's variable {variable} to {old.variables.get(variable)} again, and this rollout ends by itself"
        )


def _serves_release(standing: Standing, live: Live, stage: LiveStage) -> bool:
    """Whether base calls the canary aliases and so serves the whole release. If it serves half of one, the aliases go back."""
    intent, found = standing.intent, {name: alias.version for name, alias in live.canary.items() if not alias.shares}
    is_brought = dict(intent.versions) != dict(standing.snapshot.live) and found == dict(intent.versions)
    return is_brought and calls_canary_alias(stage, intent) and has_release(stage, intent)


def _aliases_split_by_others(standing: Standing, live: Live) -> Iterable[str]:
    """Live aliases that someone else split and that still send part of the traffic to the release."""
    for function, name in standing.aliases.live.items():
        alias = live.live[function]
        if not is_known(alias, function, standing) and _is_split(alias, function, standing):
            yield (
                f"someone else split alias {function}:{name} between {alias}; "
                f"point it at one version again, {standing.snapshot.live[function]} for the old one, "
                "and this rollout ends by itself"
            )


def _is_split(alias: LiveAlias, function: str, standing: Standing) -> bool:
    """Behind a stage, foreign versions on an alias affect base alone; without a stage the alias's weights are a canary."""
    brings = standing.intent.versions[function] != standing.snapshot.live[function]
    serves = brings and standing.intent.versions[function] in {alias.version, *alias.shares}
    return bool(alias.shares) and (serves or standing.shifter.has_split_aliases)
