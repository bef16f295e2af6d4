"""Which minutes are complete enough to be folded, and how long those that are not are waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MINUTE_SECONDS, MinuteUse, classify
from canary.rules.judging.missing import WAIT_SECONDS
from canary.rules.looks.listening import traffic_of
from canary.rules.looks.sources import FUNCTION_ERRORS, sources_of
from canary.rules.looks.warming import warm_up_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.judging.counts import Measured
    from canary.rules.rollouts.rollout import Rollout

LATE_SECONDS = 300
"""How long to wait for the newest minutes if they show no request: they may be late, and a skipped minute is not read again."""


MOST_MINUTES, MOST_COUNTS = 240, 1500
"""How many minutes one look folds, and how many counts of a metric in a minute, at most: they are written with it, and an item
of the table has at most 400 KB (docs/aws.md#item-size). More are waiting only after hours in which nobody could look."""


def most_minutes(rollout: Rollout) -> int:
    """How many minutes one look of this rollout folds, at most."""
    return min(MOST_MINUTES, MOST_COUNTS // max(1, len(sources_of(rollout)))) or 1


def wanted_minutes(rollout: Rollout, now: float) -> tuple[int, int]:
    """The minutes to request from CloudWatch: complete by now and not yet used; start inclusive, end exclusive.

    At most `most_minutes`, the oldest ones; the next looks fold the others.
    """
    start = rollout.judged_to + MINUTE_SECONDS
    return start, min(_complete_to(rollout, now), start + most_minutes(rollout) * MINUTE_SECONDS)


def find_backlog(rollout: Rollout, now: float) -> int:
    """How many complete minutes this look leaves to the next ones, because it folds as many as it may."""
    _, end = wanted_minutes(rollout, now)
    return max(0, _complete_to(rollout, now) - end) // MINUTE_SECONDS


def has_unread(rollout: Rollout, now: float) -> bool:
    """Whether a complete minute was not used yet: its counts are late, or left to the next looks."""
    return rollout.judged_to + MINUTE_SECONDS < _complete_to(rollout, now)


def awaits_minute(rollout: Rollout, now: float) -> bool:
    """Whether the next minute is waited for after a look at `now`: counts are late, or an operator wants the promotion."""
    return has_unread(rollout, now) or rollout.steering.promotion is not None


def _complete_to(rollout: Rollout, now: float) -> int:
    """The end of the newest minute that is complete."""
    return int((now - rollout.plan.policy.metric_delay_seconds) // MINUTE_SECONDS) * MINUTE_SECONDS


def find_waiting(rollout: Rollout, counts: Mapping[int, Measured], now: float) -> int:
    """How many complete minutes are unused because none of them has shown a request yet; 0 if one has."""
    start, end = wanted_minutes(rollout, now)
    waiting = range(start, end, MINUTE_SECONDS)
    return 0 if any(traffic_of(counts.get(minute, {}), rollout.target) for minute in waiting) else len(waiting)


def use_of(rollout: Rollout, minute: int, seen: Measured, now: float) -> MinuteUse:
    """What the minute may be used for at `now`, with the counts seen so far.

    A metric whose bad requests are not counted, or cannot be right, is waited for. After that it is left out of the minute, and
    what the minute may be used for does not depend on it.
    """
    delay = rollout.plan.policy.metric_delay_seconds
    if not all(counts.trusted.is_whole for counts in seen.values()) and not _is_overdue(rollout, minute, now, WAIT_SECONDS):
        return MinuteUse.NOT_COMPLETE
    return classify(minute, shifts=rollout.shifts, now=now, metric_delay_seconds=delay, warm_up=warm_up_of(rollout))


def is_perhaps_late(rollout: Rollout, minute: int, counts: Mapping[int, Measured], now: float) -> bool:
    """Whether the requests, or the invocations, of this minute and of all later ones may still arrive.

    The access log may be counted before Lambda's own metrics are there, and a minute that was folded is not read again.
    """
    if _is_overdue(rollout, minute, now, LATE_SECONDS):
        return False
    if minute > max((one for one, seen in counts.items() if traffic_of(seen, rollout.target)), default=0):
        return True
    if not rollout.plan.function_errors or _is_overdue(rollout, minute, now, WAIT_SECONDS):
        return False
    return minute > max((one for one, seen in counts.items() if FUNCTION_ERRORS in seen), default=0)


def _is_overdue(rollout: Rollout, minute: int, now: float, seconds: int) -> bool:
    return now - (minute + MINUTE_SECONDS + rollout.plan.policy.metric_delay_seconds) > seconds
