"""An outage of base: when one begins and ends, and what is bet on meanwhile.

Base's own minutes decide, never the canary's, so each bet is chosen before the minute that it is placed on. Failures of an
outage are rarely independent, so only a far worse canary is told from base in it (docs/decisions/0040 and 0043). This module
does not know stakes.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from canary.rules.judging.bets import Effects, log_share_bets
from canary.rules.judging.staking import log_sum

if TYPE_CHECKING:
    from canary.rules.judging.counts import Counts
    from canary.rules.judging.history import BaseHistory

OUTAGE_TIMES = 3.0
"""In an outage base has at least this many times as many bad requests for each good one as in its history."""

OUTAGE_BEGINS = 4.0
OUTAGE_LASTS = 10.0
"""An outage begins once base's bad requests are likelier in one than without it by the first figure, as a logarithm. That
figure is then raised to the second one, which it never exceeds, and the outage is over once it is below the first again.
"""

OUTAGE_LONGEST = 90
"""The most minutes that count as one. A base that is worse for longer has changed, and is compared with as it is."""

OUTAGE_WAITS = 30
"""A step waits while base is in an outage, but only in so many minutes of a rollout: base may have changed for good."""

BEYOND = 8.0
"""In an outage, the canary is held to be worse only if it fails more than this many times as often as base."""

RISKED = 0.05
"""The part of each stake that is bet in a minute of an outage; the rest is kept for later."""


def log_outage(before: float, base: BaseHistory, requests: float, bad: int, *, recent: float, minutes: int) -> float:
    """How much likelier base's bad requests have become in an outage than without one, as a logarithm from 0 on (CUSUM).

    `before`: the same before the minute. `requests`, `bad`: base's in the minute. `recent`: base's rate in the minutes before
    it. `minutes`: how many minutes of the rollout were in an outage. Bad requests in bursts speak for one by less, requests
    without any speak against it in full. Callers' errors (4xx) come and go without an outage of the target, so a coarse metric
    has none. Neither has a base that has been worse for so long that it has changed for good.
    """
    if base.is_coarse or not base.is_known or minutes >= OUTAGE_LONGEST:
        return 0.0
    usual = base.slow.rate
    worse = max(OUTAGE_TIMES * usual / (1.0 + (OUTAGE_TIMES - 1.0) * usual), recent)
    gained = bad * log(worse / usual) + max(requests - bad, 0.0) * log((1.0 - worse) / (1.0 - usual))
    shown = min(before + (gained / base.phi if gained > 0.0 else gained), OUTAGE_LASTS)
    is_out = before >= OUTAGE_BEGINS
    if shown < OUTAGE_BEGINS:
        return 0.0 if is_out else max(shown, 0.0)
    return shown if is_out else OUTAGE_LASTS


def without_wins(won: list[float]) -> list[float]:
    """What the bets lose in the minute that first shows an outage: its wins may come from the outage."""
    return [min(log_e, 0.0) for log_e in won]


def log_beyond(counts: Counts, share: float, *, b: float, phi: float, effects: Effects) -> list[float]:
    """What the bets win in an outage known from earlier minutes: a small part of each stake bets on a far worse canary.

    A bad request is the canary's with a probability that follows from the canary failing `BEYOND` times as often as base.
    `share`: the canary's of the requests. `b`: the base rate predicted from earlier minutes.
    """
    beyond = BEYOND * share / (1.0 - share + BEYOND * share)
    won = log_share_bets(counts.nc, counts.ec, counts.nb, counts.eb, share=beyond, b=b, phi=phi, effects=effects)
    return [log_sum((log(1.0 - RISKED), log(RISKED) + log_e)) for log_e in won]
