"""The product's judge and verdict on the world's minutes: `canary.rules`, called as a look calls it.

`canary.rules.looks.folding.fold_minutes` maintains a whole rollout record, which would take most of a run's time. This module
keeps only what the verdict depends on; tests/bench checks that both reach the same verdicts. Alarms and evidence veto
separately, so that they can be reported separately. After a veto the steps continue by the clock, for the other judges that
watch them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import stakes
from canary.rules.judging.minutes import MinuteUse, classify
from canary.rules.looks.effects import deltas, requests_needed_by_step
from canary.rules.looks.folding import fold_minute
from canary.rules.looks.look_schedule import promotion_due
from canary.rules.looks.proof import Moment, Proof, find_doubt
from canary.rules.looks.sources import CLIENT_ERRORS
from canary.rules.looks.verdict import Verdict, VerdictKind, decide
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.targets.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.world import Four, Minute
    from canary.rules.judging.families import Family

Named = dict[str, "Four"]


def named(minute: Minute, metrics: Sequence[str]) -> Named:
    """A minute's counts by the product's metric names."""
    counts = {"errors": minute.errors, CLIENT_ERRORS: minute.client_errors}
    slow = [metric for metric in metrics if metric not in counts]
    return {**counts, **dict(zip(slow, minute.slow, strict=True))}


@dataclass(slots=True)
class Controller:
    """One rollout as the product sees it. Times are seconds; a minute is named by its start."""

    policy: Policy
    evidence: judge.Evidence
    needed: tuple[int, ...]
    step: int = -1
    shifts: list[float] = field(default_factory=list)
    baking_since: float = 0.0
    judged_to: int = 0
    judged: int = 0
    silent: int = 0
    requests: int = 0
    is_condemned: bool = False
    condemned_by: int = 0
    counted: dict[str, MetricCount] = field(default_factory=dict)
    uses: dict[int, MinuteUse] = field(default_factory=dict)

    @classmethod
    def begun(
        cls, policy: Policy, histories: Mapping[str, Sequence[tuple[int, int]]], families: Mapping[str, Family]
    ) -> Controller:
        """The state before the first shift, with the history."""
        evidence = begin_evidence(histories, families=families, stakes=stakes(families), alpha=policy.alpha)
        return cls(policy, evidence, requests_needed_by_step(policy, evidence))

    def shift(self, at: float, baking_since: float) -> None:
        """The next step's weight is set at `at`, and its bake begins."""
        if not self.shifts:
            self.judged_to = int(at // 60) * 60 - 60
        self.step += 1
        self.shifts += [at, baking_since]
        self.baking_since = baking_since
        self.judged = self.silent = self.requests = 0
        self.counted = {}

    def look(self, now: float, minutes: Mapping[int, Named]) -> Verdict:
        """Fold the complete minutes; the verdict is as if there were no vetoes. The judge's own veto is in `is_condemned`."""
        delay = self.policy.metric_delay_seconds
        for minute in range(self.judged_to + 60, int((now - delay) // 60) * 60, 60):
            self.uses[minute] = classify(minute, shifts=self.shifts, now=now, metric_delay_seconds=delay)
            self._fold(minute, minutes[minute])
        return decide(policy=self.policy, moment=self._moment(now), proof=self._proof(), alarms=())

    @property
    def promotion_due(self) -> float | None:
        """The earliest time of the promotion, once the bake of the last step has begun."""
        return promotion_due(self.policy, self.step, baking_since=self.baking_since, first_shift=self.shifts[0])

    def _fold(self, minute: int, seen: Named) -> None:
        self.judged_to = minute
        use = self.uses[minute]
        if use is not MinuteUse.NOT_EVIDENCE and minute >= self.shifts[-1]:
            self._count(seen)
        if not self.is_condemned:
            self._judge(minute, seen, use)

    def _judge(self, minute: int, seen: Named, use: MinuteUse) -> None:
        share = float(self.policy.steps[self.step].weight_percent) / 100.0
        self.evidence = fold_minute(self.evidence, {m: Counts(*one) for m, one in seen.items()}, use, share=share)
        if self.evidence.is_condemned:
            self.is_condemned, self.condemned_by = True, minute

    def _count(self, seen: Named) -> None:
        is_first = self.judged + self.silent == 0
        if is_first and self.policy.early_advance and not self.is_condemned:  # otherwise nothing asks whether it is safe
            self.evidence = begin_step(self.evidence, deltas(self.policy, self.evidence))
        for metric, (nc, ec, nb, eb) in seen.items():
            known = self.counted.get(metric, MetricCount())
            self.counted[metric] = MetricCount(known.nc + nc, known.ec + ec, known.nb + nb, known.eb + eb)
        if requests := seen["errors"][0]:
            self.judged, self.requests = self.judged + 1, self.requests + requests
        else:
            self.silent += 1

    def _proof(self) -> Proof:
        return Proof(
            judged_minutes=self.judged,
            requests=self.requests,
            needed=self.needed[self.step],
            requests_per_minute=self.requests / max(self.judged + self.silent, 1),
            is_safe=self.policy.early_advance and not self.is_condemned and self.evidence.is_safe,
            doubt=None if self.is_condemned else find_doubt(self.evidence, self.counted),
        )

    def _moment(self, now: float) -> Moment:
        return Moment(now, self.step, self.baking_since, self.shifts[0])


GOES_ON = frozenset({VerdictKind.ADVANCE, VerdictKind.PROMOTE})
