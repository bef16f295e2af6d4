"""A target's past as values: its rollouts, and what they add up to. Pure.

The change failure rate is the part of the ended rollouts that was rolled back, or reverted by its watch; a rollout that is in
progress or was refused does not count. Time to safe is from the look that decided to roll back to the end of the recovery.
Requests harmed are an estimate: the canary's failed requests beyond base's rate in the same minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from canary.rules.looks.promotion import REVERTED
from canary.rules.rollouts.phases import Phase
from canary_cli.times import DAY, lasting, local

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Past:
    """One rollout. ``seconds_to_safe`` is None unless a look, or a drain after it, had it rolled back."""

    rollout_id: str
    phase: str
    started_at: float
    ended_at: float | None
    step: int
    steps: int
    policy: str
    requests_harmed: int
    seconds_to_safe: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """What a target's rollouts since an instant add up to. ``unreadable`` are ids of records of another schema."""

    target: str
    counted_since: float
    rollouts: int
    promotions: int
    rollbacks: int
    in_progress: int
    change_failure_rate: float | None
    median_seconds_to_safe: float | None
    longest_seconds_to_safe: float | None
    requests_harmed: int
    past: tuple[Past, ...]
    unreadable: tuple[str, ...]


def history_of(target: str, rollouts: Sequence[Rollout], unreadable: Sequence[str], since: float) -> History:
    """The history of the rollouts that started at `since` (epoch seconds) or later."""
    past = tuple(_past(rollout) for rollout in rollouts if rollout.started_at >= since)
    promotions = sum(one.phase == Phase.PROMOTED for one in past)
    rollbacks = sum(one.phase in {Phase.ROLLED_BACK, REVERTED} for one in past)
    times = [one.seconds_to_safe for one in past if one.seconds_to_safe is not None]
    return History(
        target=target,
        counted_since=since,
        rollouts=len(past),
        promotions=promotions,
        rollbacks=rollbacks,
        in_progress=sum(one.ended_at is None for one in past),
        change_failure_rate=rollbacks / (promotions + rollbacks) if promotions + rollbacks else None,
        median_seconds_to_safe=median(times) if times else None,
        longest_seconds_to_safe=max(times, default=None),
        requests_harmed=sum(one.requests_harmed for one in past),
        past=past,
        unreadable=tuple(unreadable),
    )


def _past(rollout: Rollout) -> Past:
    watch = rollout.watch
    is_back = rollout.phase is Phase.ROLLED_BACK and rollout.ended_at is not None and rollout.looked_at is not None
    return Past(
        rollout_id=rollout.rollout_id,
        phase=REVERTED if watch and watch.reverted_by else rollout.phase.value,
        started_at=rollout.started_at,
        ended_at=rollout.ended_at,
        step=rollout.step.index + 1,
        steps=len(rollout.plan.policy.steps),
        policy=rollout.plan.policy.name,
        requests_harmed=rollout.harm.requests,
        seconds_to_safe=(rollout.ended_at or 0.0) - (rollout.looked_at or 0.0) if is_back else None,
        reason=watch.reason if watch and watch.reason else rollout.reason,
    )


def lines_of(history: History, now: float) -> Iterator[str]:
    """The history as text: the sums, then one line a rollout, the newest first."""
    days = max(1, round((now - history.counted_since) / DAY))
    yield f"{history.target}: rollouts in the last {days} days, since {local(history.counted_since)}"
    ended = f"promoted {history.promotions}, rolled back {history.rollbacks}"
    yield f"  started {history.rollouts}, {ended}, in progress {history.in_progress}"
    yield f"  change failure rate  {_rate(history)}"
    yield f"  time to safe         {_times(history)}"
    yield f"  requests harmed      {history.requests_harmed:,}"
    if history.unreadable:
        yield f"  not readable by this version: {', '.join(history.unreadable)}"
    for one in reversed(history.past):
        harmed = f", harmed {one.requests_harmed:,}" if one.requests_harmed else ""
        why = f": {one.reason}" if one.reason else ""
        place = f"step {one.step} of {one.steps}"
        yield f"  {local(one.started_at)}  {one.rollout_id}  {one.phase}  {place}, policy {one.policy}{harmed}{why}"


def _rate(history: History) -> str:
    if history.change_failure_rate is None:
        return "none yet"
    ended = history.promotions + history.rollbacks
    return f"{100 * history.change_failure_rate:.1f} % ({history.rollbacks} of {ended})"


def _times(history: History) -> str:
    if history.median_seconds_to_safe is None or history.longest_seconds_to_safe is None:
        return "no rollback by a look"
    return f"{lasting(history.median_seconds_to_safe)} in the median, {lasting(history.longest_seconds_to_safe)} at most"
