"""Intervals for people: where each arm's bad rate lies, and by how much the canary's differs from base's.

They decide nothing; the judge does. They are confidence sequences, so they may be read after every minute: with a probability
of at least 1 - alpha, an interval contains the truth after every minute at once, however often someone looks.

The truth that an interval is about is a mean over the minutes in which both arms had requests: of one arm's bad rate, or of
the canary's rate minus base's. The rates may drift in any way. A minute in which the arms had nc and nb requests has the weight
nc nb / (nc + nb) in all three means, with which a difference is known best (Mantel and Haenszel 1959). Counts are never pooled
over minutes: the canary's share changes, so an outage under a high weight would count against the canary (Simpson's paradox).
With one weight for both arms it cannot.

The construction is a mixture empirical-Bernstein confidence sequence (Howard, Ramdas, McAuliffe and Sekhon 2021,
arXiv 1810.08240, theorem 4, with a discrete mixture; the name follows Waudby-Smith and Ramdas 2024, arXiv 2010.09686). Its
observations are the requests. A request is 0 or 1 (bad). It counts w/n if its arm had n requests in a minute of the weight w.
For a request x of mean p, any q predicted before the minute, and 0 <= l < 1 (Fan, Grama and Liu 2015, Electronic Journal of
Probability 20):

    E exp(l (x - p) - psi(l) (x - q)^2) <= 1    with psi(l) = -ln(1 - l) - l, and the same with p - x for x - p

With l = L w/n for the requests of each minute, the product of these is a test martingale for each L. So is the mean of the
products over a grid of L. It ever reaches 2/alpha with a probability of at most alpha/2 (Ville). The interval is what remains
when this excludes means on both sides. Where l would be too large, only a part of the minute enters the product, and the rest
of its rate is taken to be anything possible.

The interval of the difference is the intersection of two: what the product over both arms leaves at alpha/2, and what the arms'
own intervals leave at alpha/4 each. Where base has many more requests than the canary, the second is narrower on one side.

Requests are taken to be independent given their minute. Where bad requests come in bursts, `phi` widens the intervals as it
tempers the judge's bets: every logarithm is divided by it. That is an approximation. Which minutes are given, and what is bad
about a request, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p
from typing import TYPE_CHECKING, NamedTuple

from canary.rules.judging.history import PRIOR, RECENT_DECAY, DecayedCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canary.rules.judging.counts import Counts

ALPHA = 0.05
"""Each interval misses the truth, at any time, in at most one rollout of twenty."""

LARGEST = 0.9
"""The largest l."""

SCALES = tuple(LARGEST * 2.0**power for power in range(2, -8, -1))
"""The grid: L over the largest that the first minute allows, were l = 1 allowed."""

STEPS = 5
"""Newton's steps to a bound; four were enough for all digits in every case tried."""

_LOG_PART = -log(len(SCALES))


class Interval(NamedTuple):
    """A mean over minutes: as observed, and the interval for the true one. Fractions, not percent."""

    estimate: float
    low: float
    high: float


class Sample(NamedTuple):
    """One arm's minute. ``predicted``: its bad rate as predicted from earlier minutes."""

    requests: int
    bad: int
    predicted: float

    @property
    def rate(self) -> float:
        """The bad rate in the minute."""
        return self.bad / self.requests


class Product(NamedTuple):
    """The logarithm of the product for one L, in parts.

    ``observed``: the sum of the minutes' values times their weights. ``penalty``: the sum of the psi terms. ``left_out``: the
    weight of the minutes, or of their parts, that did not enter.
    """

    size: float
    observed: float = 0.0
    penalty: float = 0.0
    left_out: float = 0.0


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """The interval of one mean over minutes. ``least`` is the lowest value that one minute can have; the highest is 1.

    ``weight`` and ``total``: the sums of the minutes' weights, and of their values times their weights.
    """

    least: float
    minutes: int = 0
    weight: float = 0.0
    total: float = 0.0
    products: tuple[Product, ...] = ()

    def after(self, value: float, weight: float, *samples: Sample) -> ConfidenceSequence:
        """With one minute more, of this value and weight, which rests on the samples of one arm or of both."""
        largest = min(sample.requests for sample in samples) / weight
        products = self.products or [Product(scale * largest) for scale in SCALES]
        grown = tuple([_grown(product, value, weight, samples, LARGEST * largest) for product in products])
        return ConfidenceSequence(self.least, self.minutes + 1, self.weight + weight, self.total + value * weight, grown)

    def interval(self, *, alpha: float, phi: float) -> Interval:
        """The interval after the minutes so far, of which there must be one at least."""
        log_bar = log(2.0 / alpha)
        above = [(one.size, one.observed + self.least * one.left_out, one.penalty) for one in self.products]
        below = [(one.size, -one.observed - one.left_out, one.penalty) for one in self.products]
        low, high = _least_total(above, log_bar, phi), -_least_total(below, log_bar, phi)
        return Interval(self.total / self.weight, max(low / self.weight, self.least), min(high / self.weight, 1.0))


class Compared(NamedTuple):
    """The intervals of both arms' rates and of their difference, over so many minutes."""

    minutes: int
    canary: Interval
    base: Interval
    difference: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both arms over the minutes so far; `NOTHING_COMPARED` before the first."""

    canary: ConfidenceSequence = ConfidenceSequence(least=0.0)
    base: ConfidenceSequence = ConfidenceSequence(least=0.0)
    difference: ConfidenceSequence = ConfidenceSequence(least=-1.0)
    canary_seen: DecayedCounts = PRIOR
    base_seen: DecayedCounts = PRIOR

    def after(self, counts: Counts) -> Comparison:
        """With one minute more. Where an arm had no request in it, there is nothing to compare."""
        if not (counts.nc and counts.nb):
            return self
        canary = Sample(counts.nc, counts.ec, self.canary_seen.rate)
        base = Sample(counts.nb, counts.eb, self.base_seen.rate)
        weight = counts.nc * counts.nb / (counts.nc + counts.nb)
        return Comparison(
            canary=self.canary.after(canary.rate, weight, canary),
            base=self.base.after(base.rate, weight, base),
            difference=self.difference.after(canary.rate - base.rate, weight, canary, base),
            canary_seen=self.canary_seen.after(counts.nc, counts.ec, decay=RECENT_DECAY),
            base_seen=self.base_seen.after(counts.nb, counts.eb, decay=RECENT_DECAY),
        )

    def intervals(self, *, alpha: float = ALPHA, phi: float = 1.0) -> Compared | None:
        """The three intervals, each of which misses the truth at any time with a probability of at most alpha."""
        if not self.difference.minutes:
            return None
        difference = self.difference.interval(alpha=alpha / 2, phi=phi)
        canary, base = (arm.interval(alpha=alpha / 4, phi=phi) for arm in (self.canary, self.base))
        return Compared(
            self.difference.minutes,
            self.canary.interval(alpha=alpha, phi=phi),
            self.base.interval(alpha=alpha, phi=phi),
            Interval(
                difference.estimate,
                max(difference.low, canary.low - base.high),
                min(difference.high, canary.high - base.low),
            ),
        )


NOTHING_COMPARED = Comparison()


def compare_minutes(minutes: Iterable[Counts]) -> Comparison:
    """Both arms over minutes in order of time."""
    comparison = NOTHING_COMPARED
    for counts in minutes:
        comparison = comparison.after(counts)
    return comparison


def _grown(product: Product, value: float, weight: float, samples: Sequence[Sample], most: float) -> Product:
    """The product with one minute more, in which L may be `most`."""
    part = weight * min(1.0, most / product.size)
    penalty = sum([_penalty(product.size * part / sample.requests, sample) for sample in samples])
    return Product(
        product.size,
        product.observed + part * value,
        product.penalty + penalty,
        product.left_out + weight - part,
    )


def _penalty(per_request: float, sample: Sample) -> float:
    """The sum of psi(l) (x - q)^2 over the requests of the minute."""
    requests, bad, q = sample
    return -(log1p(-per_request) + per_request) * (bad * (1.0 - q) ** 2 + (requests - bad) * q**2)


def _least_total(products: Sequence[tuple[float, float, float]], log_bar: float, phi: float) -> float:
    """The smallest sum of the minutes' true values that the mixture does not exclude.

    `products` are each L with the sum of the observed values and the penalty. Newton's steps, from below: the logarithm of the
    mixture is convex in the sum, so no step goes too far, and to stop early only widens the interval.
    """
    lines = [((size * observed - penalty) / phi + _LOG_PART, size / phi) for size, observed, penalty in products]
    total = max((start - log_bar) / slope for start, slope in lines)
    for _ in range(STEPS):
        logs = [start - slope * total for start, slope in lines]
        largest = max(logs)
        parts = [exp(one - largest) for one in logs]
        whole = sum(parts)
        excess = largest + log(whole) - log_bar
        total += excess * whole / sum([part * slope for part, (_, slope) in zip(parts, lines, strict=True)])
    return total
