"""Folding: which new minutes go into the evidence, and what the verdict may rest on.

Pure: the counts come from outside, minute by minute, and the same minutes always give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from canary.rules.judging import judge
from canary.rules.judging.counts import NOTHING, Counts, RawCounts
from canary.rules.judging.evidence import WARMING_SHARE
from canary.rules.judging.minutes import MINUTE_SECONDS, SETTLE_SECONDS, MinuteUse, classify
from canary.rules.judging.missing import WAIT_SECONDS
from canary.rules.looks.listening import begin_listening, listen_to_minute, traffic_of
from canary.rules.looks.sources import family_of
from canary.rules.rollouts.rollout import MetricCount, Rollout, StepState, Tally

if TYPE_CHECKING:
    from canary.rules.targets.policy import Policy

PATIENCE_SECONDS = 600
"""A minute whose counts still contradict each other this long after it was due is passed over."""

LATE_SECONDS = 300
"""Newest minutes without a request are waited for this long: they may be late, and what is passed over is never read again."""

Measured = Mapping[str, RawCounts]
"""One minute's counts by metric."""


@dataclass(frozen=True, slots=True)
class MinuteRecord:
    """What was frozen of one minute: its use, the counts by metric as (nc, ec, nb, eb), and each arm's integrated requests.

    Bad requests that were not counted are None. ``integrated`` is (canary, base), or None where neither was counted.
    """

    minute: int
    use: str
    counts: Mapping[str, tuple[int, int | None, int, int | None]]
    integrated: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """The result of folding: the rollout as it stands after the new minutes, its evidence, and the minutes frozen."""

    rollout: Rollout
    evidence: judge.Evidence
    minutes: tuple[MinuteRecord, ...]


def requests_needed_by_step(policy: Policy, evidence: judge.Evidence) -> tuple[int, ...]:
    """The canary requests each step must be judged on: the policy's least, or what its `detect` effects take to show.

    From evidence that has seen nothing yet. An effect that no traffic can show asks for nothing.
    """
    wanted = {metric: policy.detect[family_of(metric)] for metric in evidence.metrics if family_of(metric) in policy.detect}
    return tuple(max((policy.min_requests, *_needed(evidence, wanted, float(step.weight_percent)))) for step in policy.steps)


def _needed(evidence: judge.Evidence, wanted: Mapping[str, float], weight_percent: float) -> Iterator[int]:
    for metric, detect in wanted.items():
        yield judge.requests_needed(evidence, metric=metric, detect=detect, share=weight_percent / 100) or 0


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
    rollout: Rollout,
    evidence: judge.Evidence,
    counts: Mapping[int, Measured],
    now: float,
    *,
    integrated: Mapping[int, tuple[int, int]] = MappingProxyType({}),
) -> Folded:
    """Fold every complete minute after the last one used, in order; stop at the first that is not complete.

    `integrated`: by minute, the requests of canary and base that reached an integration, where they were counted.
    """
    start, end = wanted_minutes(rollout, now)
    newest = max((minute for minute, seen in counts.items() if traffic_of(seen, rollout.target)), default=0)
    frozen: list[MinuteRecord] = []
    for minute in range(start, end, MINUTE_SECONDS):
        seen = counts.get(minute, {})
        use = _use(rollout, minute, seen, now)
        is_perhaps_late = minute > newest and not _is_overdue(rollout, minute, now, LATE_SECONDS)
        if use is MinuteUse.NOT_COMPLETE or is_perhaps_late:
            break
        both = integrated.get(minute)
        rollout, evidence = _fold(rollout, evidence, minute, seen, use, both)
        frozen.append(MinuteRecord(minute, use.value, {m: (c.nc, c.ec, c.nb, c.eb) for m, c in seen.items()}, both))
    return Folded(rollout, evidence, tuple(frozen))


def find_waiting(rollout: Rollout, counts: Mapping[int, Measured], now: float) -> int:
    """How many complete minutes are waited for, if none of them has shown a request yet; 0 if one has."""
    start, end = wanted_minutes(rollout, now)
    waiting = range(start, end, MINUTE_SECONDS)
    return 0 if any(traffic_of(counts.get(minute, {}), rollout.target) for minute in waiting) else len(waiting)


def _use(rollout: Rollout, minute: int, seen: Mapping[str, RawCounts], now: float) -> MinuteUse:
    delay = rollout.plan.policy.metric_delay_seconds
    use = classify(minute, shifts=rollout.shifts, now=now, metric_delay_seconds=delay)
    if not all(counts.is_whole for counts in seen.values()) and not _is_overdue(rollout, minute, now, WAIT_SECONDS):
        return MinuteUse.NOT_COMPLETE
    if all(counts.is_possible for counts in seen.values()):
        return use
    is_overdue = _is_overdue(rollout, minute, now, PATIENCE_SECONDS)
    return MinuteUse.NOT_EVIDENCE if is_overdue else MinuteUse.NOT_COMPLETE


def _is_overdue(rollout: Rollout, minute: int, now: float, seconds: int) -> bool:
    return now - (minute + MINUTE_SECONDS + rollout.plan.policy.metric_delay_seconds) > seconds


def _fold(
    rollout: Rollout, evidence: judge.Evidence, minute: int, seen: Measured, use: MinuteUse, integrated: tuple[int, int] | None
) -> tuple[Rollout, judge.Evidence]:
    whole = {metric: counts for metric, counts in seen.items() if counts.is_whole}
    errors = whole.get("errors", NOTHING)
    harm = rollout.harm.plus(nc=errors.nc, ec=errors.ec or 0, nb=errors.nb, eb=errors.eb or 0)
    rollout = replace(
        rollout,
        judged_to=minute,
        tally=_tally(rollout.tally, errors),
        harm=harm,
        totals=_with_counts(rollout.totals, seen),
    )
    share = float(rollout.plan.policy.steps[rollout.step.index].weight_percent) / 100
    if _is_own(rollout, minute, use):
        if rollout.step.judged_minutes + rollout.step.silent_minutes == 0:
            rollout, evidence = begin_listening(rollout), judge.begin_step(evidence, _deltas(rollout.plan.policy, evidence))
        rollout = listen_to_minute(replace(rollout, step=_count(rollout, seen)), seen, integrated)
    if not all(counts.is_possible for counts in seen.values()):
        return rollout, evidence
    judged = {metric: counts.counts for metric, counts in whole.items() if metric in evidence.metrics}
    return rollout, fold_minute(evidence, judged, use, share=share)


def _is_own(rollout: Rollout, minute: int, use: MinuteUse) -> bool:
    """Whether the whole minute had the present step's weight."""
    is_baking = rollout.step.baking_since is not None and minute >= rollout.shifts[-1]
    return is_baking and use is not MinuteUse.NOT_EVIDENCE


def fold_minute(evidence: judge.Evidence, counts: Mapping[str, Counts], use: MinuteUse, *, share: float) -> judge.Evidence:
    """A complete minute folded for what it is good for. `share`: the present step's; it rose to that at most."""
    if use is MinuteUse.FULL:
        return judge.fold(evidence, counts)
    slow = {metric: one for metric, one in counts.items() if family_of(metric) == "slow"}
    rest = {metric: one for metric, one in counts.items() if metric not in slow}
    if use is MinuteUse.COLD:
        return judge.fold_cold(judge.fold(evidence, rest), slow)
    if use is MinuteUse.WARMING:
        return judge.fold_cold(judge.fold(evidence, rest), slow, cold=WARMING_SHARE)
    return judge.fold_cold(judge.fold_shift(evidence, rest, share=share), slow, share=share)


def _deltas(policy: Policy, evidence: judge.Evidence) -> dict[str, float]:
    return {metric: policy.delta[family_of(metric)] for metric in evidence.metrics}


def _count(rollout: Rollout, seen: Measured) -> StepState:
    """The step with one minute more; a minute whose traffic could not be counted whole is neither judged nor silent."""
    step = replace(rollout.step, metrics=_with_counts(rollout.step.metrics, seen))
    traffic = traffic_of(seen, rollout.target) or NOTHING
    if not traffic.is_whole:
        return step
    if traffic.nc == 0:
        return replace(step, silent_minutes=step.silent_minutes + 1, base_requests=step.base_requests + traffic.nb)
    return replace(
        step,
        judged_minutes=step.judged_minutes + 1,
        requests=step.requests + traffic.nc,
        base_requests=step.base_requests + traffic.nb,
    )


def _with_counts(known: Mapping[str, MetricCount], seen: Measured) -> dict[str, MetricCount]:
    return {**known, **{metric: _added(known.get(metric, MetricCount()), counts) for metric, counts in seen.items()}}


def _added(known: MetricCount, counts: RawCounts) -> MetricCount:
    if counts.ec is None or counts.eb is None:
        return known
    return replace(known, nc=known.nc + counts.nc, ec=known.ec + counts.ec, nb=known.nb + counts.nb, eb=known.eb + counts.eb)


def _tally(tally: Tally, errors: RawCounts) -> Tally:
    return replace(
        tally,
        canary_requests=tally.canary_requests + errors.nc,
        canary_bad=tally.canary_bad + (errors.ec or 0),
        base_requests=tally.base_requests + errors.nb,
        base_bad=tally.base_bad + (errors.eb or 0),
    )


def numbers_of(folded: Folded) -> dict[str, Any]:
    """The numbers a look leaves in its record."""
    return {
        "minutes": [[one.minute, one.use, _lists(one.counts), _list(one.integrated)] for one in folded.minutes],
        "log_e": round(folded.evidence.log_e, 4),
        "log_e_assisted": round(folded.evidence.log_e_assisted, 4),
        "log_e_by_metric": {name: round(one.log_e, 4) for name, one in folded.evidence.metrics.items()},
        "step": folded.rollout.step.index,
        "requests": folded.rollout.step.requests,
    }


def refold(rollout: Rollout, evidence: judge.Evidence, record: MinuteRecord) -> tuple[Rollout, judge.Evidence]:
    """Fold a frozen minute again: what it was good for, and whether it was due, was decided when it was frozen."""
    return _fold(rollout, evidence, record.minute, measured(record), MinuteUse(record.use), record.integrated)


def measured(record: MinuteRecord) -> Measured:
    """The counts of a frozen minute."""
    return {metric: RawCounts(*counts) for metric, counts in record.counts.items()}


def _lists(counts: Mapping[str, tuple[int | None, ...]]) -> dict[str, list[int | None]]:
    return {metric: list(one) for metric, one in counts.items()}


def _list(integrated: tuple[int, int] | None) -> list[int] | None:
    return list(integrated) if integrated else None


def _times(start: float, end: float, step: float) -> Iterator[float]:
    while start < end:
        yield start
        start += step
