"""The checks for drift before the first write and in a bake: what someone else changed since, one sentence each.

Stage variables that the canary does not override belong to the user. Changes to them are reported separately.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from canary.rules.releases.variables import (
    find_demoted_variables,
    find_drifted_variables,
    find_edited_overrides,
    find_harmless,
)
from canary.rules.rollouts.phases import Phase, find_obstacles
from canary.rules.targets.live import ALL, NEARLY_ALL, Live, LiveAlias, LiveCanary, LiveStage, is_intact, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.rollouts.rollout import Rollout


def find_drift_since_check(rollout: Rollout, live: Live) -> tuple[str, ...]:
    """The drift that forbids the rollout's first write: every difference from the snapshot."""
    prepared = () if rollout.must_aliases_settle else _strange_canaries(rollout, live)
    return (*_moved_aliases(rollout, live), *_moved_stage(rollout, live.stage), *_early_canary(live.stage), *prepared)


def find_drift_in_bake(rollout: Rollout, live: Live) -> tuple[str, ...]:
    """The drift that forbids going on while the canary has traffic: every difference from what the rollout set."""
    weight_percent = (
        Decimal(100) if rollout.phase is Phase.TAKING_ALL else rollout.plan.policy.steps[rollout.step.index].weight_percent
    )
    found = find_obstacles(rollout.standing, live)
    if rollout.target.shifter.has_split_aliases:
        return (*found, *_wrong_shares(rollout, live, weight_percent))
    return found or (
        *_moved_aliases(rollout, live),
        *_moved_canaries(rollout, live),
        *_wrong_percent(rollout, live.stage, weight_percent),
    )


def find_edits_of_promoted(rollout: Rollout, live: Live) -> tuple[str, ...]:
    """What someone else changed on a promoted release: every way in which base no longer is what was promoted."""
    return (*_demoted_aliases(rollout, live), *_demoted_stage(rollout, live.stage))


def _demoted_aliases(rollout: Rollout, live: Live) -> Iterator[str]:
    for name, alias in live.live.items():
        if alias.version != rollout.intent.versions[name] or alias.shares:
            yield f"the live alias of {name} was moved from version {rollout.intent.versions[name]} to {alias}"


def _demoted_stage(rollout: Rollout, stage: LiveStage | None) -> Iterator[str]:
    if not rollout.target.shifter.has_flip:
        return
    if stage is None:
        yield "the stage is gone"
        return
    if stage.deployment_id != rollout.intent.deployment_id:
        yield f"the stage's deployment was changed from {rollout.intent.deployment_id} to {stage.deployment_id}"
    yield from _early_canary(stage)
    yield from find_demoted_variables(stage, rollout.snapshot, rollout.intent)


def find_harmless_drift(rollout: Rollout, live: Live) -> tuple[str, ...]:
    """Changes that someone else may make: those of other stage variables. They are reported and have no other effect."""
    return find_harmless(live.stage, rollout.snapshot, rollout.intent) if live.stage else ()


def _moved_aliases(rollout: Rollout, live: Live) -> Iterator[str]:
    for name, alias in live.live.items():
        if alias.version != rollout.snapshot.live[name] or alias.shares:
            yield f"the live alias of {name} was moved from version {rollout.snapshot.live[name]} to {alias}"


def _moved_canaries(rollout: Rollout, live: Live) -> Iterator[str]:
    for name, alias in live.canary.items():
        if alias.version != rollout.intent.versions[name] or alias.shares:
            yield f"the canary alias of {name} was moved from version {rollout.intent.versions[name]} to {alias}"


def _strange_canaries(rollout: Rollout, live: Live) -> Iterator[str]:
    """Canary aliases that point where neither the check nor this rollout left them, so that they would have to settle."""
    for name, alias in live.canary.items():
        if alias.version not in {rollout.intent.versions[name], rollout.snapshot.canary.get(name)} or alias.shares:
            yield f"the canary alias of {name} was moved to {alias}"


def _moved_stage(rollout: Rollout, stage: LiveStage | None) -> Iterator[str]:
    if stage is None:
        return
    if stage.deployment_id != rollout.snapshot.deployment_id:
        yield f"the stage's deployment was changed from {rollout.snapshot.deployment_id} to {stage.deployment_id}"
    yield from find_drifted_variables(stage, rollout.snapshot, rollout.intent)


def _early_canary(stage: LiveStage | None) -> Iterator[str]:
    if stage and stage.canary:
        yield f"the stage now has a canary of deployment {stage.canary.deployment_id}"


def _wrong_percent(rollout: Rollout, stage: LiveStage | None, weight_percent: Decimal) -> Iterator[str]:
    if stage is None or stage.canary is None or not is_ours(stage.canary, rollout.intent):
        yield "the stage's canary was removed by someone else"
    elif not is_intact(stage.canary, rollout.intent):
        yield from _edited(rollout, stage.canary)
    elif stage.canary.percent != weight_percent:
        yield f"the canary's weight was changed from {weight_percent} % to {stage.canary.percent} % by someone else"


def _edited(rollout: Rollout, canary: LiveCanary) -> Iterator[str]:
    """What someone else changed on a canary that is still ours."""
    wanted = rollout.intent
    if canary.deployment_id != wanted.deployment_id:
        yield (
            f"the canary's deployment was changed from {wanted.deployment_id} to {canary.deployment_id} by someone else "
            f"(it has {canary.percent} %)"
        )
    yield from find_edited_overrides(canary.overrides, wanted.overrides)


def _wrong_shares(rollout: Rollout, live: Live, weight_percent: Decimal) -> Iterator[str]:
    for name, alias in live.live.items():
        if not _is_split(rollout, name, alias, weight_percent):
            yield f"the weights of the live alias of {name} were changed by someone else"


def _is_split(rollout: Rollout, name: str, alias: LiveAlias, weight_percent: Decimal) -> bool:
    old, new = rollout.snapshot.live[name], rollout.intent.versions[name]
    share = weight_percent / 100
    shares = (ALL, NEARLY_ALL) if share == ALL else (share,)
    return alias.version == old and dict(alias.shares) in [{} if old == new else {new: one} for one in shares]
