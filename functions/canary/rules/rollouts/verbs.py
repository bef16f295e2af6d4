"""Which verb that waits for a look is accepted in which phase, and what it then does: the answer, with its reason.

Knows a rollout's record and the newest signal, and nothing of alarms, the judge or IAM. `docs/verbs-by-phase.md` has every
combination, also of the verbs that are carried out at once.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import abort_command, advance_command, iso
from canary.rules.rollouts.signal_effects import hear
from canary.rules.rollouts.steering import SignalVerb

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.steering import Signal

MAY_BE_PAUSED = frozenset({Phase.PREPARING, Phase.SHIFTING, Phase.PARKED})
"""The phases after which a look may still hear of a pause."""


class VerbAnswer(enum.StrEnum):
    """What a verb that waits for a look is answered with; a target without a rollout has NOTHING_TO_<VERB>."""

    ACCEPTED = "ACCEPTED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its reason."""

    answer: VerbAnswer
    reason: str


def reply_to(verb: SignalVerb, rollout: Rollout, signal: Signal | None, now: float, tolerated: tuple[str, ...] = ()) -> Reply:
    """What a verb does to a rollout at `now` (epoch seconds), whose newest signal may wait for its look.

    `tolerated`: the alarms named with a promotion.
    """
    if rollout.reverts and not rollout.phase.is_terminal:
        return _reply_for_revert(verb, rollout)
    heard = hear(rollout, signal, now)
    match verb:
        case SignalVerb.PAUSE:
            return _reply_to_pause(heard, now)
        case SignalVerb.RESUME:
            return _reply_to_resume(heard)
        case SignalVerb.PROMOTE:
            return _reply_to_promote(heard, tolerated)
        case _:
            assert_never(verb)


def _reply_for_revert(verb: SignalVerb, revert: Rollout) -> Reply:
    """A revert has no step that a look could hold or skip."""
    match verb:
        case SignalVerb.PAUSE:
            found = f"the rollout reverts rollout {revert.reverts} and has no bake to hold"
            return Reply(VerbAnswer.REFUSED, f"{found}; let it end, or {_abort(revert)}")
        case SignalVerb.RESUME:
            return Reply(VerbAnswer.UNCHANGED, "the rollout is not paused")
        case SignalVerb.PROMOTE if revert.phase is Phase.ROLLING_BACK:
            return Reply(VerbAnswer.REFUSED, "the rollout is being rolled back; let it end, and revert again")
        case SignalVerb.PROMOTE:
            return Reply(VerbAnswer.UNCHANGED, "the rollout is a revert, which takes all traffic at once")
        case _:
            assert_never(verb)


def _reply_to_pause(rollout: Rollout, now: float) -> Reply:
    if why := _why_not_paused(rollout):
        return Reply(VerbAnswer.REFUSED, why)
    policy, steering = rollout.plan.policy, rollout.steering
    left = round(steering.pause_seconds_left(policy, now))
    then = f"after {left / 60:.0f} more minutes of pause it {policy.after_pause.words}"
    if steering.pause:
        return Reply(VerbAnswer.UNCHANGED, f"the rollout is paused already; {then}")
    if left <= 0:
        found = f"policy.max_pause_seconds allows {policy.max_pause_seconds} seconds of pause in all, and none are left"
        return Reply(VerbAnswer.REFUSED, f"{found}; let the rollout go on, or {_abort(rollout)}")
    return Reply(VerbAnswer.ACCEPTED, f"the bake's clock stops; the weight, the looks and every veto stay; {then}")


def _why_not_paused(rollout: Rollout) -> str | None:  # noqa: PLR0911 - one for each phase
    """Why there is no bake whose clock could be stopped; None where there is one, or soon will be."""
    match rollout.phase:
        case Phase.PREPARING | Phase.SHIFTING:
            return None
        case Phase.PARKED:
            until = f" until {iso(rollout.parked_until)}" if rollout.parked_until is not None else ""
            return f"the rollout is parked{until} and takes no step without an advance; do not advance it, or {_abort(rollout)}"
        case Phase.TAKING_ALL:
            return f"the rollout is being promoted and has no bake left; let it end, or {_abort(rollout)}"
        case Phase.MOVING_BASE:
            return "the rollout is being promoted and past its commit point; let it end"
        case Phase.WATCHING:
            return "the rollout is promoted, and its watch cannot be paused; let it end"
        case Phase.ROLLING_BACK:
            return "the rollout is being rolled back; let it end"
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.REFUSED:
            return f"the rollout is over: {rollout.phase}"
        case _:
            assert_never(rollout.phase)


def _reply_to_resume(rollout: Rollout) -> Reply:
    if rollout.steering.pause is None or rollout.phase not in MAY_BE_PAUSED:
        return Reply(VerbAnswer.UNCHANGED, "the rollout is not paused")
    return Reply(VerbAnswer.ACCEPTED, "the bake's clock runs on")


def _reply_to_promote(rollout: Rollout, tolerated: tuple[str, ...]) -> Reply:  # noqa: PLR0911 - one for each phase
    promotion = rollout.steering.promotion
    is_asked = promotion is not None and {*tolerated} <= {*promotion.tolerated_alarms}
    answer = VerbAnswer.UNCHANGED if is_asked else VerbAnswer.ACCEPTED
    match rollout.phase:
        case Phase.SHIFTING:
            return Reply(answer, "the remaining steps are skipped as soon as a minute at the present weight has been judged")
        case Phase.PARKED:
            return Reply(answer, f"the next advance promotes; advance the rollout: {advance_command(rollout)}")
        case Phase.PREPARING:
            return Reply(VerbAnswer.REFUSED, "the canary has no traffic yet; promote once its first step has begun")
        case Phase.TAKING_ALL | Phase.MOVING_BASE:
            return Reply(VerbAnswer.UNCHANGED, "the rollout is being promoted")
        case Phase.WATCHING:
            return Reply(VerbAnswer.UNCHANGED, "the rollout is promoted and watched")
        case Phase.ROLLING_BACK:
            return Reply(VerbAnswer.REFUSED, "the rollout is being rolled back; let it end, and start the release again")
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.REFUSED:
            return Reply(VerbAnswer.REFUSED, f"the rollout is over: {rollout.phase}")
        case _:
            assert_never(rollout.phase)


def _abort(rollout: Rollout) -> str:
    return f"abort it: {abort_command(rollout)}"
