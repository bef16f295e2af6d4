"""A target's past as values: its rollouts, and what they add up to. Pure.

The change failure rate is the part of the ended rollouts that was rolled back, or reverted by its watch; a rollout that is in
progress, was refused or is a drill does not count. Where a note calls a rollback a false alarm, the rate is also given without
it. Time to safe is from the look that decided to roll back to the end of the recovery. Requests harmed are an estimate: the
canary's failed requests beyond base's rate in the same minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from canary.rules.looks.promotion import REVERTED
from canary.rules.reports.amounts import DAY, lasting
from canary.rules.rollouts.phases import Phase
from canary_cli.stories.instants import local
from canary_cli.who.acting import ActionView, actions_of, starter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.aws.archive import TargetPast
    from canary.rules.rollouts.notes import Note
    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class NoteView:
    """What someone noted of a rollout."""

    noted_at: float
    text: str
    is_false_alarm: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One rollout. ``seconds_to_safe`` is None unless a look, or a drain after it, had it rolled back.

    ``is_false_alarm``: it was rolled back, and a note says that its release was not at fault. ``is_drill``: it was a rehearsal.
    """

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
    started_by: str
    actions: tuple[ActionView, ...]
    is_false_alarm: bool = False
    notes: tuple[NoteView, ...] = ()
    is_drill: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What a target's rollouts since an instant add up to. ``unreadable`` are ids of records of another schema.

    ``change_failure_rate`` counts every rollback, ``rate_without_false_alarms`` none that a note calls a false alarm.
    ``drills`` are in ``past``, and in no other sum.
    """

    target: str
    counted_since: float
    rollouts: int
    promotions: int
    rollbacks: int
    false_alarms: int
    in_progress: int
    change_failure_rate: float | None
    rate_without_false_alarms: float | None
    median_seconds_to_safe: float | None
    longest_seconds_to_safe: float | None
    requests_harmed: int
    past: tuple[Past, ...]
    unreadable: tuple[str, ...]
    drills: int = 0


def history_of(target: str, found: TargetPast, since: float) -> History:
    """The history of the rollouts that started at `since` (epoch seconds) or later."""
    recent = [rollout for rollout in found.rollouts if rollout.started_at >= since]
    past = tuple(_past(rollout, found.notes.get(rollout.rollout_id, ())) for rollout in recent)
    counted = [one for one in past if not one.is_drill]
    promotions = sum(one.phase == Phase.PROMOTED for one in counted)
    rollbacks = sum(one.phase in {Phase.ROLLED_BACK, REVERTED} for one in counted)
    false_alarms = sum(one.is_false_alarm for one in counted)
    ended = promotions + rollbacks
    times = [one.seconds_to_safe for one in counted if one.seconds_to_safe is not None]
    return History(
        target=target,
        counted_since=since,
        rollouts=len(counted),
        promotions=promotions,
        rollbacks=rollbacks,
        false_alarms=false_alarms,
        in_progress=sum(one.ended_at is None for one in counted),
        change_failure_rate=rollbacks / ended if ended else None,
        rate_without_false_alarms=(rollbacks - false_alarms) / ended if ended else None,
        median_seconds_to_safe=median(times) if times else None,
        longest_seconds_to_safe=max(times, default=None),
        requests_harmed=sum(one.requests_harmed for one in counted),
        past=past,
        unreadable=found.unreadable,
        drills=len(past) - len(counted),
    )


def _past(rollout: Rollout, notes: Sequence[Note]) -> Past:
    watch = rollout.watch
    is_back = rollout.phase is Phase.ROLLED_BACK and rollout.ended_at is not None and rollout.looked_at is not None
    phase = REVERTED if watch and watch.reverted_by else rollout.phase.value
    return Past(
        rollout_id=rollout.rollout_id,
        phase=phase,
        started_at=rollout.started_at,
        ended_at=rollout.ended_at,
        step=rollout.step.index + 1,
        steps=len(rollout.plan.policy.steps),
        policy=rollout.plan.policy.name,
        requests_harmed=rollout.harm.requests,
        seconds_to_safe=(rollout.ended_at or 0.0) - (rollout.looked_at or 0.0) if is_back else None,
        reason=watch.reason if watch and watch.reason else rollout.reason,
        is_false_alarm=phase in {Phase.ROLLED_BACK, REVERTED} and any(note.is_false_alarm for note in notes),
        notes=tuple(NoteView(note.at, note.text, note.is_false_alarm) for note in notes),
        started_by=starter_of(rollout),
        actions=actions_of(rollout),
        is_drill=rollout.is_drill,
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
    if history.drills:
        yield f"  drills               {history.drills}, not counted above"
    if history.unreadable:
        yield f"  not readable by this version: {', '.join(history.unreadable)}"
    for one in reversed(history.past):
        harmed = f", harmed {one.requests_harmed:,}" if one.requests_harmed else ""
        why = f": {one.reason}" if one.reason else ""
        place = f"step {one.step} of {one.steps}"
        yield f"  {local(one.started_at)}  {one.rollout_id}  {one.phase}  {place}, policy {one.policy}{harmed}{why}"
        for note in one.notes:
            yield f"    noted {local(note.noted_at)}{', false alarm' if note.is_false_alarm else ''}: {note.text}"
        yield from (f"    {local(action.done_at)}  {action.sentence}" for action in one.actions)


def _rate(history: History) -> str:
    if history.change_failure_rate is None:
        return "none yet"
    ended = history.promotions + history.rollbacks
    rate = f"{100 * history.change_failure_rate:.1f} % ({history.rollbacks} of {ended})"
    if not history.false_alarms or history.rate_without_false_alarms is None:
        return rate
    left = f"{100 * history.rate_without_false_alarms:.1f} % ({history.rollbacks - history.false_alarms} of {ended})"
    return f"{rate}; without false alarms {left}"


def _times(history: History) -> str:
    if history.median_seconds_to_safe is None or history.longest_seconds_to_safe is None:
        return "no rollback by a look"
    return f"{lasting(history.median_seconds_to_safe)} in the median, {lasting(history.longest_seconds_to_safe)} at most"
