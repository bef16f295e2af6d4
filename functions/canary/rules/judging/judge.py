"""Whether the canary is worse than base: evidence folded minute by minute, and the two rules that are read from it.

The evidence of one metric is an e-process: while the canary is no worse than base, the probability that it ever reaches
1/alpha is at most alpha, however often one looks (Ville). The weighted mean over metrics is an e-process too, so more metrics
never add false rollbacks. So is the mean of two totals, one from live minutes alone and one with the help of history; that mean
is compared with 1/alpha. Sources: Lindon and Malek 2022 (arXiv 2011.03567), Lindon, Sanden and Shirikian 2022 (2205.14762),
Turner, Ly and Gruenwald 2024 (2106.02693), Turner and Gruenwald (2302.11401).

This module does not know which minutes may be folded, which verdict follows, or policies, alarms and clocks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose, log
from typing import Any

from canary.rules.judging import evidence as metric_evidence
from canary.rules.judging.counts import Counts, slow_requests
from canary.rules.judging.evidence import COLD_SHARE, MetricEvidence, log_sum, unfolded
from canary.rules.judging.history import History, freeze_history
from canary.rules.judging.outlook import Bars, requests_to_reach

__all__ = [
    "Counts",
    "Evidence",
    "begin_step",
    "fold",
    "fold_cold",
    "fold_shift",
    "from_json",
    "log_strength",
    "requests_needed",
    "slow_requests",
    "start",
    "to_json",
]

ASSISTED_PART = 0.75
LOG_LIVE_FLOOR = log(10.0)
LOG_SAFE_BAR = log(20.0)


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
        return log_sum([log(stakes[name]) + metric.log_e_assisted for name, metric in self.metrics.items()])

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
    def is_safe(self) -> bool:
        """Whether every metric has shown, in this step, that the canary is not worse by its delta."""
        return all(metric.log_safe >= LOG_SAFE_BAR for metric in self.metrics.values())

    def has_history(self, metric: str) -> bool:
        """Whether the metric's base rate comes from history; if not, it is a stated prior, and a verdict says so."""
        return self.history.bases[metric].is_known

    def phi(self, metric: str) -> float:
        """The over-dispersion that tempers the metric's bets."""
        return self.history.bases[metric].phi


def log_strength(log_e: float, log_e_assisted: float) -> float:
    """Ln of the mean of the live evidence and the assisted, three quarters of it the assisted."""
    return log_sum([log(1.0 - ASSISTED_PART) + log_e, log(ASSISTED_PART) + log_e_assisted])


def start(
    histories: Mapping[str, Sequence[tuple[int, int]]],
    *,
    stakes: Mapping[str, float],
    alpha: float,
    coarse: Collection[str] = (),
) -> Evidence:
    """Evidence before the first minute; what it freezes is in its `history`.

    `histories` are base's complete minutes of the last 24 hours by metric, (requests, bad) in time order; an empty
    one means stated priors. `coarse` are the metrics for which only large effects are bet on. Raises ValueError for stakes that
    do not match or an alpha outside (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be above 0 and below 1, got {alpha}; set policy.alpha")
    if histories.keys() != stakes.keys():
        raise ValueError(f"every metric needs a stake, got {sorted(stakes)} for {sorted(histories)}; name the same metrics")
    if not isclose(sum(stakes.values()), 1.0) or min(stakes.values()) <= 0.0:
        raise ValueError(f"stakes must be above 0 and sum to 1, got {dict(stakes)}; divide them by their sum")
    bases = {name: freeze_history(minutes, is_coarse=name in coarse) for name, minutes in histories.items()}
    history = History(alpha, dict(stakes), bases)
    return Evidence(history, {name: unfolded(base) for name, base in history.bases.items()})


def fold(evidence: Evidence, minute: Mapping[str, Counts]) -> Evidence:
    """Fold one complete minute. A metric that is absent was not read and gets no evidence.

    Raises ValueError for a metric that was not there at the start: stakes cannot change later.
    """
    _refuse_unknown(evidence, minute)
    bases = evidence.history.bases
    folded = {name: metric_evidence.fold(evidence.metrics[name], bases[name], counts) for name, counts in minute.items()}
    return Evidence(evidence.history, {**evidence.metrics, **folded})


def fold_shift(evidence: Evidence, minute: Mapping[str, Counts], *, share: float) -> Evidence:
    """Fold one complete minute in which the canary's share rose to `share` (at most 1), or a rise was still spreading.

    An outage that began within the minute hits one arm more than the other. So the bets assume only what is true for any split
    in the minute: a bad request was the canary's with probability `share` at most.
    """
    _refuse_unknown(evidence, minute)
    bases = evidence.history.bases
    folded = {
        name: metric_evidence.fold_shift(evidence.metrics[name], bases[name], counts, share) for name, counts in minute.items()
    }
    return Evidence(evidence.history, {**evidence.metrics, **folded})


def fold_cold(
    evidence: Evidence, minute: Mapping[str, Counts], *, share: float | None = None, cold: float = COLD_SHARE
) -> Evidence:
    """Fold one complete minute of metrics that cold starts make worse; only what they cannot explain is bet on.

    `cold`: the fraction of the canary's requests that cold starts may make bad.
    `share` (at most 1) is given if the canary's share rose to that in the minute, or a rise was still spreading.
    """
    _refuse_unknown(evidence, minute)
    bases = evidence.history.bases
    known = evidence.metrics
    folded = {
        name: metric_evidence.fold_cold(known[name], bases[name], counts, share, cold=cold) for name, counts in minute.items()
    }
    return Evidence(evidence.history, {**evidence.metrics, **folded})


def begin_step(evidence: Evidence, delta: Mapping[str, float]) -> Evidence:
    """Restart the safe-enough e-values, each against "worse by delta (rate points) or more".

    Call this before the step's first own minute is folded, not when its weight is set: minutes of the previous step
    still arrive then. Raises ValueError if a metric has no delta or one outside (0, 1).
    """
    _refuse_unknown(evidence, delta)
    missing = sorted(evidence.metrics.keys() - delta.keys())
    if missing:
        raise ValueError(f"every metric needs a delta, got none for {missing}; add them to policy.delta")
    for name, points in delta.items():
        if not 0.0 < points < 1.0:
            raise ValueError(f"delta must be above 0 and below 1, got {points} for {name}; set policy.delta in rate points")
    fresh = {name: replace(metric, delta=delta[name], log_safe=0.0) for name, metric in evidence.metrics.items()}
    return Evidence(evidence.history, fresh)


def requests_needed(evidence: Evidence, *, metric: str, detect: float, share: float) -> int | None:
    """How many more canary requests are expected to be needed to condemn a canary that is worse by `detect` (rate points).

    `share` is the canary's part of the traffic, above 0 and below 1. Whole minutes are judged, so it takes one minute
    at least. 0 once the canary is condemned. None if no bet grows under so small an effect, so that no amount of traffic
    shows it.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be above 0 and below 1, got {share}; give the step's weight as a fraction")
    if evidence.is_condemned:
        return 0
    log_stake = log(evidence.history.stakes[metric])
    return requests_to_reach(
        evidence.metrics[metric],
        evidence.history.bases[metric],
        bars=Bars(
            live=evidence.log_bar - log(1.0 - ASSISTED_PART) - log_stake,
            assisted=evidence.log_bar - log(ASSISTED_PART) - log_stake,
            either=evidence.log_bar - log_stake,
            floor=LOG_LIVE_FLOOR - log_stake,
        ),
        detect=detect,
        share=share,
    )


def to_json(evidence: Evidence) -> dict[str, Any]:
    """The part that changes with every look, as JSON; the history has its own JSON and is written once."""
    return {name: metric_evidence.to_json(metric) for name, metric in evidence.metrics.items()}


def from_json(data: Mapping[str, Any], history: History) -> Evidence:
    """The evidence that `to_json` wrote, with the history it belongs to. Raises ValueError for another history."""
    if data.keys() != history.bases.keys():
        raise ValueError(
            f"evidence and history must name the same metrics, got {sorted(data)} and {sorted(history.bases)}; "
            "read both from one record"
        )
    return Evidence(history, {name: metric_evidence.from_json(metric) for name, metric in data.items()})


def _refuse_unknown(evidence: Evidence, named: Mapping[str, object]) -> None:
    unknown = sorted(named.keys() - evidence.metrics.keys())
    if unknown:
        raise ValueError(
            f"metrics are fixed at the start, got {unknown} beside {sorted(evidence.metrics)}; start a new rollout"
        )
