"""When the next look is due: just after a minute became complete. Also: since when a step waits beyond its bake.

Looks follow CloudWatch's minutes, not the second at which the rollout began. A look that comes later in the minute sees nothing
more and decides later. A step that begins just after a minute's completion loses one minute of evidence to its weight change;
another may lose two. This module does not know how a look decides.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.proof import NEARLY_SECONDS
from canary.rules.looks.verdict import VerdictKind

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy

LAG_SECONDS = 1
"""How long after a minute's completion a look is due: waits are whole seconds and may end a little early."""


def next_look_seconds(rollout: Rollout, now: float) -> int:
    """Whole seconds from `now` (epoch seconds) to the rollout's next look."""
    plan, step = rollout.plan, rollout.step
    since = now if step.baking_since is None else step.baking_since
    first_shift = now if rollout.first_shift is None else rollout.first_shift
    due = promotion_due(plan.policy, step.index, baking_since=since, first_shift=first_shift)
    due = None if rollout.steering.pause else due
    return seconds_to_look(plan.policy, now=now, look_seconds=plan.look_seconds, promotion_due=due)


def promotion_due(policy: Policy, step_index: int, *, baking_since: float, first_shift: float) -> float | None:
    """The earliest time of the promotion (epoch seconds) while the last step is baked; None in earlier steps."""
    if step_index + 1 < len(policy.steps):
        return None
    return max(baking_since + policy.steps[step_index].bake_seconds, first_shift + policy.not_before_seconds)


def seconds_to_look(policy: Policy, *, now: float, look_seconds: int, promotion_due: float | None) -> int:
    """Whole seconds from `now` to the next look, 1 to `look_seconds`; a look also comes when the promotion is due."""
    phase = (policy.metric_delay_seconds + LAG_SECONDS) % MINUTE_SECONDS
    at_least = now + look_seconds - MINUTE_SECONDS
    following = (at_least - phase) // MINUTE_SECONDS * MINUTE_SECONDS + phase + MINUTE_SECONDS
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
