"""The sentences of a verdict that an operator's pause or promotion decides, and when pauses have lasted too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.looks.reasons import in_minutes, judged, with_numbers

if TYPE_CHECKING:
    from canary.rules.looks.proof import Moment, Proof
    from canary.rules.rollouts.steering import Pause, Promotion
    from canary.rules.targets.policy import Policy

AN_OPERATOR = "an operator"
"""Said where nothing is known of who called."""


def pause_over(policy: Policy, moment: Moment) -> str | None:
    """Why the rollout is rolled back after its pauses, or None. One that is to resume instead is no longer paused."""
    if moment.steering.pause is None or moment.steering.pause_seconds_left(policy, moment.now) > 0:
        return None
    allowed = in_minutes(policy.max_pause_seconds)
    return f"the rollout was paused for the {allowed} that policy.max_pause_seconds allows, and after_pause is roll_back"


def paused(policy: Policy, moment: Moment, pause: Pause, proof: Proof) -> str:
    """That the step holds because of a pause, what follows it, and when."""
    left = in_minutes(moment.steering.pause_seconds_left(policy, moment.now))
    return (
        f"paused by {pause.by or AN_OPERATOR}{_because(pause.reason)}; in {left} it {policy.after_pause.words}; {judged(proof)}"
    )


def awaited(promotion: Promotion | None, proof: Proof) -> str:
    """What a promotion that was asked for waits for, to be added to the verdict's own reason; empty without one."""
    if promotion is None:
        return ""
    what = "a judged minute at this weight" if proof.judged_minutes == 0 else "requests that the release's code answers"
    return f"; the promotion that an operator asked for{_because(promotion.reason)} waits for {what}"


def promoted(policy: Policy, moment: Moment, promotion: Promotion, proof: Proof) -> str:
    """That an operator promoted the release, after what evidence, and which alarms it tolerates."""
    weight = policy.steps[moment.step_index].weight_percent
    said = f"promoted by {promotion.by or AN_OPERATOR}{_because(promotion.reason)} after {judged(proof)} at {weight} %"
    reason = with_numbers(proof, said)
    tolerated = ", ".join(promotion.tolerated_alarms)
    return f"{reason}; tolerated: {tolerated}" if tolerated else reason


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
