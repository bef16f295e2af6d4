"""Which minutes may be judged: how complete a minute is, and whether the traffic split stood still in it.

A rule about time alone. What was counted in the minute is not known here; counts that do not fit together
(`canary.rules.judging.counts`) also mean that the minute is not complete.
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
    """What a minute is good for.

    ``NOT_COMPLETE``: metrics still arrive; deciding now would be deciding from part of the minute. Ask again later.
    ``NOT_EVIDENCE``: the weight changed in it, or the change was still spreading. The arms' shares differ within the
    minute, so an outage that hits both arms alike looks like a worse canary. Recorded, and folded only where the weight
    rose, for bets that hold whatever happened within the minute.
    ``COLD``: the canary's new instances start cold; slowness speaks only where that cannot explain it, errors as ever.
    ``WARMING``: a few still do; the same, with much less for a cold start to explain.
    ``FULL``: every metric is evidence.
    """

    NOT_COMPLETE = "not_complete"
    NOT_EVIDENCE = "not_evidence"
    COLD = "cold"
    WARMING = "warming"
    FULL = "full"


def classify(minute: int, *, shifts: Sequence[float], now: float, metric_delay_seconds: int) -> MinuteUse:
    """What the minute starting at epoch second `minute` may be used for at `now`.

    `shifts` are the times at which the weight was changed, in any order; a change takes up to 30 seconds to reach every
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
