"""Base's own minutes, split into two arms by the weights as if a rollout had begun, with a fault in the canary's arm.

Each of base's requests goes to the canary with the probability of its share, good ones and bad ones alike. So the arms' counts
are what a release of the same code would have shown at that time, outages, bursts and quiet hours included. Requests above the
latency limits are nested, so they are split together; other metrics are split each by itself, because nothing says which of
their requests are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from canary.rules.judging.families import Family
from canary.rules.judging.judge import Evidence
from canary.rules.judging.minutes import MINUTE_SECONDS, SETTLE_SECONDS
from canary.rules.looks.sources import percentile_metric
from canary_cli.backtest.releases import Harm
from canary_cli.backtest.thinning import binomial

if TYPE_CHECKING:
    from canary_cli.backtest.course import Four, Named

TAIL = percentile_metric("p99")
"""The metric that the fault of latency is about."""


AROUND_MINUTES = 15


class PastEndError(Exception):
    """A rollout would need minutes that nobody has seen yet."""


@dataclass(frozen=True, slots=True)
class BaseMinute:
    """One minute of base: requests and bad ones by metric. A metric without data in the minute is absent.

    ``tail``: the requests slower than the p99 limit if the slowest took 1.5 times as long; 0 where that was not counted.
    """

    counts: Mapping[str, tuple[int, int]]
    tail: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """One start: when its first shift is (epoch seconds), what it froze of the day before, and base's minutes from then on.

    The first of ``minutes`` is the one in which it begins. ``nested``: the metrics that share one series of latency.
    ``is_young``: base had less than a day of history.
    """

    at: float
    evidence: Evidence
    minutes: tuple[BaseMinute, ...]
    nested: tuple[str, ...] = ()
    is_young: bool = False


@dataclass(slots=True)
class SplitArms:
    """Both arms of one replay."""

    start: Start
    harm: Harm
    rng: Random
    switches: list[tuple[float, float]] = field(default_factory=list)

    def shift(self, now: float, share: float, *, is_last: bool) -> None:  # noqa: ARG002 - no fault depends on it
        """The weight is set at `now`; it takes effect within half a minute."""
        self.switches.append((now + self.rng.uniform(0.0, SETTLE_SECONDS), share))

    def counts(self, index: int) -> Named:
        """Both arms' counts of the minute from `index` * 60.

        Raises:
            PastEndError: base's minutes end before it.

        """
        since = index - int(self.start.at // MINUTE_SECONDS)
        if since >= len(self.start.minutes):
            raise PastEndError
        minute, share = self.start.minutes[since], self._share(index * MINUTE_SECONDS)
        families = self.start.evidence.history.families
        single = {metric: both for metric, both in minute.counts.items() if metric not in self.start.nested}
        nested = {metric: both for metric, both in minute.counts.items() if metric in self.start.nested}
        turned = {metric: self._turned(metric, families[metric], since) for metric in single}
        found = {metric: self._split(*both, share, families[metric], turned[metric]) for metric, both in single.items()}
        return {**found, **(self._split_nested(nested, minute.tail, share) if nested else {})}

    def _share(self, minute: int) -> float:
        """The canary's share of the minute's requests, taken to arrive evenly."""
        share, at, total = 0.0, float(minute), 0.0
        for switched, to in self.switches:
            until = min(max(switched, minute), minute + MINUTE_SECONDS)
            total, at, share = total + share * (until - at), until, to
        return (total + share * (minute + MINUTE_SECONDS - at)) / MINUTE_SECONDS

    def _turned(self, metric: str, family: Family, since: int) -> float:
        """The part of the canary's good requests that the fault makes bad.

        Base's error rate is that of half an hour: with that of the minute, the fault would repeat the minute's bursts.
        """
        if family is Family.CLIENT_ERRORS:
            return self.harm.lost
        if family is not Family.ERRORS or not self.harm.is_of_errors:
            return 0.0
        around = self.start.minutes[max(since - AROUND_MINUTES, 0) : since + AROUND_MINUTES + 1]
        counts = [minute.counts[metric] for minute in around if metric in minute.counts]
        requests, bad = sum(both[0] for both in counts), sum(both[1] for both in counts)
        return self.harm.turned_bad(bad / requests if requests else 0.0)

    def _split(self, requests: int, bad: int, share: float, family: Family, turned: float) -> Four:
        bad_canary, good_canary = binomial(bad, share, self.rng), binomial(requests - bad, share, self.rng)
        base = (requests - bad_canary - good_canary, bad - bad_canary)
        if family is not Family.CLIENT_ERRORS:
            bad_canary, good_canary = self._kept(bad_canary), self._kept(good_canary)
        worse = binomial(good_canary, turned, self.rng)
        return bad_canary + good_canary, bad_canary + worse, *base

    def _split_nested(self, counts: Mapping[str, tuple[int, int]], tail: int, share: float) -> Named:
        """Slow requests of one series: whatever is above a higher limit is above each lower one too."""
        requests = max(both[0] for both in counts.values())
        slow = {metric: both[1] for metric, both in counts.items()}
        has_tail = self.harm.has_slow_tail and TAIL in slow
        above = [*slow.items(), *([("", max(tail, slow[TAIL]))] if has_tail else ()), ("all", requests)]
        canary = base = seen = 0
        arms = dict[str, tuple[int, int]]()
        for metric, count in sorted(above, key=lambda one: one[1]):
            taken = binomial(count - seen, share, self.rng)
            canary, base, seen = canary + self._kept(taken), base + count - seen - taken, count
            arms[metric] = canary, base
        nc, nb = arms["all"]
        least = arms[""][0] if has_tail else 0
        return {metric: (nc, max(arms[metric][0], least), nb, arms[metric][1]) for metric in slow}

    def _kept(self, requests: int) -> int:
        """Those that still reach an integration: a lost route answers the others."""
        return requests - binomial(requests, self.harm.lost, self.rng) if self.harm.lost else requests
