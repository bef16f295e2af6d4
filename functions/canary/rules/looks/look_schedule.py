"""When the next look is due: just after a minute became complete. Also: since when a step waits beyond its bake.

A look comes each minute, or more rarely while nothing speaks against the release: in a step from its fifth minute, and after
the promotion. Looks follow CloudWatch's minutes, not the second at which the rollout began: one that comes later in the minute
sees nothing more and decides later. A step that begins just after a minute's completion loses one minute of evidence to its
weight change; another may lose two. This module does not know how a look decides.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.proof import NEARLY_SECONDS
from canary.rules.looks.verdict import VerdictKind, is_open

if TYPE_CHECKING:
    from canary.rules.judging.judge import Evidence
    from canary.rules.looks.alarm_readings import AlarmReading
    from canary.rules.looks.proof import Proof
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy

CLOSE_SECONDS = 240
"""How long a step's looks come each minute, whatever they find."""

LAG_SECONDS = 1
"""How long after a minute's completion a look is due: waits are whole seconds and may end a little early."""

_TINY_SECONDS = 0.001


def next_look_seconds(rollout: Rollout, now: float) -> int:
    """Whole seconds from `now` (epoch seconds) to the rollout's next look."""
    plan, step, policy = rollout.plan, rollout.step, rollout.plan.policy
    since = now if step.baking_since is None else step.baking_since
    first_shift = now if rollout.first_shift is None else rollout.first_shift
    due = promotion_due(policy, step.index, baking_since=since, first_shift=first_shift)
    due = None if rollout.steering.pause else due
    interval = look_interval(policy, plan.look_seconds, baked_seconds=now - since, is_calm=rollout.is_calm)
    step_ends = since + policy.steps[step.index].bake_seconds
    return seconds_to_look(policy, now=now, look_seconds=interval, promotion_due=due, step_ends=step_ends)


def is_calm(
    verdict: VerdictKind, evidence: Evidence, proof: Proof, *, before: float, alarms: tuple[AlarmReading, ...] = ()
) -> bool:
    """Whether a look found nothing that speaks against the release. `before`: ln of the evidence at the look before it.

    The step goes on, a minute of it was judged, and the evidence is below 1 and has not risen. A canary that is slower than
    base is not calm while it may be warming up: its latency is judged only afterwards.
    """
    is_for_it = proof.judged_minutes >= 1 and evidence.log_strength < 0.0 and evidence.log_strength <= before
    return verdict is VerdictKind.CONTINUE and is_for_it and not is_open(proof, alarms)


def calm_interval(policy: Policy, look_seconds: int) -> int:
    """Seconds between two looks while nothing speaks against the release: whole minutes, as looks follow minutes."""
    return max(look_seconds, policy.calm_look_seconds // MINUTE_SECONDS * MINUTE_SECONDS)


def look_interval(policy: Policy, look_seconds: int, *, baked_seconds: float, is_calm: bool) -> int:
    """Seconds between a look of a step that has baked for so long and the next one; a minute where a step may end early."""
    is_rare = is_calm and baked_seconds >= CLOSE_SECONDS and not policy.early_advance
    return calm_interval(policy, look_seconds) if is_rare else look_seconds


def longest_interval(policy: Policy, look_seconds: int) -> int:
    """The most seconds that can be between two looks of a step; a revert has no steps."""
    longest = max((step.bake_seconds for step in policy.steps), default=0)
    return look_interval(policy, look_seconds, baked_seconds=longest - LAG_SECONDS, is_calm=True)


def promotion_due(policy: Policy, step_index: int, *, baking_since: float, first_shift: float) -> float | None:
    """The earliest time of the promotion (epoch seconds) while the last step is baked; None in earlier steps."""
    if step_index + 1 < len(policy.steps):
        return None
    return max(baking_since + policy.steps[step_index].bake_seconds, first_shift + policy.not_before_seconds)


def usual_looks(policy: Policy, look_seconds: int, bake_seconds: int) -> int:
    """How many looks a step of that bake has if nothing speaks against the release from the start."""
    close = min(bake_seconds, CLOSE_SECONDS) if longest_interval(policy, look_seconds) > look_seconds else bake_seconds
    rare = (bake_seconds - close) / calm_interval(policy, look_seconds)
    return ceil(close / look_seconds) + ceil(rare) + 1


def usual_watch_looks(policy: Policy, look_seconds: int) -> int:
    """How many looks the watch after the promotion has if nothing speaks against the release."""
    if not policy.watch_seconds:
        return 0
    close = min(policy.watch_seconds, policy.metric_delay_seconds + 2 * MINUTE_SECONDS)  # until a minute of it was judged
    rare = (policy.watch_seconds - close) / calm_interval(policy, look_seconds)
    return ceil(close / look_seconds) + ceil(rare) + 1


def seconds_to_look(
    policy: Policy, *, now: float, look_seconds: int, promotion_due: float | None, step_ends: float | None = None
) -> int:
    """Whole seconds from `now` to the next look, 1 to `look_seconds`.

    A look also comes when the promotion is due, and at the first minute that ends a step whose bake ends at `step_ends`.
    """
    phase = (policy.metric_delay_seconds + LAG_SECONDS) % MINUTE_SECONDS
    after = now + look_seconds - MINUTE_SECONDS
    if step_ends is not None and now < step_ends - NEARLY_SECONDS:
        after = min(after, step_ends - NEARLY_SECONDS - _TINY_SECONDS)
    following = (after - phase) // MINUTE_SECONDS * MINUTE_SECONDS + phase + MINUTE_SECONDS
    if promotion_due is not None and now < promotion_due < following:
        following = promotion_due
    return max(ceil(following - now), 1)


def waiting_since(rollout: Rollout, verdict: VerdictKind, now: float) -> float | None:
    """Since when the present step waits beyond its bake, according to a look at `now` with this verdict; None if it does not.

    A pause counts like any other wait: the bake's clock stands, so a paused step gets past the end that was planned for it, and
    a resumed one has a later end. It counts as waiting only once every minute that began in the bake could have been judged.
    Until then its numbers are merely still arriving.
    """
    step, policy = rollout.step, rollout.plan.policy
    if verdict not in {VerdictKind.HOLD, VerdictKind.CONTINUE} or step.baking_since is None:
        return None
    judged = step.baking_since + policy.steps[step.index].bake_seconds + MINUTE_SECONDS + policy.metric_delay_seconds
    if now + NEARLY_SECONDS < judged:
        return None
    return now if rollout.waiting_since is None else rollout.waiting_since
