"""What a rollout waits for and what happens to it next, told from its record. All times are epoch seconds.

Nothing is decided here: looks come when `canary.rules.looks.look_schedule` says, and what they decide is not known before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.looks.look_schedule import next_look_seconds
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.policy import AfterPause
from canary_cli.stories.instants import local_clock

if TYPE_CHECKING:
    from canary.aws.record_items import LookItem
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.watched import PromotionWatch


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a rollout waits for, since when, and until when at the longest if that is known."""

    waits_for: str
    waiting_since: float
    seconds: float
    waiting_until: float | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next, and when if that is known."""

    what: str
    due_at: float | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause that lasts: since when, until when at the longest, what follows then, and why it was asked for."""

    paused_since: float
    paused_until: float
    after_pause: str
    reason: str


def pause_of(rollout: Rollout, now: float) -> Paused | None:
    """The pause that a look has heard and that lasts."""
    pause, policy = rollout.steering.pause, rollout.plan.policy
    if pause is None or rollout.phase is not Phase.SHIFTING:
        return None
    left = max(rollout.steering.pause_seconds_left(policy, now), 0.0)
    return Paused(pause.since, now + left, policy.after_pause.value, pause.reason)


def waiting_of(rollout: Rollout, look: LookItem | None, now: float) -> Waiting | None:
    """What the rollout waits for beyond its plan, if it does."""
    if rollout.phase is Phase.PARKED and rollout.parked_since is not None:
        since, until = rollout.parked_since, rollout.parked_until
        return Waiting("an advance, or an abort", since, now - since, until)
    if rollout.phase is not Phase.SHIFTING:
        return None
    if rollout.steering.promotion:
        asked_at = rollout.steering.promotion.asked_at
        return Waiting("a judged minute at the present weight, to be promoted as asked", asked_at, now - asked_at)
    if rollout.blind_since is not None:
        until = rollout.blind_since + rollout.plan.policy.max_blind_seconds
        return Waiting(_reason(look, "what cannot be seen"), rollout.blind_since, now - rollout.blind_since, until)
    if rollout.waiting_since is not None and rollout.steering.pause is None:
        return Waiting(_reason(look, "proof"), rollout.waiting_since, now - rollout.waiting_since, _extension_end(rollout))
    return None


def next_of(rollout: Rollout, now: float) -> Next:
    """What happens next to a rollout that has not ended."""
    if rollout.needs_operator:
        return Next("an operator does what the notification Operator Needed says; the controller tries again each minute")
    if rollout.phase is Phase.PREPARING:
        if rollout.reverts:
            return Next("the earlier release gets all traffic as the canary")
        return Next(f"the canary is prepared, then {step_words(rollout, 0)} begins")
    if rollout.phase is Phase.SHIFTING:
        return _next_in_bake(rollout, now)
    return _next_in_phase(rollout, now)


def _next_in_phase(rollout: Rollout, now: float) -> Next:
    if rollout.phase is Phase.PARKED:
        return Next(PROMOTED_NEXT if rollout.steering.promotion else WORDS[Phase.PARKED], rollout.parked_until)
    if rollout.phase is Phase.WATCHING and rollout.watch:
        return Next(_watched(rollout.watch), rollout.watch.until)
    return Next(WORDS[rollout.phase], rollout.not_before if rollout.not_before > now else None)


PROMOTED_NEXT = "canary advance promotes the release, as asked; without it the rollout is rolled back"
AFTER_PAUSE = {AfterPause.ROLL_BACK: "the rollout is rolled back", AfterPause.RESUME: "the bake goes on"}
WORDS = {
    Phase.PARKED: "canary advance takes the next step; without it the rollout is rolled back",
    Phase.TAKING_ALL: "base drains, then its aliases move to the release",
    Phase.MOVING_BASE: "base becomes the release and the canary is removed",
    Phase.ROLLING_BACK: "base has all traffic; the canary's aliases return and the target is freed",
    **dict.fromkeys((Phase.PROMOTED, Phase.ROLLED_BACK, Phase.REFUSED), "nothing: the rollout has ended"),
}
"""What happens next, by phase, where that is the same for all rollouts."""


def _watched(watch: PromotionWatch) -> str:
    minutes = max((one.minutes for one in watch.metrics.values()), default=0)
    unseen = f"; it could not see: {'; '.join(watch.unseen)}" if watch.unseen else ""
    return f"the watch of the promoted release ends; {minutes} minutes are judged so far{unseen}"


def _next_in_bake(rollout: Rollout, now: float) -> Next:
    step, policy = rollout.step, rollout.plan.policy
    if step.baking_since is None:
        shifted = rollout.shifts[-1] if rollout.shifts else now
        look_at = max(shifted + next_look_seconds(rollout, shifted), now)
        return Next(f"the first look at {step_words(rollout, step.index)}", look_at)
    bake_end = step.baking_since + policy.steps[step.index].bake_seconds
    if pause := pause_of(rollout, now):
        follows = AFTER_PAUSE[rollout.plan.policy.after_pause]
        return Next(f"{follows}, unless canary resume comes before; looks go on meanwhile", pause.paused_until)
    seen = rollout.looked_at or step.baking_since
    look_at = max(seen + next_look_seconds(rollout, seen), now)
    if rollout.steering.promotion:
        return Next("a look, which promotes once a minute at the present weight has been judged", look_at)
    if bake_end <= now:
        return Next(f"the next look decides whether {_after(rollout)}", look_at)
    return Next(f"a look; the bake ends at {local_clock(bake_end)}, and then {_after(rollout)}", look_at)


def _after(rollout: Rollout) -> str:
    following = rollout.step.index + 1
    if rollout.is_to_be_parked:
        return "the rollout is parked until an advance"
    return (
        f"{step_words(rollout, following)} begins" if following < len(rollout.plan.policy.steps) else "the release is promoted"
    )


def step_words(rollout: Rollout, index: int) -> str:
    """A step by its index: ``step 2 of 3 at 25 %``."""
    steps = rollout.plan.policy.steps
    return f"step {index + 1} of {len(steps)} at {steps[index].weight_percent} %"


def _extension_end(rollout: Rollout) -> float | None:
    step, policy = rollout.step, rollout.plan.policy
    if step.baking_since is None:
        return None
    return step.baking_since + policy.steps[step.index].bake_seconds + policy.max_extension_seconds


def _reason(look: LookItem | None, otherwise: str) -> str:
    return look.reason if look else otherwise
