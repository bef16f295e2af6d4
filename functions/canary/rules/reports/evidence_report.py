"""The evidence report as values: everything that its pages show, computed from one rollout's record and looks.

Instants are epoch seconds, rates and differences are fractions, evidence is a natural logarithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canary.rules.judging.families import Family
from canary.rules.looks.findings import Finding
from canary.rules.looks.verdict import VerdictKind
from canary.rules.releases.code import CodeChange
from canary.rules.rollouts.phases import Phase


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure as observed, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Requests and bad requests of both arms, summed over minutes."""

    canary_requests: int = 0
    canary_bad: int = 0
    base_requests: int = 0
    base_bad: int = 0

    @property
    def canary_rate(self) -> float:
        """The canary's bad requests over its requests; 0 without a request."""
        return self.canary_bad / self.canary_requests if self.canary_requests else 0.0

    @property
    def base_rate(self) -> float:
        """The same of base."""
        return self.base_bad / self.base_requests if self.base_requests else 0.0


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric over the whole rollout.

    ``label`` names it for people, ``bad_are`` says what its bad requests did. The rates are compared minute by minute, those of
    a metric that is worse since the present weight was set, the others from the start; None before a minute can be compared.
    ``total``: the counts of the rollout; ``latest``: those since the present weight was set. ``log_evidence``: ln of the
    metric's part of the evidence; the parts of all metrics add up to the whole. ``least_effect``: the difference that every
    step must have enough traffic to show. ``silent_since``: the end of the last minute in which both arms had data, for a
    metric without data.
    """

    metric: str
    label: str
    bad_are: str
    family: Family | None
    finding: Finding
    total: ArmCounts = ArmCounts()
    latest: ArmCounts = ArmCounts()
    canary: Estimate | None = None
    base: Estimate | None = None
    difference: Estimate | None = None
    log_evidence: float | None = None
    least_effect: float | None = None
    silent_since: float | None = None

    @property
    def is_just_seen(self) -> bool:
        """Whether the metric is worse in minutes that no interval covers yet, because the weight has just risen."""
        return self.finding is Finding.WORSE and self.difference is None

    @property
    def counts(self) -> ArmCounts:
        """The counts beside the rates."""
        return self.latest if self.finding is Finding.WORSE and self.latest.canary_requests else self.total

    @property
    def rates(self) -> tuple[float, float] | None:
        """The rates of canary and base as the first lines give them; None before they can be given."""
        if self.is_just_seen:
            return self.counts.canary_rate, self.counts.base_rate
        return (self.canary.value, self.base.value) if self.canary and self.base else None


@dataclass(frozen=True, slots=True)
class EvidenceSum:
    """All metrics together: ln of the evidence, of its bar, and of both without history."""

    log_e: float
    log_bar: float
    log_e_live: float
    log_bar_live: float


@dataclass(frozen=True, slots=True)
class HarmDone:
    """Whom the canary harmed, by the deciding metric.

    ``requests``: how many more were bad than at base's rate, of ``canary_requests``. ``all_at_once``: an estimate of how many
    would have been, had the canary had all traffic for the same time.
    """

    bad_are: str
    requests: int
    canary_requests: int
    all_at_once: int
    is_beyond_chance: bool


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """What serves the requests: a function's version, a deployment, or a variable's value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RatePoint:
    """Both arms' rates after a look, with their confidence sequences."""

    at: float
    canary: Estimate
    base: Estimate


@dataclass(frozen=True, slots=True)
class MinuteRate:
    """The canary's own rate in one minute, from its ``requests`` in it. It is drawn beside the rates, and decides nothing."""

    at: float
    rate: float
    requests: int


@dataclass(frozen=True, slots=True)
class RateLine:
    """One metric's rates over time. ``minutes``: the canary's in every minute, also in those that cannot be compared."""

    metric: str
    label: str
    points: tuple[RatePoint, ...]
    minutes: tuple[MinuteRate, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """Ln of the evidence after a minute, with and without history."""

    at: float
    log_e: float
    log_e_live: float


@dataclass(frozen=True, slots=True)
class SharePoint:
    """The canary's share of a minute's requests, as a fraction; ``requests`` are those of both arms."""

    at: float
    share: float
    requests: int


@dataclass(frozen=True, slots=True)
class WeightPoint:
    """A weight, from when it was set."""

    at: float
    weight_percent: float


@dataclass(frozen=True, slots=True)
class VerdictSpan:
    """Consecutive looks that decided the same. ``reason`` is that of the last. ``log_e``: ln of the evidence after it."""

    first_at: float
    last_at: float
    looks: int
    step: int
    weight_percent: float
    verdict: VerdictKind
    reason: str
    log_e: float


@dataclass(frozen=True, slots=True)
class VerbSent:
    """A verb that took effect, and who sent it as far as the record knows."""

    at: float
    verb: str
    reason: str
    caller: str


@dataclass(frozen=True, slots=True)
class Novelty:
    """Something that the release changed. ``before`` or ``after`` is empty where there is none; ``code``: of a function."""

    what: str
    name: str
    before: str
    after: str
    code: CodeChange = field(default_factory=CodeChange)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the verdict does not cover, in a sentence, under a short heading."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class BrokenRoute:
    """Failing requests of one route, from the logs: how many each arm had, and what the function said."""

    route: str
    canary: int
    base: int
    function: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """The whole report, in the order of its page.

    ``deciding`` names the metric that the first lines are about. ``trust`` says whether the evidence computed again is what
    was recorded, ``checked`` whether the verdicts computed again are. ``reverted_by``: the rollout that takes the promoted
    release back, because its watch condemned it, and ``revert_phase`` its phase, None if that was not read. ``broken_note``:
    how much ``broken`` covers, or why it is not known. ``reverts``: the promoted rollout that this one takes back.
    ``waits_until``: until when it is parked or watched. ``watch``: how its watch ended.
    """

    rollout: str
    target: str
    execution: str
    phase: Phase
    needs_operator: bool
    weight_percent: float
    started_at: float
    ended_at: float | None
    started_by: str
    labels: Mapping[str, str]
    reason: str
    deciding: str | None
    harm: HarmDone | None
    live: tuple[ServedVersion, ...]
    to_do: str
    metrics: tuple[MetricRow, ...]
    evidence: EvidenceSum | None
    weight_asked: float | None
    share_seen: float | None
    broken: tuple[BrokenRoute, ...]
    rates: tuple[RateLine, ...]
    weights: tuple[WeightPoint, ...]
    shares: tuple[SharePoint, ...]
    evidence_line: tuple[EvidencePoint, ...]
    decisions: tuple[VerdictSpan, ...]
    verbs: tuple[VerbSent, ...]
    news: tuple[Novelty, ...]
    gaps: tuple[Gap, ...]
    cost: str
    trust: str
    checked: str
    snapshot: Mapping[str, Any]
    policy: Mapping[str, Any]
    settings: Mapping[str, Any]
    reverted_by: str | None = None
    broken_note: str = ""
    reverts: str | None = None
    revert_phase: Phase | None = None
    waits_until: float | None = None
    watch: str = ""

    @property
    def lead(self) -> MetricRow | None:
        """The deciding metric."""
        return next((row for row in self.metrics if row.metric == self.deciding), None)
