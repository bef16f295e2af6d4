"""One rollout's requests: what each minute really contained, under the weights that the caller sets as it goes.

Requests arrive as a Poisson process and are split by weight. A weight change takes effect up to 30 seconds after it was made. A
minute in which the weight or a rate changes is the sum of its parts, so an outage that begins in it hits more of one arm than
of the other, as in reality. Some requests get a 4xx because of what their callers do; these callers come in bursts and are the
same in both arms. This module does not know who looks at the minutes or what is decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import floor

import numpy as np

from bench.cells import BAD_CALLER_TIMES, BAD_CALLERS, COLD_SLOW, OUTAGE_POINTS, PERCENTILES, STUFFING, Cell
from bench.latency import ABOVE, Limits, Shares, limits_from_history
from canary.rules.judging.families import Family
from canary.rules.looks.sources import CLIENT_ERRORS

MINUTE = 60.0
PROPAGATION_SECONDS = 30.0
HISTORY_MINUTES = 1440
HIGHEST_RATE = 0.95
"""Of 4xx answers in a minute."""

SLOW = tuple(f"slow_p{percentile * 100:g}" for percentile in PERCENTILES)
HISTORY_OUTAGE = (600, 607)
HARM_AFTER_PROMOTION_MINUTES = 30.0

Four = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a minute's counts were drawn from: the canary's expected requests, good and bad, with and without the fault.

    ``rates``: the canary's and the base's bad rate, if they did not change. ``shares``: both arms' shares of the latency
    classes. ``excess``: the expected canary requests that are bad because of the fault. ``attacks``: the share of each arm's
    requests that come from an attacker. ``lost``: the share of the canary's requests whose route is lost.
    """

    bad: float
    bad_as_base: float
    good: float
    good_as_base: float
    rates: tuple[float, float]
    shares: tuple[Shares, Shares] | None
    excess: float
    attacks: tuple[float, float]
    lost: float


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute's counts: (nc, ec, nb, eb); slow requests likewise for each limit; the latency classes of both arms; 4xx.

    ``client_rates``: the 4xx rates of the canary, of the canary without the fault, and of the base.
    """

    errors: Four
    slow: tuple[Four, ...]
    classes: tuple[list[int], list[int]] | None
    truth: Truth
    client_errors: Four
    client_rates: tuple[float, float, float]


@dataclass(slots=True)
class World:
    """One run of a cell. Times are seconds on a clock whose minutes begin at multiples of 60."""

    cell: Cell
    rng: np.random.Generator
    offset: float = 0.0
    switches: list[tuple[float, float]] = field(default_factory=list)
    outage: tuple[float, float] | None = None
    attack: tuple[float, float] | None = None
    fault: float | None = None
    limits: Limits | None = None
    _base_mean: float = 0.0
    _steady: tuple[float, Truth, float] | None = None

    def __post_init__(self) -> None:
        release = self.cell.release
        self.offset = float(self.rng.uniform(0.0, MINUTE))
        if release.outage:
            self.outage = (self.offset + release.outage[0] * MINUTE, self.offset + release.outage[1] * MINUTE)
        if release.stuffing:
            self.attack = (self.offset + release.stuffing[0] * MINUTE, self.offset + release.stuffing[1] * MINUTE)
        if not release.is_good and not release.begins_last:
            self.fault = self.offset + release.begins * MINUTE if release.begins else 0.0
        if release.has_latency:
            self.limits = limits_from_history(release, self.cell.traffic, self.rng)

    def shift(self, now: float, share: float, *, is_last: bool) -> None:
        """Change the canary's share at `now`."""
        spread = float(self.rng.uniform(0.0, PROPAGATION_SECONDS))
        self.switches.append((now + spread, share))
        if self.cell.release.begins_last and is_last:
            self.fault = now
        if len(self.switches) == 2:  # noqa: PLR2004 - the second weight change
            self._disturb_shift(now + spread)

    def _disturb_shift(self, at: float) -> None:
        release = self.cell.release
        if release.outage_at_shift or release.stuffing_at_shift:
            begins = floor(at / MINUTE) * MINUTE + float(self.rng.uniform(0.0, MINUTE))
            disturbed = (begins, begins + 7 * MINUTE)
            self.outage = disturbed if release.outage_at_shift else self.outage
            self.attack = disturbed if release.stuffing_at_shift else self.attack

    def minute(self, index: int) -> Minute:
        """The counts of the minute from `index` * 60. Every weight change up to its end must have been made."""
        truth = self._truth(index * MINUTE)
        base_bad = truth.rates[1] * self._base_mean
        draw = self.rng.poisson  # one number at a time: an array of four takes longer than four calls
        gc, gb = int(draw(truth.good)), int(draw(self._base_mean - base_bad))
        if self.cell.release.burst > 1.0:
            bc, bb = self._burst(truth.bad), self._burst(base_bad)
        else:
            bc, bb = int(draw(truth.bad)), int(draw(base_bad))
        errors = (gc + bc, bc, gb + bb, bb)
        rates = self._client_rates(truth)
        clients = (errors[0], int(self.rng.binomial(gc, rates[0])), errors[2], int(self.rng.binomial(gb, rates[2])))
        if self.limits is None or truth.shares is None:
            return Minute(errors, (), None, truth, clients, rates)
        canary = self.rng.multinomial(errors[0], truth.shares[0]).tolist()
        base = self.rng.multinomial(errors[2], truth.shares[1]).tolist()
        pairs = zip(self.limits.slow(canary), self.limits.slow(base), strict=True)
        slow = tuple((errors[0], c, errors[2], b) for c, b in pairs)
        return Minute(errors, slow, (canary, base), truth, clients, rates)

    def _client_rates(self, truth: Truth) -> tuple[float, float, float]:
        """How many of the requests that did not fail get a 4xx, because of the minute's callers and of what the canary lost."""
        by_callers = self._caller_rate()
        canary, base = (1.0 - (1.0 - by_callers) * (1.0 - attacks) for attacks in truth.attacks)
        return 1.0 - (1.0 - canary) * (1.0 - truth.lost), canary, base

    def _caller_rate(self) -> float:
        """The share of 4xx in one minute: the same numbers are drawn as for an array of one, in a third of the time."""
        much = self.rng.exponential(BAD_CALLER_TIMES)
        times = 1.0 + much * (self.rng.random() < BAD_CALLERS)
        return min(self.cell.client_rate * times, HIGHEST_RATE)

    def _caller_rates(self, minutes: int) -> np.ndarray:
        """The share of 4xx in some minutes: the cell's share, and more while there is a misbehaving caller."""
        times = 1.0 + self.rng.exponential(BAD_CALLER_TIMES, minutes) * (self.rng.random(minutes) < BAD_CALLERS)
        rates: np.ndarray = np.minimum(self.cell.client_rate * times, HIGHEST_RATE)
        return rates

    def families(self) -> dict[str, Family]:
        """The metrics of the history, each with its family."""
        slow = dict.fromkeys(SLOW, Family.SLOW) if self.cell.has_history and self.limits is not None else {}
        return {"errors": Family.ERRORS, CLIENT_ERRORS: Family.CLIENT_ERRORS, **slow}

    def history(self) -> dict[str, list[tuple[int, int]]]:
        """The base's last day by metric, as (requests, bad) per minute; empty if there is no history."""
        if not self.cell.has_history:
            return {"errors": [], CLIENT_ERRORS: []}
        bad = self._history_bad()
        good = self.rng.poisson(self.cell.traffic * (1.0 - self.cell.base_rate), HISTORY_MINUTES)
        clients = self.rng.binomial(good, self._caller_rates(HISTORY_MINUTES))
        requests = bad + good
        n = requests.tolist()
        told = {"errors": list(zip(n, bad.tolist(), strict=True)), CLIENT_ERRORS: list(zip(n, clients.tolist(), strict=True))}
        if self.limits is not None:
            slow = self.limits.slow_of_all(self.rng.multinomial(requests, self.limits.base))
            for metric, counts in zip(SLOW, slow, strict=True):
                told[metric] = list(zip(n, counts, strict=True))
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
        """The errors of a minute's incidents; each incident has at least one."""
        incidents = int(self.rng.poisson(mean / self.cell.release.burst))
        if not incidents:
            return 0
        return incidents + int(self.rng.negative_binomial(incidents, 1.0 / self.cell.release.burst))

    def _truth(self, start: float) -> Truth:
        """The minute's truth, recomputed only if something changed in it or since the previous minute."""
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
        """Whether anything that a minute's truth depends on happened between two times."""
        return any(since < at <= start for at in self._events())

    def _worked_out(self, start: float, cuts: list[float]) -> Truth:
        good = bad = good_as_base = bad_as_base = base_all = base_bad = excess = lost = 0.0
        attacks = [0.0, 0.0]
        for begins, ends in pairwise(cuts):
            middle = (begins + ends) / 2.0
            attacking = self._attacking(middle)
            requests = self.cell.traffic * (ends - begins) / MINUTE / (1.0 - attacking)
            share, base = self._share(middle), self._base_rate(middle)
            is_faulty = self.fault is not None and middle >= self.fault
            canary = self._canary_rate(base, is_faulty=is_faulty)
            mean = requests * share
            bad, good = bad + mean * canary, good + mean * (1.0 - canary)
            bad_as_base, good_as_base = bad_as_base + mean * base, good_as_base + mean * (1.0 - base)
            base_all, base_bad = base_all + requests - mean, base_bad + (requests - mean) * base
            excess += mean * self._excess_rate(base, canary, is_faulty=is_faulty)
            attacks = [attacks[0] + mean * attacking, attacks[1] + (requests - mean) * attacking]
            lost += mean * self.cell.release.lost * is_faulty
        self._base_mean = base_all
        canary_all = bad + good
        return Truth(
            bad=bad,
            bad_as_base=bad_as_base,
            good=good,
            good_as_base=good_as_base,
            rates=(_part(bad, canary_all), _part(base_bad, base_all)),
            shares=self._shares(start),
            excess=excess,
            attacks=(_part(attacks[0], canary_all), _part(attacks[1], base_all)),
            lost=_part(lost, canary_all),
        )

    def _cuts(self, start: float) -> list[float]:
        end = start + MINUTE
        return [start, *sorted(at for at in self._events() if start < at < end), end]

    def _events(self) -> list[float]:
        """When the weight or a rate changes."""
        events = [at for at, _ in self.switches]
        if self.outage is not None:
            events += self.outage
        if self.attack is not None:
            events += self.attack
        if self.fault is not None:
            events.append(self.fault)
        return events

    def _attacking(self, at: float) -> float:
        """The share of the requests that come from an attacker."""
        return STUFFING if self.attack is not None and self.attack[0] <= at < self.attack[1] else 0.0

    def _share(self, at: float) -> float:
        return next((share for since, share in reversed(self.switches) if since <= at), 0.0)

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
        if release.lost:
            return release.lost
        return max(c - b for b, c in map(release.slow_shares, ABOVE)) if release.has_latency else canary - base

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


def _part(some: float, whole: float) -> float:
    return some / whole if whole else 0.0
