"""Which minutes may be judged: whether a minute is complete, and whether the traffic split was constant in it.

This rule is about time alone and does not know what was counted. Counts that are missing or contradict each other
(`canary.rules.judging.missing`) also mean, for a while, that a minute is not complete.
"""

from __future__ import annotations

import enum
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE_SECONDS = 60
SETTLE_SECONDS = 30
"""After a stage or alias update, a request may still see the old settings for this long (docs/aws.md#propagation)."""


class MinuteUse(enum.StrEnum):
    """What a minute may be used for.

    ``NOT_COMPLETE``: metrics are still arriving, so a decision now would rest on part of the minute. Ask again later.
    ``NOT_EVIDENCE``: the weight changed in it, or a change was still spreading. The arms' shares varied within the minute, so
    an outage that hits both arms alike could look like a worse canary. The minute is recorded, and folded only with bets that
    are valid for any split.
    ``COLD``: the canary's new instances start cold. Slowness counts only as far as cold starts cannot explain it; errors count
    fully.
    ``WARMING``: the same in the later minutes of the target's warm-up; `cold_share` says how much cold starts can explain.
    ``FULL``: every metric is evidence.
    """

    NOT_COMPLETE = "not_complete"
    NOT_EVIDENCE = "not_evidence"
    COLD = "cold"
    WARMING = "warming"
    FULL = "full"


def classify(
    minute: int,
    *,
    shifts: Sequence[float],
    now: float,
    metric_delay_seconds: int,
    warm_up: Sequence[float],
) -> MinuteUse:
    """What the minute that starts at epoch second `minute` may be used for at `now`.

    `shifts` are the times at which the weight was changed, in any order. A change takes up to 30 seconds to reach every
    request, and latency settles after that, in as many minutes as `warm_up` has parts.
    """
    end = minute + MINUTE_SECONDS
    if now < end + metric_delay_seconds:
        return MinuteUse.NOT_COMPLETE
    settled_for = _settled_for(minute, shifts)
    if settled_for < 0:
        return MinuteUse.NOT_EVIDENCE
    if settled_for >= MINUTE_SECONDS * len(warm_up):
        return MinuteUse.FULL
    return MinuteUse.COLD if settled_for < MINUTE_SECONDS else MinuteUse.WARMING


def cold_share(minute: int, *, shifts: Sequence[float], warm_up: Sequence[float]) -> float:
    """The part of the canary's requests that cold starts may make slow in the minute; 0 once it is warm.

    `warm_up` has that part for each minute after a weight change. The first also holds for the minutes of the change itself.
    """
    minutes = max(_settled_for(minute, shifts), 0.0) // MINUTE_SECONDS
    return warm_up[int(minutes)] if minutes < len(warm_up) else 0.0


def minutes_after(minute: int, shifts: Sequence[float]) -> int | None:
    """How many whole minutes before this one the newest weight change had reached every request; None if it had not yet."""
    settled_for = _settled_for(minute, shifts)
    return int(settled_for // MINUTE_SECONDS) if 0 <= settled_for < inf else None


def newest_shift(minute: int, shifts: Sequence[float]) -> float:
    """The newest weight change before the minute's end; minus infinity if there was none."""
    return max([shift for shift in shifts if shift < minute + MINUTE_SECONDS], default=-inf)


def _settled_for(minute: int, shifts: Sequence[float]) -> float:
    """The seconds from the time at which the newest weight change had reached every request to the minute's start."""
    return minute - newest_shift(minute, shifts) - SETTLE_SECONDS
