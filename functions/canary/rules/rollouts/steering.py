"""What operators ask of a running rollout, and what a look makes of it: a pause, its end, the promotion.

A verb that waits for the next look is recorded as a signal, in an item beside the rollout's record, because only the owner may
write the record. Only the newest signal is kept: it says all that is wanted now. A look applies each signal once.

    pause    the bake's clock stops; the weight, the looks and every veto stay; a promotion that was asked for is withdrawn
    resume   the bake's clock runs on
    promote  a pause ends, and the next look that finds nothing against it promotes, whatever step the rollout is at

All pauses of a rollout together last `policy.max_pause_seconds`, so that the plan can say how long the rollout may take.
Who may send a signal, and when, is decided in `canary.rules.rollouts.verbs`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from canary.rules.targets.policy import AfterPause

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy


class Verb(enum.StrEnum):
    """What an operator can ask of a rollout."""

    ABORT = "abort"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"


class OperatorVerb(enum.StrEnum):
    """The verbs that OperateRollout takes."""

    ABORT = Verb.ABORT
    PAUSE = Verb.PAUSE
    RESUME = Verb.RESUME


class AuthorizerVerb(enum.StrEnum):
    """The verbs that AuthorizeRollout takes: those that let a release skip what its policy asks for."""

    PROMOTE = Verb.PROMOTE


@dataclass(frozen=True, slots=True)
class Signal:
    """One call of a verb that waits for a look. Each has a higher ``number`` than the one before, starting at 1.

    ``at``: AWS's time of the call, in epoch seconds. ``tolerated_alarms``: names that may fire, for a promotion.
    """

    number: int
    verb: Verb
    at: float
    reason: str = ""
    tolerated_alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """``since``: the look that stopped the bake's clock, in epoch seconds."""

    since: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """``asked_at``: when the verb was called, in epoch seconds. ``tolerated_alarms`` do not veto this rollout any more."""

    asked_at: float
    reason: str = ""
    tolerated_alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steering:
    """What the looks have heard of operators.

    ``heard``: the number of the newest signal that a look has heard. ``pause``: the pause that lasts.
    ``paused_seconds``: how long the pauses lasted that are over. ``promotion``: the one that was asked for.
    """

    heard: int = 0
    pause: Pause | None = None
    paused_seconds: float = 0.0
    promotion: Promotion | None = None

    def pause_seconds_left(self, policy: Policy, now: float) -> float:
        """For how many seconds from `now` (epoch seconds) the rollout may still be paused."""
        lasting = now - self.pause.since if self.pause else 0.0
        return policy.max_pause_seconds - self.paused_seconds - lasting

    def bake_clock(self, now: float) -> float:
        """What the bake's clock shows at `now`: it stands while the rollout is paused (epoch seconds)."""
        return self.pause.since if self.pause else now


NOT_STEERED = Steering()


def hear(rollout: Rollout, signal: Signal | None, now: float) -> Rollout:
    """The rollout as a look at `now` (epoch seconds) goes on with it: the newest signal heard, an overlong pause ended."""
    heard = _obey(rollout, signal, now) if signal and signal.number > rollout.steering.heard else rollout
    return _end_pause(heard, now) if _is_to_go_on(heard, now) else heard


def _obey(rollout: Rollout, signal: Signal, now: float) -> Rollout:
    match signal.verb:
        case Verb.PAUSE:
            pause = rollout.steering.pause or Pause(now, signal.reason)
            obeyed = _steered(rollout, replace(rollout.steering, pause=pause, promotion=None))
        case Verb.RESUME:
            obeyed = _end_pause(rollout, now)
        case Verb.PROMOTE:
            promotion = Promotion(signal.at, signal.reason, signal.tolerated_alarms)
            ended = _end_pause(rollout, now)
            obeyed = _steered(ended, replace(ended.steering, promotion=promotion))
        case Verb.ABORT:  # does not wait for a look, so no signal says it
            obeyed = rollout
        case _:
            assert_never(signal.verb)
    return _steered(obeyed, replace(obeyed.steering, heard=signal.number))


def _is_to_go_on(rollout: Rollout, now: float) -> bool:
    policy, steering = rollout.plan.policy, rollout.steering
    is_over = steering.pause is not None and steering.pause_seconds_left(policy, now) <= 0
    return is_over and policy.after_pause is AfterPause.RESUME


def _end_pause(rollout: Rollout, now: float) -> Rollout:
    """The rollout with its bake's clock running again: the bake began later by as much as the pause lasted."""
    pause = rollout.steering.pause
    if pause is None:
        return rollout
    lasted = now - pause.since
    began = pause.since if rollout.step.baking_since is None else rollout.step.baking_since
    steering = replace(rollout.steering, pause=None, paused_seconds=rollout.steering.paused_seconds + lasted)
    return _steered(replace(rollout, step=replace(rollout.step, baking_since=began + lasted)), steering)


def _steered(rollout: Rollout, steering: Steering) -> Rollout:
    return replace(rollout, steering=steering)
