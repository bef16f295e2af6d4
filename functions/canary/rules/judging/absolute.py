"""Whether a release without a base beside it is far worse than its target usually is: one bad rate against a fixed ceiling.

The ceiling of a metric comes from the picture before the release, and it is coarse. What is usual is the highest of three
rates: the rate that all but one in ten slices of the last day stayed below, the rate at the start of the rollout, and base's
rate during the rollout. The ceiling is three times as many bad requests for each good one as usual, and at least the usual rate
plus the policy's rate points. A drift of the whole target by half, as between night and day, stays below it.

The test is a sum of likelihood ratios. In a minute with n requests and x bad ones, the rate q has the ratio

    LR(q) = (q / ceiling)^x ((1 - q) / (1 - ceiling))^(n - x)

against the ceiling. If the true rate is at most the ceiling, its expectation is at most 1 for each q above it. The evidence of
a metric is the mean over five such q of

    S_t = (S_{t-1} + w_t) LR_t(q)

plus the weights that have not begun. The weights w sum to 1: half of it begins with the first minute and the other half is
spread over the watch's other minutes, so that a release that breaks late is found as well. The evidence of all metrics is the
mean with the judge's stakes. It starts at 1, and as long as no rate is above its ceiling its expectation never grows. So it
ever reaches 1 / alpha with a probability of at most alpha (Ville), however often someone looks.

Requests are taken to be independent given their minute. Where bad requests come in bursts, every logarithm is divided by the
metric's `phi`, as in `canary.rules.judging.bets`. Nothing here compares two arms: an outage of something that the target needs
looks like a bad release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.judging.history import BaseHistory

TIMES = 3.0
"""The ceiling has this many times as many bad requests for each good one as usual."""

SLICES_ABOVE = 0.1
"""The part of the day's slices that is left out, so that an outage of yesterday does not raise the ceiling."""

FEWEST_REQUESTS = 100
"""Fewer requests of base during the rollout say nothing about its rate."""

HIGHEST_CEILING = 0.99
"""A metric with a higher ceiling is not held: nearly all of its requests are bad anyway."""

WORSE = (1.5, 2.5, 5.0, 15.0, 60.0)
"""The rates q: this many times as many bad requests for each good one as at the ceiling."""

FIRST_PART = 0.5
"""The weight that begins with the first minute."""

MOST = exp(600.0)
"""Evidence is cut off here; it is far above every ceiling, and a larger number might not fit into a float."""

LEAST = exp(-600.0)
"""The smallest evidence that has a logarithm here."""


@dataclass(frozen=True, slots=True)
class CeilingEvidence:
    """One metric held against its ceiling. Rates are fractions.

    ``starts``: how many minutes the watch may judge. ``minutes``, ``requests``, ``bad``: what was judged. ``sums``: S of each
    q; empty before the first minute.
    """

    usual: float
    ceiling: float
    phi: float
    stake: float
    starts: int
    minutes: int = 0
    requests: int = 0
    bad: int = 0
    sums: tuple[float, ...] = ()

    @property
    def value(self) -> float:
        """The evidence: 1 before the first minute."""
        begun = sum(_weight(minute, self.starts) for minute in range(self.minutes))
        return (sum(self.sums) / len(WORSE) if self.sums else 0.0) + max(0.0, 1.0 - begun)

    def after(self, requests: int, bad: int) -> CeilingEvidence:
        """With one minute more, which has at least one request and no more bad requests than requests."""
        begins = _weight(self.minutes, self.starts)
        sums = self.sums or (0.0,) * len(WORSE)
        ratios = [self._ratio(times, requests, bad) for times in WORSE]
        return replace(
            self,
            minutes=self.minutes + 1,
            requests=self.requests + requests,
            bad=self.bad + bad,
            sums=tuple(min((one + begins) * ratio, MOST) for one, ratio in zip(sums, ratios, strict=True)),
        )

    def _ratio(self, times: float, requests: int, bad: int) -> float:
        q = at_odds(self.ceiling, times)
        grown = bad * log(q / self.ceiling) + (requests - bad) * (log1p(-q) - log1p(-self.ceiling))
        return exp(min(grown / self.phi, 600.0))


def begin_ceiling(
    base: BaseHistory, during: tuple[int, int], *, points: float, stake: float, starts: int
) -> CeilingEvidence | None:
    """The evidence before the first minute; None where nothing says what is usual, or where the ceiling would be too high.

    ``during``: base's requests and bad ones in the rollout. ``points``: the policy's rate points (0.01 is one point).
    """
    usual = usual_rate(base, during)
    if usual is None:
        return None
    ceiling = max(at_odds(usual, TIMES), usual + points)
    return None if ceiling >= HIGHEST_CEILING else CeilingEvidence(usual, ceiling, base.phi, stake, max(1, starts))


def usual_rate(base: BaseHistory, during: tuple[int, int]) -> float | None:
    """The bad rate that is usual before the release; None if there is neither a history nor enough of base in the rollout."""
    requests, bad = during
    known = [bad / requests] if requests >= FEWEST_REQUESTS else []
    if base.is_known:
        rates = sorted(slice_bad / slice_requests for slice_requests, slice_bad in base.slices)
        known += [base.slow.rate, rates[ceil(len(rates) * (1 - SLICES_ABOVE)) - 1]]
    return max(known, default=None)


def at_odds(rate: float, times: float) -> float:
    """The rate at which there are `times` as many bad requests for each good one as at `rate`."""
    return times * rate / (1.0 + (times - 1.0) * rate)


def log_evidence(metrics: Iterable[CeilingEvidence]) -> float:
    """The natural logarithm of the evidence of all metrics, with their stakes; 0 if none is held."""
    held = tuple(metrics)
    stakes = sum(one.stake for one in held)
    value = sum(one.stake * one.value for one in held) / stakes if held else 1.0
    return log(max(value, LEAST))


def _weight(minute: int, starts: int) -> float:
    """The weight that begins with the minute of this index."""
    if minute >= starts:
        return 0.0
    if starts == 1:
        return 1.0
    return FIRST_PART if minute == 0 else (1.0 - FIRST_PART) / (starts - 1)
