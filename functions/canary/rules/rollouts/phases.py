"""How far a rollout has come, and what makes its target safe from there.

The phase is recorded before the first call of that phase, so whoever finds an interrupted rollout knows what may have happened.

    phase          first call it announces              direction if interrupted
    preparing      deployment made, canary alias moved   back
    shifting       the canary gets a weight              back
    parked         none; the weight stays between steps  back
    taking_all     the canary gets 100 %, base untouched back
    moving_base    a live alias moves: the commit point  forward (back only while base has no traffic)
    watching       none; base is the release, and is watched  none: the watch ends, the release stays
    rolling_back   the canary is removed                 back
    promoted, rolled_back, refused                       none: terminal

Safety is made in passes. A pass makes every call that is safe now and never waits. Where something must settle first, it
records the recovery stage that it reached and a time before which the next pass changes nothing.

After its moves, a pass records the recovery stage that it reached. Before them, it records the stage to resume from: if it
dies half-way, the retry still waits the full settle time after a move that may just have been made.

Back (stage shifter; base's aliases and deployment are untouched, so removing the canary is enough. If someone else moved a live
alias to the release meanwhile, the same pass moves it back):

    stage     moves                                         reaches           answer
    START     remove our canary                             CLEARED, after a late writer is over      WAIT
    CLEARED   remove our canary if a late writer restored it SETTLED, after a settle                   WAIT
    SETTLED   canary aliases to where they were (if our canary is back: remove it, SETTLED again)    SAFE
    CLEARED or SETTLED, but someone else's canary has weight, or base itself serves what the rollout brought: nothing;
              CLEARED stays, and the answer is REFUSED until a person has undone it

Back (alias shifter): the same recovery stages. The move is each live alias to its old version with no weights; there is no
other alias.

Forward (stage shifter):

    START     every live alias to its new version           BASED, after a settle                     WAIT
    BASED     one patch list: variables, deployment, percent 0   FLIPPED, after a settle               WAIT
    FLIPPED   remove our canary; canary aliases to the versions that base served before                SAFE

Forward (alias shifter): START moves each live alias to its new version with no weights, then FLIPPED.

At rest the canary aliases have no traffic. They point at the release that a revert would bring back, so that it can begin at
once. If AWS refuses that, for example because such a version was deleted, or if someone made base call the canary alias, they
point at base's versions. Both are at rest.

Forward refused by AWS: the canary keeps its 100 % while base has no traffic, so recovery can still roll back as long as
the stage has the snapshot's deployment and variables and the canary has 100 %. That is read twice, a settle apart:

    DOUBTED        as described: nothing                    RETREATING, after a settle                WAIT
    RETREATING     as described: live aliases to their old version   RETURNED, after a settle          WAIT
    RETURNED       the phase becomes rolling_back, START
    DOUBTED or RETREATING, but not as described: forward from START

Forward, but someone else removed the canary or lowered its 100 % before the flip: base has traffic again, so no more live
aliases may move. They return to their old version. The recovery stage becomes RETURNED only once a late writer is over, because
a late flip would turn recovery forward again. One exception: if our canary still has part of the traffic and all live aliases
are at the release, the pass flips at once, which makes base whole. If someone else's canary took its place, the live aliases
return.

This rollout removes a canary that has the release's deployment or calls the canary alias, whatever else someone edited on it.
To go forward, the canary must be exactly as this rollout attached it.

Drift is left as found and reported. If drift would keep base from being the promoted release, a forward pass is blocked: it
makes no move, and a person has to look. A pass back is blocked while drift still has weight; see `canary.rules.rollouts.drift`.

Only the stage variables that the canary overrides count; see `canary.rules.releases.variables`. A change to any other variable
does not change what a pass does.

Source of the settles: docs/aws.md#propagation.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from canary.rules.judging.minutes import SETTLE_SECONDS
from canary.rules.releases.variables import has_old_variables
from canary.rules.rollouts.drift import (
    find_drift,
    find_obstacles,
    find_unrest,
    has_own_canary,
    has_release,
    has_released_base,
    is_known,
    is_shadow,
)
from canary.rules.rollouts.standing import AliasNames, Phase, RecoveryStage, Standing
from canary.rules.targets.live import Intent, Live, LiveAlias, LiveStage, calls_canary_alias, is_intact, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BEFORE",
    "LATE_WRITER_SECONDS",
    "SETTLE_SECONDS",
    "AliasNames",
    "Answer",
    "Flip",
    "Move",
    "Pass",
    "Phase",
    "PointAlias",
    "RecoveryStage",
    "RemoveCanary",
    "Standing",
    "doubt",
    "find_drift",
    "find_obstacles",
    "has_own_canary",
    "is_at_rest",
    "plan_pass",
]

LATE_WRITER_SECONDS = 60
"""How long the function of a timed-out task may keep writing: the timeout of every function."""


BEFORE: Mapping[RecoveryStage, RecoveryStage] = {
    RecoveryStage.CLEARED: RecoveryStage.START,
    RecoveryStage.SETTLED: RecoveryStage.CLEARED,
    RecoveryStage.BASED: RecoveryStage.START,
    RecoveryStage.FLIPPED: RecoveryStage.BASED,
    RecoveryStage.RETURNED: RecoveryStage.RETREATING,
}
"""For each recovery stage that follows moves, the stage that a pass starts from to reach it."""


class Answer(enum.StrEnum):
    """What a pass answers: the target is safe and at rest; come back later; or AWS, or someone else's change, is in the way."""

    SAFE = "SAFE"
    WAIT = "WAIT"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RemoveCanary:
    """Remove the stage's canary settings. If there are none, that is success."""


@dataclass(frozen=True, slots=True)
class PointAlias:
    """Point an alias at one version, without weights. ``or_else``: the version that will do if AWS refuses the first."""

    function: str
    alias: str
    version: str
    or_else: str | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """Copy the canary's deployment and variables to base and set the canary to 0 %, in one patch list."""


Move = RemoveCanary | PointAlias | Flip


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: the moves, the standings to record, the answer, and the drift found.

    ``announced`` is recorded before the first move: if a pass dies half-way, the next one starts from there and settles again.
    ``after`` is recorded after the last move. ``blocked`` says why nothing may be done although the target is not safe.
    """

    moves: tuple[Move, ...]
    announced: Standing
    after: Standing
    answer: Answer
    found: tuple[str, ...] = ()
    blocked: str | None = None


def plan_pass(standing: Standing, live: Live, now: float) -> Pass:
    """The pass to make now (epoch seconds). Pure; a terminal phase is safe and has no moves."""
    if standing.phase.is_terminal:
        return Pass((), standing, standing, Answer.SAFE)
    if now < standing.not_before:
        return Pass((), standing, standing, Answer.WAIT)
    if standing.phase is Phase.MOVING_BASE:
        return _pass_forward(standing, live, now)
    if standing.phase is Phase.WATCHING:
        return _rest(standing, Phase.PROMOTED, ())
    return _pass_back(replace(standing, phase=Phase.ROLLING_BACK), live, now)


def is_at_rest(standing: Standing, live: Live) -> bool:
    """Whether a live state is what a terminal standing promises.

    No canary has weight, our aliases are in place, and a promoted base is what was promoted. The last is checked because a late
    flip copies whatever someone else has made of the canary by then.
    """
    is_promoted = standing.phase is Phase.PROMOTED
    versions = standing.intent.versions if is_promoted else standing.snapshot.live
    moves = (*_live_aliases_to(standing, live, versions), *_misplaced_canary_aliases(standing, live))
    is_elsewhere = is_promoted and not _is_promoted(standing, live)
    return not (moves or is_elsewhere or has_own_canary(standing, live.stage) or find_unrest(standing, live))


def _is_promoted(standing: Standing, live: Live) -> bool:
    is_new = not standing.shifter.has_flip or _is_new(standing.intent, live.stage)
    return is_new and not find_obstacles(replace(standing, phase=Phase.MOVING_BASE), live)


def doubt(standing: Standing, now: float) -> Standing:
    """The standing after AWS refused a move of a forward pass; any other standing keeps its recovery stage and is retried."""
    if standing.phase is not Phase.MOVING_BASE:
        return standing
    if not standing.shifter.has_flip:
        return replace(standing, phase=Phase.ROLLING_BACK, recovery_stage=RecoveryStage.START, not_before=0.0)
    if standing.recovery_stage in {RecoveryStage.DOUBTED, RecoveryStage.RETREATING, RecoveryStage.RETURNED}:
        return standing
    return replace(standing, recovery_stage=RecoveryStage.DOUBTED, not_before=now + LATE_WRITER_SECONDS)


def _wait(standing: Standing, reached: RecoveryStage, moves: Iterable[Move], until: float, found: tuple[str, ...] = ()) -> Pass:
    made = tuple(moves)
    announced = replace(standing, recovery_stage=_before(standing.recovery_stage, reached)) if made else standing
    return Pass(made, announced, replace(standing, recovery_stage=reached, not_before=until), Answer.WAIT, found)


def _before(present: RecoveryStage, then: RecoveryStage) -> RecoveryStage:
    """The recovery stage whose pass would make the same moves again, or find them made, and wait as long."""
    return present if present in {RecoveryStage.START, RecoveryStage.DOUBTED, RecoveryStage.RETREATING} else BEFORE[then]


def _rest(standing: Standing, phase: Phase, moves: Iterable[Move], found: tuple[str, ...] = ()) -> Pass:
    return Pass(
        tuple(moves),
        standing,
        replace(standing, phase=phase, recovery_stage=RecoveryStage.START, not_before=0.0),
        Answer.SAFE,
        found,
    )


def _blocked(standing: Standing, why: str) -> Pass:
    return Pass((), standing, standing, Answer.REFUSED, blocked=why)


def _pass_back(standing: Standing, live: Live, now: float) -> Pass:
    moves, found = _moves_to_base(standing, live), find_drift(standing, live)
    unrest = () if moves else find_unrest(standing, live)
    match standing.recovery_stage:
        case RecoveryStage.CLEARED | RecoveryStage.SETTLED if unrest:
            return _blocked(replace(standing, recovery_stage=RecoveryStage.CLEARED), "; ".join(unrest))
        case RecoveryStage.CLEARED:
            return _wait(standing, RecoveryStage.SETTLED, moves, now + SETTLE_SECONDS, found)
        case RecoveryStage.SETTLED if moves:
            return _wait(standing, RecoveryStage.SETTLED, moves, now + SETTLE_SECONDS, found)
        case RecoveryStage.SETTLED:
            return _rest(standing, Phase.ROLLED_BACK, _canary_aliases_to_rest(standing, live), found)
        case (
            RecoveryStage.START
            | RecoveryStage.BASED
            | RecoveryStage.FLIPPED
            | RecoveryStage.DOUBTED
            | RecoveryStage.RETREATING
            | RecoveryStage.RETURNED
        ):
            return _wait(standing, RecoveryStage.CLEARED, moves, now + LATE_WRITER_SECONDS, found)
        case _:
            assert_never(standing.recovery_stage)


def _moves_to_base(standing: Standing, live: Live) -> tuple[Move, ...]:
    """The moves that give base all the traffic again; none if it has it."""
    removal: tuple[Move, ...] = (RemoveCanary(),) if has_own_canary(standing, live.stage) else ()
    if has_released_base(standing, live.stage):
        return removal
    return (*removal, *_live_aliases_to(standing, live, standing.snapshot.live))


def _live_aliases_to(standing: Standing, live: Live, versions: Mapping[str, str]) -> tuple[Move, ...]:
    return tuple(
        PointAlias(function, name, versions[function])
        for function, name in standing.aliases.live.items()
        if is_known(live.live[function], function, standing) and not _is_at(live.live[function], versions[function])
    )


def _canary_aliases_to_rest(standing: Standing, live: Live) -> tuple[Move, ...]:
    """The canary aliases to the release that a revert would bring back; to base's version where that is not possible."""
    earlier, base = _resting_places(standing, live)
    return tuple(
        PointAlias(function, name, earlier[function], or_else=base[function] if base[function] != earlier[function] else None)
        for function, name in standing.aliases.canary.items()
        if not _is_at(live.canary[function], earlier[function])
    )


def _misplaced_canary_aliases(standing: Standing, live: Live) -> tuple[str, ...]:
    """The functions whose canary alias points neither at the earlier release nor at base's version."""
    places = _resting_places(standing, live)
    return tuple(
        function
        for function in standing.aliases.canary
        if not any(_is_at(live.canary[function], versions[function]) for versions in places)
    )


def _resting_places(standing: Standing, live: Live) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The versions of the earlier release, and those of base; twice base's if someone made base call the canary alias."""
    snapshot, is_promoted = standing.snapshot, standing.phase in {Phase.MOVING_BASE, Phase.PROMOTED}
    base = standing.intent.versions if is_promoted else snapshot.live
    if live.stage and calls_canary_alias(live.stage, standing.intent):
        return base, base
    return (snapshot.live if is_promoted else {**base, **snapshot.canary}), base


def _is_at(alias: LiveAlias, version: str) -> bool:
    return alias.version == version and not alias.shares


def _pass_forward(standing: Standing, live: Live, now: float) -> Pass:
    if not standing.shifter.has_flip:
        return _pass_forward_alias(standing, live, now)
    match standing.recovery_stage:
        case RecoveryStage.DOUBTED | RecoveryStage.RETREATING:
            return _pass_doubted(standing, live, now)
        case RecoveryStage.RETURNED:
            return _pass_returned(standing, live, now)
        case RecoveryStage.BASED | RecoveryStage.FLIPPED:
            return _pass_flip(standing, live, now)
        case RecoveryStage.START | RecoveryStage.CLEARED | RecoveryStage.SETTLED:
            return _pass_live(standing, live, now)
        case _:
            assert_never(standing.recovery_stage)


def _pass_doubted(standing: Standing, live: Live, now: float) -> Pass:
    if not _is_base_without_traffic(standing, live):
        return _pass_live(standing, live, now)
    if standing.recovery_stage is RecoveryStage.DOUBTED:
        return _wait(standing, RecoveryStage.RETREATING, (), now + SETTLE_SECONDS)
    return _retreat(standing, live, now + SETTLE_SECONDS)


def _pass_live(standing: Standing, live: Live, now: float) -> Pass:
    """Live aliases move only while base has no traffic, or when the stage is past the flip anyway."""
    moves = _live_aliases_to(standing, live, standing.intent.versions)
    is_past_flip = _is_past_flip(standing, live.stage) or (_is_flipped(standing, live.stage) and not moves)
    if not is_past_flip and not _has_all_traffic(standing, live.stage):
        return _retreat(standing, live, now + LATE_WRITER_SECONDS)
    return _wait(standing, RecoveryStage.BASED, moves, now + SETTLE_SECONDS)


def _retreat(standing: Standing, live: Live, until: float) -> Pass:
    moves = _live_aliases_to(standing, live, standing.snapshot.live)
    return _wait(standing, RecoveryStage.RETURNED, moves, until)


def _pass_returned(standing: Standing, live: Live, now: float) -> Pass:
    """The live aliases are back at their old version and have settled, so removing the canary is enough from here on.

    If a late writer flipped the stage meanwhile, recovery goes forward after all.
    """
    if _is_past_flip(standing, live.stage):
        return _pass_live(standing, live, now)
    if _live_aliases_to(standing, live, standing.snapshot.live):
        return _retreat(standing, live, now + SETTLE_SECONDS)
    return _pass_back(replace(standing, phase=Phase.ROLLING_BACK, recovery_stage=RecoveryStage.START), live, now)


def _pass_flip(standing: Standing, live: Live, now: float) -> Pass:
    if _live_aliases_to(standing, live, standing.intent.versions):
        return _pass_live(standing, live, now)
    stage = live.stage
    if stage and stage.canary and not has_own_canary(standing, stage) and not _is_new(standing.intent, stage):
        return _retreat(standing, live, now + LATE_WRITER_SECONDS)
    if stage is None or (drift := find_obstacles(standing, live)):
        return _blocked(standing, "; ".join(drift) if stage else "the stage is gone")
    if not _is_flipped(standing, stage):
        return _flip_or_retreat(standing, live, now)
    if standing.recovery_stage is RecoveryStage.BASED:
        return _wait(standing, RecoveryStage.FLIPPED, (), now + SETTLE_SECONDS)
    removal: tuple[Move, ...] = (RemoveCanary(),) if stage.canary else ()
    moves = (*removal, *_canary_aliases_to_rest(standing, live))
    return _rest(standing, Phase.PROMOTED, moves, find_drift(standing, live))


def _flip_or_retreat(standing: Standing, live: Live, now: float) -> Pass:
    """Flip if the canary has the release's deployment. If not, there is nothing to flip to, and base may have traffic again."""
    canary = live.stage.canary if live.stage else None
    if canary and canary.deployment_id == standing.intent.deployment_id:
        return _wait(standing, RecoveryStage.FLIPPED, (Flip(),), now + SETTLE_SECONDS)
    if canary and is_ours(canary, standing.intent) and _is_new(standing.intent, live.stage):
        return _wait(standing, RecoveryStage.FLIPPED, (RemoveCanary(),), now + SETTLE_SECONDS)
    return _retreat(standing, live, now + LATE_WRITER_SECONDS)


def _is_past_flip(standing: Standing, stage: LiveStage | None) -> bool:
    """Whether the stage shows that it was flipped. A release of code alone leaves no trace on the stage."""
    old = LiveStage(str(standing.snapshot.deployment_id), standing.snapshot.variables)
    return _is_new(standing.intent, stage) and not _is_new(standing.intent, old)


def _is_flipped(standing: Standing, stage: LiveStage | None) -> bool:
    canary = stage.canary if stage else None
    is_empty = stage is None or canary is None or canary.percent == Decimal(0) or is_shadow(standing, stage, canary)
    return is_empty and _is_new(standing.intent, stage)


def _is_new(intent: Intent, stage: LiveStage | None) -> bool:
    return stage is not None and has_release(stage, intent)


def _is_as_snapshot(standing: Standing, stage: LiveStage | None) -> bool:
    if stage is None or stage.deployment_id != standing.snapshot.deployment_id:
        return False
    return has_old_variables(stage, standing.snapshot, standing.intent)


def _has_all_traffic(standing: Standing, stage: LiveStage | None) -> bool:
    canary = stage.canary if stage else None
    return canary is not None and is_intact(canary, standing.intent) and canary.percent == Decimal(100)


def _is_base_without_traffic(standing: Standing, live: Live) -> bool:
    return _is_as_snapshot(standing, live.stage) and _has_all_traffic(standing, live.stage)


def _pass_forward_alias(standing: Standing, live: Live, now: float) -> Pass:
    moves = _live_aliases_to(standing, live, standing.intent.versions)
    if moves or standing.recovery_stage is not RecoveryStage.FLIPPED:
        return _wait(standing, RecoveryStage.FLIPPED, moves, now + SETTLE_SECONDS)
    if drift := find_drift(standing, live):
        return _blocked(standing, "; ".join(drift))
    return _rest(standing, Phase.PROMOTED, ())
