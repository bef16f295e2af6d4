"""One rollout's requests: what each minute really held, under the weights that somebody sets as it goes.

Requests arrive as a Poisson process and are split by weight; a weight change takes effect up to 30 seconds after it was made.
A minute in which the weight or a rate changes is the sum of its parts, so that an outage that begins in it meets more of one
arm than of the other, as it would. Slow requests are counted as CloudWatch does: a trimmed count is interpolated within a
bucket ten percent wide. Who looks at the minutes, and what is decided, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import exp, floor, log

import numpy as np

from bench.cells import COLD_SLOW, LOG_SPREAD, MEDIAN_MS, OUTAGE_POINTS, PERCENTILES, Cell, Release, latency_ms, upper
from canary.rules.counts import slow_requests

MINUTE = 60.0
PROPAGATION_SECONDS = 30.0
HISTORY_MINUTES = 1440
HISTORY_OUTAGE = (600, 607)
HARM_AFTER_PROMOTION_MINUTES = 30.0
BUCKET = log(1.1)

Four = tuple[int, int, int, int]
Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a minute's counts were drawn from: expected requests of the canary, good and bad, with the fault and without.

    ``rates``: the canary's and the base's bad rate, where they stood still. ``shares``: both arms' of the latency classes.
    ``excess``: canary requests expected to be worse than base would have made them.
    """

    bad: float
    bad_as_base: float
    good: float
    good_as_base: float
    rates: tuple[float, float]
    shares: tuple[Shares, Shares] | None
    excess: float


@dataclass(frozen=True, slots=True)
class Minute:
    """What a minute held: (nc, ec, nb, eb); slow requests likewise for each limit; the latency classes of both arms."""

    errors: Four
    slow: tuple[Four, ...]
    classes: tuple[list[int], list[int]] | None
    truth: Truth


@dataclass(frozen=True, slots=True)
class Limits:
    """The latency limits frozen from history (ms), and both arms' shares of the classes that their buckets cut."""

    limits: tuple[float, ...]
    inside: tuple[float, ...]
    base: Shares
    canary: Shares

    def slow(self, classes: list[int]) -> list[int]:
        """Slow requests by limit, as the sample count less CloudWatch's trimmed count."""
        n, below, counts = sum(classes), 0.0, []
        for k, inside in enumerate(self.inside):
            below += classes[2 * k]
            counts.append(slow_requests(n, below + classes[2 * k + 1] * inside))
            below += classes[2 * k + 1]
        return counts

    def slow_of_all(self, classes: np.ndarray) -> list[list[int]]:
        """The same for many minutes at once, a list for each limit."""
        n, counts = classes.sum(axis=1), []
        below = np.zeros(len(classes))
        for k, inside in enumerate(self.inside):
            below = below + classes[:, 2 * k]
            counts.append(np.clip(n - np.rint(below + classes[:, 2 * k + 1] * inside), 0, n).astype(int).tolist())
            below = below + classes[:, 2 * k + 1]
        return counts


@dataclass(slots=True)
class World:
    """One run of a cell. Times are seconds on a clock whose minutes begin at multiples of 60."""

    cell: Cell
    rng: np.random.Generator
    offset: float = 0.0
    switches: list[tuple[float, float]] = field(default_factory=list)
    outage: tuple[float, float] | None = None
    fault: float | None = None
    limits: Limits | None = None
    _base_mean: float = 0.0
    _steady: tuple[float, Truth, float] | None = None

    def __post_init__(self) -> None:
        release = self.cell.release
        self.offset = float(self.rng.uniform(0.0, MINUTE))
        if release.outage:
            self.outage = (self.offset + release.outage[0] * MINUTE, self.offset + release.outage[1] * MINUTE)
        if not release.is_good and not release.begins_last:
            self.fault = self.offset + release.begins * MINUTE if release.begins else 0.0
        if release.has_latency:
            self.limits = _limits(release, self.cell.traffic, self.rng)

    def shift(self, now: float, weight: float, *, is_last: bool) -> None:
        """The weight (a fraction) is changed at `now`."""
        spread = float(self.rng.uniform(0.0, PROPAGATION_SECONDS))
        self.switches.append((now + spread, weight))
        if self.cell.release.begins_last and is_last:
            self.fault = now
        if self.cell.release.outage_at_shift and len(self.switches) == 2:  # noqa: PLR2004 - the second weight change
            begins = floor((now + spread) / MINUTE) * MINUTE + float(self.rng.uniform(0.0, MINUTE))
            self.outage = (begins, begins + 7 * MINUTE)

    def minute(self, index: int) -> Minute:
        """What the minute from `index` * 60 held. Every weight change up to its end must have been made."""
        truth = self._truth(index * MINUTE)
        base_bad = truth.rates[1] * self._base_mean
        draw = self.rng.poisson  # one number at a time: an array of four takes longer than four calls
        gc, gb = int(draw(truth.good)), int(draw(self._base_mean - base_bad))
        if self.cell.release.burst > 1.0:
            bc, bb = self._burst(truth.bad), self._burst(base_bad)
        else:
            bc, bb = int(draw(truth.bad)), int(draw(base_bad))
        errors = (gc + bc, bc, gb + bb, bb)
        if self.limits is None or truth.shares is None:
            return Minute(errors, (), None, truth)
        canary = self.rng.multinomial(errors[0], truth.shares[0]).tolist()
        base = self.rng.multinomial(errors[2], truth.shares[1]).tolist()
        pairs = zip(self.limits.slow(canary), self.limits.slow(base), strict=True)
        return Minute(errors, tuple((errors[0], c, errors[2], b) for c, b in pairs), (canary, base), truth)

    def history(self) -> dict[str, list[tuple[int, int]]]:
        """The base's last day by metric, (requests, bad) a minute; empty where nobody knows it."""
        if not self.cell.has_history:
            return {"errors": []}
        bad = self._history_bad()
        requests = bad + self.rng.poisson(self.cell.traffic * (1.0 - self.cell.base_rate), HISTORY_MINUTES)
        n = requests.tolist()
        told = {"errors": list(zip(n, bad.tolist(), strict=True))}
        if self.limits is not None:
            slow = self.limits.slow_of_all(self.rng.multinomial(requests, self.limits.base))
            for percentile, counts in zip(PERCENTILES, slow, strict=True):
                told[f"slow_p{percentile * 100:g}"] = list(zip(n, counts, strict=True))
        return told

    def _history_bad(self) -> np.ndarray:
        mean, burst = self.cell.traffic * self.cell.base_rate, self.cell.release.burst
        if burst > 1.0:
            incidents = self.rng.poisson(mean / burst, HISTORY_MINUTES)
            more = self.rng.negative_binomial(incidents.clip(min=1), 1.0 / burst)
            return incidents + more * (incidents > 0)
        bad = self.rng.poisson(mean, HISTORY_MINUTES)
        if self.cell.release.outage_in_history:
            first, last = HISTORY_OUTAGE
            bad[first:last] = self.rng.poisson(self.cell.traffic * (self.cell.base_rate + OUTAGE_POINTS), last - first)
        return bad

    def _burst(self, mean: float) -> int:
        """Errors of a minute's incidents, each with one error or more."""
        incidents = int(self.rng.poisson(mean / self.cell.release.burst))
        if not incidents:
            return 0
        return incidents + int(self.rng.negative_binomial(incidents, 1.0 / self.cell.release.burst))

    def _truth(self, start: float) -> Truth:
        """The minute's truth, worked out anew only where something changed in it or since the one before."""
        cuts = self._cuts(start)
        known = self._steady
        is_steady = len(cuts) == 2 and known is not None and not self._changed(known[0], start)  # noqa: PLR2004 - no cut inside
        if known is not None and is_steady:
            self._base_mean = known[2]
            return known[1]
        truth = self._worked_out(start, cuts)
        is_settled = len(cuts) == 2 and not self.cell.release.is_cold  # noqa: PLR2004
        self._steady = (start, truth, self._base_mean) if is_settled else None
        return truth

    def _changed(self, since: float, start: float) -> bool:
        """Whether anything that a minute's truth rests on happened between two of them."""
        return any(since < at <= start for at in self._events())

    def _worked_out(self, start: float, cuts: list[float]) -> Truth:
        good = bad = good_as_base = bad_as_base = base_all = base_bad = excess = 0.0
        for begins, ends in pairwise(cuts):
            middle, requests = (begins + ends) / 2.0, self.cell.traffic * (ends - begins) / MINUTE
            weight, base, canary = self._weight(middle), self._base_rate(middle), 0.0
            is_faulty = self.fault is not None and middle >= self.fault
            canary = self._canary_rate(base, is_faulty=is_faulty)
            mean = requests * weight
            bad, good = bad + mean * canary, good + mean * (1.0 - canary)
            bad_as_base, good_as_base = bad_as_base + mean * base, good_as_base + mean * (1.0 - base)
            base_all, base_bad = base_all + requests - mean, base_bad + (requests - mean) * base
            excess += mean * self._excess_rate(base, canary, is_faulty=is_faulty)
        self._base_mean = base_all
        rates = (bad / (bad + good) if bad + good else 0.0, base_bad / base_all if base_all else 0.0)
        return Truth(bad, bad_as_base, good, good_as_base, rates, self._shares(start), excess)

    def _cuts(self, start: float) -> list[float]:
        end = start + MINUTE
        return [start, *sorted(at for at in self._events() if start < at < end), end]

    def _events(self) -> list[float]:
        """When the weight or a rate changes."""
        events = [at for at, _ in self.switches]
        if self.outage is not None:
            events += self.outage
        if self.fault is not None:
            events.append(self.fault)
        return events

    def _weight(self, at: float) -> float:
        return next((weight for since, weight in reversed(self.switches) if since <= at), 0.0)

    def _base_rate(self, at: float) -> float:
        is_out = self.outage is not None and self.outage[0] <= at < self.outage[1]
        return self.cell.base_rate + (self.cell.release.outage_points if is_out else 0.0)

    def _canary_rate(self, base: float, *, is_faulty: bool) -> float:
        release = self.cell.release
        return release.canary_rate(base) if is_faulty or (release.is_good and release.ratio > 1.0) else base

    def _excess_rate(self, base: float, canary: float, *, is_faulty: bool) -> float:
        release = self.cell.release
        if release.is_good or not is_faulty:
            return 0.0
        return max(c - b for b, c in map(release.slow_shares, _ABOVE)) if release.has_latency else canary - base

    def final_excess(self) -> float:
        """Requests harmed in the half hour after a bad release was promoted."""
        base = self.cell.base_rate
        rate = self._excess_rate(base, self.cell.release.canary_rate(base), is_faulty=True)
        return HARM_AFTER_PROMOTION_MINUTES * self.cell.traffic * rate

    def _shares(self, start: float) -> tuple[Shares, Shares] | None:
        if self.limits is None:
            return None
        cold = self._cold(start) if self.cell.release.is_cold else 0.0
        if not cold:
            return self.limits.canary, self.limits.base
        warm = [share * (1.0 - cold) for share in self.limits.canary]
        return (*warm[:-1], warm[-1] + cold), self.limits.base

    def _cold(self, start: float) -> float:
        since = min((start + MINUTE - at for at, _ in self.switches if at < start + MINUTE), default=1e9)
        return next((share for seconds, share in COLD_SLOW if since <= seconds), 0.0)


_ABOVE = tuple(1.0 - percentile for percentile in PERCENTILES)


def _limits(release: Release, traffic: float, rng: np.random.Generator) -> Limits:
    """The limits as a day of history gives them: the median of 24 hourly percentiles errs a little."""
    errs = [1.25 * (above * (1.0 - above) / (60.0 * traffic * 24.0)) ** 0.5 for above in _ABOVE]
    above = [min(max(float(rng.normal(share, err)), share / 4.0), 0.6) for share, err in zip(_ABOVE, errs, strict=True)]
    limits = tuple(round(latency_ms(share), 1) for share in above)
    return _classes(release, limits)


@lru_cache(maxsize=4096)
def _classes(release: Release, limits: tuple[float, ...]) -> Limits:
    cuts: list[float] = []
    inside: list[float] = []
    for limit in limits:
        low = exp(floor(log(limit) / BUCKET) * BUCKET)
        high = low * exp(BUCKET)
        cuts += [low, high]
        inside.append((limit - low) / (high - low))
    base = [_above(cut) for cut in cuts]
    canary = [release.slow_shares(share)[1] for share in base]
    return Limits(limits, tuple(inside), _between(base), _between(canary))


def _above(latency: float) -> float:
    return upper(log(latency / MEDIAN_MS) / LOG_SPREAD)


def _between(above: list[float]) -> Shares:
    edges = [1.0, *above, 0.0]
    return tuple(max(high - low, 0.0) for high, low in pairwise(edges))
