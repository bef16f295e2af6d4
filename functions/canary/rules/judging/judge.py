"""Whether the canary is worse than base: evidence folded minute by minute, and the two rules that are read from it.

The evidence of one metric is an e-process: while the canary is no worse than base, the probability that it ever reaches
1/alpha is at most alpha, however often one looks (Ville). The weighted mean over metrics is an e-process too, so more metrics
never add false rollbacks. So is the mean of two totals, one from live minutes alone and one with the help of history; that mean
is compared with 1/alpha. Sources: Lindon and Malek 2022 (arXiv 2011.03567), Lindon, Sanden and Shirikian 2022 (2205.14762),
Turner, Ly and Gruenwald 2024 (2106.02693), Turner and Gruenwald (2302.11401).

What a minute changes for one metric is in `canary.rules.judging.evidence`. This module does not know which minutes may be
folded, which verdict follows, or policies, alarms and clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from typing import TYPE_CHECKING

from canary.rules.judging import evidence as metric_evidence
from canary.rules.judging.evidence import MetricEvidence
from canary.rules.judging.families import is_failure
from canary.rules.judging.history import History
from canary.rules.judging.staking import log_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.judging.counts import Counts
    from canary.rules.judging.history import BaseHistory

ASSISTED_PART = 0.75
LOG_LIVE_FLOOR = log(10.0)
LOG_SAFE_BAR = log(20.0)

HISTORY_HELPS = 5.0
"""History makes the evidence of failures at most five times as strong as base's live minutes make it. Base may have changed in
too few requests to show it. Without this limit, 2 % of good releases were rolled back at weight 90 when both arms failed three
times as often as on the day before.
"""

LOG_MOST_ASSISTED = log((HISTORY_HELPS - (1.0 - ASSISTED_PART)) / ASSISTED_PART)
"""How far the assisted evidence of failures may be above the live, so that their mean keeps to that limit."""

LOG_SUSPICIOUS = log(1.5)
"""A step waits from an E of 1.5 on. That proves nothing yet: waiting costs a good release some minutes, and going on with a bad
one costs requests.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all metrics have shown so far, and the frozen history behind it. The metrics never change after the start."""

    history: History
    metrics: Mapping[str, MetricEvidence]

    @property
    def log_e(self) -> float:
        """Ln of the weighted mean of the metrics' e-values, from live minutes alone."""
        stakes = self.history.stakes
        return log_sum([log(stakes[name]) + metric.log_e for name, metric in self.metrics.items()])

    @property
    def log_e_assisted(self) -> float:
        """The same with slices of history added to base in each minute."""
        stakes = self.history.stakes
        return log_sum([log(stakes[name]) + self.log_e_assisted_of(name) for name in self.metrics])

    def log_e_assisted_of(self, metric: str) -> float:
        """One metric's ln e with slices of history; for failures, history makes live evidence only so much stronger."""
        known = self.metrics[metric]
        if not is_failure(self.history.families[metric]):
            return known.log_e_assisted
        return min(known.log_e_assisted, known.log_e + LOG_MOST_ASSISTED)

    def log_strength_of(self, metric: str) -> float:
        """One metric's ln of the mean of both."""
        return log_strength(self.metrics[metric].log_e, self.log_e_assisted_of(metric))

    @property
    def log_strength(self) -> float:
        """Ln of the mean of both, three quarters of it with history; an e-process like both of them."""
        return log_strength(self.log_e, self.log_e_assisted)

    @property
    def log_bar(self) -> float:
        """Ln of 1/alpha, which the strength must reach."""
        return -log(self.history.alpha)

    @property
    def is_condemned(self) -> bool:
        """The rule for rolling back. History alone is not enough, because base may have changed: live e must reach 10 too."""
        return self.log_e >= LOG_LIVE_FLOOR and self.log_strength >= self.log_bar

    @property
    def is_suspicious(self) -> bool:
        """Whether the evidence leans against the canary, so that a step waits. It takes far more to condemn the canary."""
        return self.log_e > 0.0 and self.log_strength >= LOG_SUSPICIOUS

    @property
    def in_outage(self) -> tuple[str, ...]:
        """The metrics in which base is in an outage."""
        return tuple([name for name, metric in self.metrics.items() if metric.is_out])

    @property
    def newly_in_outage(self) -> tuple[str, ...]:
        """The metrics in which base is in an outage that a step waits for: those of failures."""
        families = self.history.families
        return tuple([name for name, metric in self.metrics.items() if metric.is_newly_out and is_failure(families[name])])

    @property
    def is_safe(self) -> bool:
        """Whether every metric has shown, in this step, that the canary is not worse by its delta."""
        return all(metric.log_safe >= LOG_SAFE_BAR for metric in self.metrics.values())

    def has_history(self, metric: str) -> bool:
        """Whether the metric's base rate comes from history; if not, it is a stated prior, and a verdict says so."""
        return self.history.bases[metric].is_known


def log_strength(log_e: float, log_e_assisted: float) -> float:
    """Ln of the mean of the live evidence and the assisted, three quarters of it the assisted."""
    return log_sum([log(1.0 - ASSISTED_PART) + log_e, log(ASSISTED_PART) + log_e_assisted])


def fold(evidence: Evidence, minute: Mapping[str, Counts]) -> Evidence:
    """Fold one complete minute. A metric that is absent was not read and gets no evidence.

    Raises ValueError for a metric that was not there at the start: stakes cannot change later.
    """
    return _fold_each(evidence, minute, metric_evidence.fold)


def fold_shift(evidence: Evidence, minute: Mapping[str, Counts], *, share: float) -> Evidence:
    """Fold one complete minute in which the canary's share rose to `share` (at most 1), or a rise was still spreading.

    An outage that began within the minute hits one arm more than the other. So the bets assume only what is true for any split
    in the minute: a bad request was the canary's with probability `share` at most.
    """
    return _fold_each(evidence, minute, partial(metric_evidence.fold_shift, share=share))


def fold_cold(evidence: Evidence, minute: Mapping[str, Counts], *, cold: float, share: float | None = None) -> Evidence:
    """Fold one complete minute of metrics that cold starts make worse; only what they cannot explain is bet on.

    `cold`: the fraction of the canary's requests that cold starts may make bad.
    `share` (at most 1) is given if the canary's share rose to that in the minute, or a rise was still spreading.
    """
    return _fold_each(evidence, minute, partial(metric_evidence.fold_cold, share=share, cold=cold))


def _fold_each(
    evidence: Evidence, minute: Mapping[str, Counts], one: Callable[[MetricEvidence, BaseHistory, Counts], MetricEvidence]
) -> Evidence:
    refuse_unknown(evidence, minute)
    bases = evidence.history.bases
    folded = {name: one(evidence.metrics[name], bases[name], counts) for name, counts in minute.items()}
    return Evidence(evidence.history, {**evidence.metrics, **folded})


def refuse_unknown(evidence: Evidence, named: Mapping[str, object]) -> None:
    """Raise ValueError for a metric that was not there at the start."""
    unknown = sorted(named.keys() - evidence.metrics.keys())
    if unknown:
        raise ValueError(
            f"metrics are fixed at the start, got {unknown} beside {sorted(evidence.metrics)}; start a new rollout"
        )
