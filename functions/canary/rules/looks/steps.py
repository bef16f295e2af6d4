"""The bookkeeping of steps: when one began and began to bake, and the requests of its own minutes and of the whole rollout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.judging.counts import NOTHING
from canary.rules.judging.minutes import MINUTE_SECONDS, SETTLE_SECONDS
from canary.rules.looks.listening import traffic_of
from canary.rules.looks.sources import ERRORS
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import MetricCount, Rollout, StepState, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.judging.counts import Measured, RawCounts


def begin_next_step(rollout: Rollout, entered: str, now: float) -> Rollout:
    """The rollout with its next step begun at `now` (epoch seconds), before its weight is set.

    `entered` marks the state entry that begins it.
    """
    is_first = rollout.first_shift is None
    minute = int(now // MINUTE_SECONDS) * MINUTE_SECONDS
    return replace(
        rollout,
        phase=Phase.SHIFTING,
        step=StepState(index=rollout.step.index + 1, entered=entered),
        shifts=(*rollout.shifts, now),
        first_shift=now if is_first else rollout.first_shift,
        judged_to=minute - MINUTE_SECONDS if is_first else rollout.judged_to,
    )


def begin_bake(rollout: Rollout, baking_since: float) -> Rollout:
    """The rollout once it is known when the step's bake began.

    The weight may have changed at any moment between the shifting task and the bake, so a change is assumed in every half
    minute of that time.
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


def count_minute(rollout: Rollout, minute: int, seen: Measured) -> Rollout:
    """The rollout with the counts of one more minute, whatever it may be used for."""
    counted = seen.get(ERRORS, NOTHING)
    errors = counted if counted.is_whole else NOTHING
    return replace(
        rollout,
        judged_to=minute,
        tally=_with_errors(rollout.tally, errors),
        harm=rollout.harm.plus(nc=errors.nc, ec=errors.ec or 0, nb=errors.nb, eb=errors.eb or 0),
        totals=_with_counts(rollout.totals, seen),
    )


def count_own_minute(rollout: Rollout, seen: Measured) -> Rollout:
    """The rollout with one more minute of its present step."""
    return replace(rollout, step=_with_minute(rollout, seen))


def _with_minute(rollout: Rollout, seen: Measured) -> StepState:
    """The step with one more minute; a minute whose traffic was only partly counted is neither judged nor silent."""
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


def _times(start: float, end: float, step: float) -> Iterator[float]:
    while start < end:
        yield start
        start += step


def _with_errors(tally: Tally, errors: RawCounts) -> Tally:
    return replace(
        tally,
        canary_requests=tally.canary_requests + errors.nc,
        canary_bad=tally.canary_bad + (errors.ec or 0),
        base_requests=tally.base_requests + errors.nb,
        base_bad=tally.base_bad + (errors.eb or 0),
    )
