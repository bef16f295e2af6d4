"""One rollout's course without AWS: the rules' plan, judge and verdict on minutes that someone hands over.

`canary.rules.looks.folding.fold_minutes` maintains a whole record, which would take most of a run's time. This module keeps
what the verdict depends on; tests/bench checks that both reach the same verdicts. The benchmark drives it on simulated minutes
and the backtest on base's past. A veto of the judge is only noted: whoever drives the rollout decides whether it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import stakes
from canary.rules.judging.minutes import MINUTE_SECONDS, MinuteUse, classify, cold_share
from canary.rules.judging.warm_up import USUAL
from canary.rules.looks.effects import deltas, requests_needed_by_step
from canary.rules.looks.folding import fold_minute
from canary.rules.looks.look_schedule import is_calm, look_interval, promotion_due, seconds_to_look
from canary.rules.looks.proof import Moment, Proof, find_hidden, find_suspicion
from canary.rules.looks.sources import ERRORS
from canary.rules.looks.verdict import LAST_WORDS, Verdict, VerdictKind, decide
from canary.rules.looks.warming import MAY_BE_COLD, slow_while_cold
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.targets.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from canary.rules.judging.families import Family

Four = tuple[int, int, int, int]
"""Canary requests, bad ones, base requests, bad ones."""

Named = dict[str, Four]
"""One minute's counts by metric."""

SHIFT_SECONDS = 1.0


class Arms(Protocol):
    """What happens to the requests of both arms."""

    def shift(self, now: float, share: float, *, is_last: bool) -> None:
        """The canary's weight is set to `share` (0 to 1) at `now`; `is_last` says whether this is the last step."""

    def counts(self, index: int) -> Named:
        """The counts of the minute from `index` * 60. It is over, and every weight change in it was made."""


class Looked(NamedTuple):
    """A look that was taken at `now`, its verdict, and every minute that was over by then."""

    now: float
    verdict: Verdict
    seen: Mapping[int, Named]


@dataclass(slots=True)
class Course:
    """One rollout as the product sees it. Times are seconds; a minute is named by its start.

    ``traffic``: the metric whose counts say how many requests there were. ``warm_up``: as in the target's metrics.
    ``suspicion``: why a step would see more before it ends, after the newest minute.
    """

    policy: Policy
    evidence: judge.Evidence
    needed: tuple[int, ...]
    traffic: str = ERRORS
    warm_up: tuple[float, ...] = USUAL
    step: int = -1
    shifts: list[float] = field(default_factory=list)
    baking_since: float = 0.0
    judged_to: int = 0
    judged: int = 0
    silent: int = 0
    requests: int = 0
    suspicion: str | None = None
    is_condemned: bool = False
    condemned_by: int = 0
    counted: dict[str, MetricCount] = field(default_factory=dict)
    uses: dict[int, MinuteUse] = field(default_factory=dict)

    @classmethod
    def begun(
        cls,
        policy: Policy,
        histories: Mapping[str, Sequence[tuple[int, int]]],
        families: Mapping[str, Family],
        *,
        warm_up: tuple[float, ...] = USUAL,
    ) -> Course:
        """The state before the first shift, with the history."""
        evidence = begin_evidence(histories, families=families, stakes=stakes(families), alpha=policy.alpha)
        return cls(policy, evidence, requests_needed_by_step(policy, evidence), warm_up=warm_up)

    def drive(self, arms: Arms, began: float, *, look_seconds: int = MINUTE_SECONDS) -> Iterator[Looked]:
        """Every look of the rollout that begins at `began`, up to its last one."""
        now, was_calm, before = self._advance(arms, began), False, 0.0
        drawn, seen = int(began // MINUTE_SECONDS), dict[int, Named]()
        while True:
            now += self.seconds_to_look(self.policy, now, look_seconds, is_calm=was_calm)
            over = int(now // MINUTE_SECONDS)
            seen |= {index * MINUTE_SECONDS: arms.counts(index) for index in range(drawn, over)}
            drawn = over
            verdict = self.look(now, seen)
            yield Looked(now, verdict, seen)
            if verdict.kind in LAST_WORDS:
                return
            if verdict.kind is VerdictKind.ADVANCE:
                now = self._advance(arms, now)
            was_calm, before = self.is_calm_after(verdict, before), self.evidence.log_strength

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
            self.uses[minute] = classify(minute, shifts=self.shifts, now=now, metric_delay_seconds=delay, warm_up=self.warm_up)
            self._fold(minute, minutes[minute])
        moment = Moment(now, self.step, self.baking_since, self.shifts[0])
        return decide(policy=self.policy, moment=moment, proof=self._proof(), alarms=())

    def is_calm_after(self, verdict: Verdict, before: float) -> bool:
        """Whether the look that gave this verdict found nothing against the canary; ``before``: ln of the evidence before."""
        return is_calm(verdict.kind, self.evidence, self._proof(), before=before)

    def seconds_to_look(self, policy: Policy, now: float, look_seconds: int, *, is_calm: bool) -> int:
        """Seconds from a look at `now` to the next one under a policy; ``is_calm``: what that look found."""
        every = look_interval(policy, look_seconds, baked_seconds=now - self.baking_since, is_calm=is_calm)
        ends = self.baking_since + policy.steps[self.step].bake_seconds
        due = promotion_due(policy, self.step, baking_since=self.baking_since, first_shift=self.shifts[0])
        return seconds_to_look(policy, now=now, look_seconds=every, promotion_due=due, step_ends=ends)

    def _advance(self, arms: Arms, now: float) -> float:
        """Begin the next step at `now`; the time at which its bake begins."""
        self.shift(now, now + SHIFT_SECONDS)
        share, is_last = float(self.policy.steps[self.step].weight_percent) / 100.0, self.step == len(self.policy.steps) - 1
        arms.shift(now, share, is_last=is_last)
        return self.baking_since

    def _fold(self, minute: int, seen: Named) -> None:
        self.judged_to = minute
        use = self.uses[minute]
        if use is not MinuteUse.NOT_EVIDENCE and minute >= self.shifts[-1]:
            self._count(seen)
        if not self.is_condemned:
            self._judge(minute, seen, use)

    def _judge(self, minute: int, seen: Named, use: MinuteUse) -> None:
        share = float(self.policy.steps[self.step].weight_percent) / 100.0
        cold = cold_share(minute, shifts=self.shifts, warm_up=self.warm_up)
        counts = {metric: Counts(*one) for metric, one in seen.items()}
        self.evidence = fold_minute(self.evidence, counts, use, share=share, cold=cold)
        self.suspicion = find_suspicion(self.evidence)
        if self.suspicion and self.evidence.is_condemned:  # what is not suspicious is not condemned
            self.is_condemned, self.condemned_by = True, minute

    def _count(self, seen: Mapping[str, Four]) -> None:
        is_first = self.judged + self.silent == 0
        if is_first and self.policy.early_advance and not self.is_condemned:  # otherwise nothing asks whether it is safe
            self.evidence = begin_step(self.evidence, deltas(self.policy, self.evidence))
        for metric, (nc, ec, nb, eb) in seen.items():
            known = self.counted.get(metric, MetricCount())
            self.counted[metric] = MetricCount(known.nc + nc, known.ec + ec, known.nb + nb, known.eb + eb)
        traffic = seen.get(self.traffic, (0, 0, 0, 0))
        if traffic[0]:
            self.judged, self.requests = self.judged + 1, self.requests + traffic[0]
        else:
            self.silent += 1

    def _proof(self) -> Proof:
        return Proof(
            judged_minutes=self.judged,
            requests=self.requests,
            needed=self.needed[self.step],
            requests_per_minute=self.requests / max(self.judged + self.silent, 1),
            is_safe=self.policy.early_advance and not self.is_condemned and self.evidence.is_safe,
            suspicion=None if self.is_condemned else self.suspicion,
            hidden=None if self.is_condemned else find_hidden(self.evidence, self.counted),
            cold=None if self.is_condemned else self._find_cold(),
        )

    def _find_cold(self) -> str | None:
        is_cold = slow_while_cold(self.evidence, self.counted, self.judged_to, shifts=self.shifts, warm_up=self.warm_up)
        return MAY_BE_COLD if is_cold else None
