"""A target whose records cannot be used: when to notify, and whether its canary may be removed without them.

A notification is due when the trouble begins or its cause changes, and every half hour while it lasts. Without records, the
phase of the rollout is unknown, so the canary is removed only if that is right in every possible phase.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.live import Intent

if TYPE_CHECKING:
    from collections.abc import Collection

    from canary.rules.targets.live import Live, LiveAlias, LiveCanary, LiveStage
    from canary.rules.targets.target import Target

TOLD_AGAIN_SECONDS = 1_800
CERTAIN_SECONDS = 300
"""How long records must have been unusable before a canary is removed without them."""


class Cause(enum.StrEnum):
    """Why a target's records cannot be used. As long as the cause stays the same, it is one trouble."""

    REFUSED = "refused"
    OTHER_SCHEMA = "other_schema"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was reported about one target. Times are epoch seconds; ``told_at`` is 0 until the first notification got through.

    ``is_due``: the bus did not accept the newest notification. ``is_taken_away``: whether the canary was removed during it.
    """

    target: str
    cause: Cause
    since: float
    told_at: float
    is_due: bool = False
    is_taken_away: bool = False


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why records cannot be used: the cause, and a sentence that explains it."""

    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class Round:
    """The part of a minute's sweep that one call of the sweeper does.

    ``troubles``: what was reported about these targets before. ``unusable``: why the records cannot be used, if already known.
    """

    targets: tuple[str, ...]
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    unusable: Unusable | None = None


def is_to_be_told(known: Trouble | None, cause: Cause, now: float) -> bool:
    """Whether a notification is due now: the first, one for a new cause, or a reminder."""
    if known is None or known.is_due or known.cause is not cause:
        return True
    # The sweeper comes by every minute: what is due within half of that is due now.
    return now - known.told_at > TOLD_AGAIN_SECONDS - MINUTE_SECONDS / 2


def follow(known: Trouble | None, target: str, cause: Cause, now: float, *, is_told: bool) -> Trouble:
    """The trouble as it is at `now`; a new cause does not restart it."""
    before = known or Trouble(target, cause, now, 0.0)
    return replace(before, cause=cause, told_at=now if is_told else before.told_at, is_due=not is_told)


def is_certain(known: Trouble | None, now: float) -> bool:
    """Whether the records have been unusable for so long that the trouble is not a passing one."""
    return known is not None and now - known.since >= CERTAIN_SECONDS


def find_canary(target: Target, stage: LiveStage | None) -> LiveCanary | None:
    """The canary of any rollout of this target, known by its alias override: the target's canary alias."""
    if stage is None or stage.canary is None or target.stage is None:
        return None
    alias = stage.canary.overrides.get(target.stage.alias_variable)
    return stage.canary if alias is not None and alias in {function.canary for function in target.functions} else None


def why_it_stays(
    target: Target, stage: LiveStage | None, running: Collection[str | None], phase: Phase | None = None
) -> str | None:
    """Why the canary may not be removed without records, or None if it may.

    `running` are the targets of all running executions, None for one whose input does not name it. `phase` is the record's
    phase, if that can still be read.
    """
    canary = find_canary(target, stage)
    if canary is None:
        return "the stage has no canary of a rollout"
    if canary.percent >= Decimal(100):
        return "the canary has every request, so live aliases may have moved already and base may not be whole"
    if phase is Phase.MOVING_BASE:
        return "its promotion has begun, so base may not be whole"
    if target.name in running or None in running:
        return "an execution is running that may be this target's"
    return None


def has_something_to_lose(target: Target, live: Live) -> bool:
    """Whether traffic is split, so that a rollout without records is dangerous."""
    is_split = any(alias.shares for alias in live.live.values())
    return is_split or find_canary(target, live.stage) is not None


def describe_live(live: Live) -> dict[str, Any]:
    """The live state for a notification."""
    canary = live.stage.canary if live.stage else None
    stage = {"deployment": live.stage.deployment_id} if live.stage else {}
    seen = {"canary_deployment": canary.deployment_id, "canary_percent": float(canary.percent)} if canary else {}
    return {**stage, **seen, "live_aliases": _texts(live.live), "canary_aliases": _texts(live.canary)}


def _texts(aliases: Mapping[str, LiveAlias]) -> dict[str, str]:
    return {function: str(alias) for function, alias in aliases.items()}


def find_unmoved(live: Live) -> dict[str, str]:
    """By function, the version to which its live alias would have to move to make the release whole."""
    return {
        function: alias.version
        for function, alias in live.canary.items()
        if function in live.live and live.live[function].version != alias.version
    }


def intent_of(target: Target, canary: LiveCanary, live: Live) -> Intent:
    """The intent of the rollout, as far as its canary shows it."""
    return Intent(
        versions={function: alias.version for function, alias in live.canary.items()},
        deployment_id=canary.deployment_id,
        overrides=canary.overrides,
        alias_variable=target.stage.alias_variable if target.stage else None,
    )
