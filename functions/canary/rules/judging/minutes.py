"""Which minutes may be judged: whether a minute is complete, and whether the traffic split was constant in it.

This rule is about time alone and does not know what was counted. Counts that contradict each other
(`canary.rules.judging.counts`) also mean that a minute is not complete.
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

COLD_SECONDS = 60
WARMING_SECONDS = 60


class MinuteUse(enum.StrEnum):
    """What a minute may be used for.

    ``NOT_COMPLETE``: metrics are still arriving, so a decision now would rest on part of the minute. Ask again later.
    ``NOT_EVIDENCE``: the weight changed in it, or a change was still spreading. The arms' shares varied within the minute, so
    an outage that hits both arms alike could look like a worse canary. The minute is recorded, and folded only with bets that
    are valid for any split.
    ``COLD``: the canary's new instances start cold. Slowness counts only as far as cold starts cannot explain it; errors count
    fully.
    ``WARMING``: the same, but cold starts are few and can explain much less.
    ``FULL``: every metric is evidence.
    """

    NOT_COMPLETE = "not_complete"
    NOT_EVIDENCE = "not_evidence"
    COLD = "cold"
    WARMING = "warming"
    FULL = "full"


def classify(minute: int, *, shifts: Sequence[float], now: float, metric_delay_seconds: int) -> MinuteUse:
    """What the minute that starts at epoch second `minute` may be used for at `now`.

    `shifts` are the times at which the weight was changed, in any order. A change takes up to 30 seconds to reach every
    request, and latency settles two minutes after that.
    """
    end = minute + MINUTE_SECONDS
    if now < end + metric_delay_seconds:
        return MinuteUse.NOT_COMPLETE
    settled_for = min([minute - shift for shift in shifts if shift < end], default=inf) - SETTLE_SECONDS
    if settled_for < 0:
        return MinuteUse.NOT_EVIDENCE
    if settled_for < COLD_SECONDS:
        return MinuteUse.COLD
    return MinuteUse.WARMING if settled_for < COLD_SECONDS + WARMING_SECONDS else MinuteUse.FULL
