"""One look: which new minutes are folded into the evidence, and what the verdict may rest on.

Pure: the counts come from outside, minute by minute, and the same minutes always give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING, Any

from canary.rules import judge
from canary.rules.counts import Counts, is_possible
from canary.rules.evidence import WARMING_SHARE
from canary.rules.minutes import MINUTE_SECONDS, SETTLE_SECONDS, MinuteUse, classify
from canary.rules.rollout import Rollout, StepState, Tally
from canary.rules.sources import family_of
from canary.rules.verdict import Proof

if TYPE_CHECKING:
    from canary.rules.policy import Policy

PATIENCE_SECONDS = 600
"""A minute whose counts still contradict each other this long after it was due is passed over."""

LATE_SECONDS = 300
"""Newest minutes without any value are waited for this long: they may be late, and what is passed over is never read again."""

SILENT_MINUTES = 5
EXPECTED_REQUESTS = 20
"""The canary is called missing from the metrics after so many silent minutes in which base's traffic let expect so many."""


@dataclass(frozen=True, slots=True)
class RawCounts:
    """One metric in one minute as CloudWatch answered; all may contradict each other while they still arrive."""

    nc: int
    ec: int
    nb: int
    eb: int

    @property
    def is_possible(self) -> bool:
        """Whether neither arm has more bad requests than requests."""
        return is_possible(self.nc, self.ec) and is_possible(self.nb, self.eb)


@dataclass(frozen=True, slots=True)
class MinuteRecord:
    """What was frozen of one minute: its use and the counts by metric, as (nc, ec, nb, eb)."""

    minute: int
    use: str
    counts: Mapping[str, tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Folded:
    """A look's result: the rollout as it stands after the new minutes, its evidence, and the minutes frozen."""

    rollout: Rollout
    evidence: judge.Evidence
    minutes: tuple[MinuteRecord, ...]


def requests_needed_by_step(policy: Policy, evidence: judge.Evidence) -> tuple[int, ...]:
    """The canary requests each step must be judged on: the policy's least, or what its `detect` effects take to show.

    From evidence that has seen nothing yet. An effect that no traffic can show asks for nothing.
    """
    wanted = {metric: policy.detect[family_of(metric)] for metric in evidence.metrics if family_of(metric) in policy.detect}
    return tuple(max((policy.min_requests, *_needed(evidence, wanted, float(step.weight)))) for step in policy.steps)


def _needed(evidence: judge.Evidence, wanted: Mapping[str, float], weight: float) -> Iterator[int]:
    for metric, detect in wanted.items():
        yield judge.requests_needed(evidence, metric=metric, detect=detect, share=weight / 100) or 0


def begin_bake(rollout: Rollout, baking_since: float) -> Rollout:
    """The rollout once it is known when the step's bake began.

    Between the task that shifted and the bake, the weight may have changed at any moment, so every half minute of that time
    counts as a change.
    """
    if rollout.step.baking_since is not None:
        return rollout
    shifted = rollout.shifts[-1]
    between = _times(shifted + SETTLE_SECONDS, baking_since, SETTLE_SECONDS)
    return replace(
        rollout,
        step=replace(rollout.step, baking_since=baking_since),
        shifts=(*rollout.shifts, *between, baking_since),
    )


def wanted_minutes(rollout: Rollout, now: float) -> tuple[int, int]:
    """The minutes to ask CloudWatch for: those not yet used that are complete by now; start inclusive, end exclusive."""
    delay = rollout.plan.policy.metric_delay_seconds
    end = int((now - delay) // MINUTE_SECONDS) * MINUTE_SECONDS
    return rollout.judged_to + MINUTE_SECONDS, end


def fold_minutes(
    rollout: Rollout, evidence: judge.Evidence, counts: Mapping[int, Mapping[str, RawCounts]], now: float
) -> Folded:
    """Fold every complete minute after the last one used, in order; stop at the first that is not complete."""
    start, end = wanted_minutes(rollout, now)
    newest = max((minute for minute, seen in counts.items() if seen), default=0)
    frozen: list[MinuteRecord] = []
    for minute in range(start, end, MINUTE_SECONDS):
        seen = counts.get(minute, {})
        use = _use(rollout, minute, seen, now)
        is_perhaps_late = minute > newest and not _is_overdue(rollout, minute, now, LATE_SECONDS)
        if use is MinuteUse.NOT_COMPLETE or is_perhaps_late:
            break
        rollout, evidence = _fold(rollout, evidence, minute, seen, use)
        frozen.append(MinuteRecord(minute, use.value, {m: (c.nc, c.ec, c.nb, c.eb) for m, c in seen.items()}))
    return Folded(rollout, evidence, tuple(frozen))


def _use(rollout: Rollout, minute: int, seen: Mapping[str, RawCounts], now: float) -> MinuteUse:
    delay = rollout.plan.policy.metric_delay_seconds
    use = classify(minute, shifts=rollout.shifts, now=now, metric_delay_seconds=delay)
    if all(counts.is_possible for counts in seen.values()):
        return use
    is_overdue = _is_overdue(rollout, minute, now, PATIENCE_SECONDS)
    return MinuteUse.NOT_EVIDENCE if is_overdue else MinuteUse.NOT_COMPLETE


def _is_overdue(rollout: Rollout, minute: int, now: float, seconds: int) -> bool:
    return now - (minute + MINUTE_SECONDS + rollout.plan.policy.metric_delay_seconds) > seconds


def _fold(
    rollout: Rollout, evidence: judge.Evidence, minute: int, seen: Mapping[str, RawCounts], use: MinuteUse
) -> tuple[Rollout, judge.Evidence]:
    errors = seen.get("errors", RawCounts(0, 0, 0, 0))
    harm = rollout.harm.plus(nc=errors.nc, ec=errors.ec, nb=errors.nb, eb=errors.eb)
    rollout = replace(rollout, judged_to=minute, tally=_tally(rollout.tally, errors), harm=harm)
    weight = float(rollout.plan.policy.steps[rollout.step.index].weight) / 100
    is_own = use is not MinuteUse.NOT_EVIDENCE and rollout.step.baking_since is not None and minute >= rollout.shifts[-1]
    if is_own:
        if rollout.step.judged_minutes + rollout.step.silent_minutes == 0:
            evidence = judge.begin_step(evidence, _deltas(rollout.plan.policy, evidence))
        rollout = replace(rollout, step=_count(rollout.step, errors))
    if not all(counts.is_possible for counts in seen.values()):
        return rollout, evidence
    return rollout, hear(evidence, {m: Counts(one.nc, one.ec, one.nb, one.eb) for m, one in seen.items()}, use, weight=weight)


def hear(evidence: judge.Evidence, counts: Mapping[str, Counts], use: MinuteUse, *, weight: float) -> judge.Evidence:
    """A complete minute folded for what it is good for. `weight`: the present step's, a fraction; it rose to that at most."""
    if use is MinuteUse.FULL:
        return judge.look(evidence, counts)
    slow = {metric: one for metric, one in counts.items() if family_of(metric) == "slow"}
    rest = {metric: one for metric, one in counts.items() if metric not in slow}
    if use is MinuteUse.COLD:
        return judge.look_while_cold(judge.look(evidence, rest), slow)
    if use is MinuteUse.WARMING:
        return judge.look_while_cold(judge.look(evidence, rest), slow, cold=WARMING_SHARE)
    return judge.look_while_cold(judge.look_at_shift(evidence, rest, weight=weight), slow, weight=weight)


def _deltas(policy: Policy, evidence: judge.Evidence) -> dict[str, float]:
    return {metric: policy.delta[family_of(metric)] for metric in evidence.metrics}


def _count(step: StepState, errors: RawCounts) -> StepState:
    if errors.nc == 0:
        return replace(step, silent_minutes=step.silent_minutes + 1, base_requests=step.base_requests + errors.nb)
    return replace(
        step,
        judged_minutes=step.judged_minutes + 1,
        requests=step.requests + errors.nc,
        base_requests=step.base_requests + errors.nb,
    )


def _tally(tally: Tally, errors: RawCounts) -> Tally:
    return replace(
        tally,
        canary_requests=tally.canary_requests + errors.nc,
        canary_bad=tally.canary_bad + errors.ec,
        base_requests=tally.base_requests + errors.nb,
        base_bad=tally.base_bad + errors.eb,
    )


def prove(rollout: Rollout, evidence: judge.Evidence) -> Proof:
    """What the verdict may rest on, after the new minutes were folded."""
    step = rollout.step
    minutes = step.judged_minutes + step.silent_minutes
    return Proof(
        judged_minutes=step.judged_minutes,
        requests=step.requests,
        needed=rollout.needed[step.index],
        requests_per_minute=step.requests / minutes if minutes else 0.0,
        is_safe=evidence.is_safe,
        condemned=_condemnation(rollout, evidence) if evidence.is_condemned else None,
        missing=_missing(rollout),
    )


def _missing(rollout: Rollout) -> str | None:
    step = rollout.step
    if step.requests or step.silent_minutes < SILENT_MINUTES:
        return None
    if not step.base_requests:
        return f"metrics missing: neither arm logged a request in {step.silent_minutes} minutes"
    weight = float(rollout.plan.policy.steps[step.index].weight)
    if step.base_requests * weight / (100 - weight) < EXPECTED_REQUESTS:
        return None
    return (
        f"metrics missing: base logged {step.base_requests} requests in {step.silent_minutes} minutes and the canary none "
        f"at {weight:g} %; check that the access log carries $context.isCanaryRequest"
    )


def _condemnation(rollout: Rollout, evidence: judge.Evidence) -> str:
    worst = max(evidence.metrics, key=lambda metric: max(_strengths(evidence, metric)))
    tally = rollout.tally
    priors = "" if evidence.has_history(worst) else ", judged on stated priors for want of history"
    strength, bar = format_e(evidence.log_strength), format_e(evidence.log_bar)
    return (
        f"the canary is worse than base in {worst}: E {strength}, the bar is {bar} "
        f"(errors: canary {tally.canary_bad} of {tally.canary_requests}, "
        f"base {tally.base_bad} of {tally.base_requests}{priors})"
    )


def _strengths(evidence: judge.Evidence, metric: str) -> tuple[float, float]:
    return evidence.metrics[metric].log_e, evidence.metrics[metric].log_e_assisted


def format_e(log_e: float) -> str:
    """An e-value for people, from its natural logarithm."""
    return f"{exp(log_e):.3g}" if log_e < 500 else f"e^{log_e:.0f}"  # noqa: PLR2004 - exp overflows at 709


def numbers_of(folded: Folded) -> dict[str, Any]:
    """The numbers a look leaves in its record."""
    return {
        "minutes": [[one.minute, one.use, {m: list(c) for m, c in one.counts.items()}] for one in folded.minutes],
        "log_e": round(folded.evidence.log_e, 4),
        "log_e_assisted": round(folded.evidence.log_e_assisted, 4),
        "log_e_by_metric": {name: round(one.log_e, 4) for name, one in folded.evidence.metrics.items()},
        "step": folded.rollout.step.index,
        "requests": folded.rollout.step.requests,
    }


def _times(start: float, end: float, step: float) -> Iterator[float]:
    while start < end:
        yield start
        start += step
