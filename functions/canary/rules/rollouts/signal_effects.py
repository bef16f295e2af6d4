"""What a look makes of a signal: a pause, its end, the promotion.

    pause    the bake's clock stops; the weight, the looks and every veto stay; a promotion that was asked for is withdrawn
    resume   the bake's clock runs on
    promote  a pause ends, and the next look that finds nothing against it promotes, whatever step the rollout is at

All pauses of a rollout together last `policy.max_pause_seconds`, so that the plan can say how long the rollout may take.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from canary.rules.rollouts.steering import Pause, Promotion, SignalVerb
from canary.rules.targets.policy import AfterPause

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.steering import Signal, Steering


def hear(rollout: Rollout, signal: Signal | None, now: float) -> Rollout:
    """The rollout as a look at `now` (epoch seconds) goes on with it: the newest signal heard, an overlong pause ended."""
    heard = _obey(rollout, signal, now) if signal and signal.number > rollout.steering.heard else rollout
    return _end_pause(heard, now) if _is_to_go_on(heard, now) else heard


def _obey(rollout: Rollout, signal: Signal, now: float) -> Rollout:
    match signal.verb:
        case SignalVerb.PAUSE:
            pause = rollout.steering.pause or Pause(now, signal.reason)
            obeyed = _steered(rollout, replace(rollout.steering, pause=pause, promotion=None))
        case SignalVerb.RESUME:
            obeyed = _end_pause(rollout, now)
        case SignalVerb.PROMOTE:
            promotion = Promotion(signal.at, signal.reason, signal.tolerated_alarms)
            ended = _end_pause(rollout, now)
            obeyed = _steered(ended, replace(ended.steering, promotion=promotion))
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
