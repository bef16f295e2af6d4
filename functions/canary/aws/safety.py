"""The one function that makes a target safe; the promotion's tasks, MakeSafe, abort, guard and sweeper all call it.

`canary.rules.rollouts.phases` decides what to do. This module announces the pass in the record and makes its moves. It turns
refused moves into commands for a person, and reads the result back before it frees the lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Protocol

from canary.aws.errors import AwsRefusedError, AwsThrottledError
from canary.aws.record_reads import Owned
from canary.aws.shifters import shifter_for
from canary.rules.messages.kinds import NotificationKind
from canary.rules.rollouts.phases import (
    SETTLE_SECONDS,
    Answer,
    Move,
    Pass,
    Phase,
    PointAlias,
    RecoveryStage,
    Standing,
    doubt,
    is_at_rest,
    plan_pass,
)
from canary.rules.rollouts.watch_course import begin_watch, cut_short, is_watched

if TYPE_CHECKING:
    from canary.aws.clients import Clients
    from canary.aws.notifications import Notifications
    from canary.aws.records import Records
    from canary.aws.shifters import Shifter
    from canary.rules.rollouts.rollout import Rollout


NOBODY_WATCHES = "the rollout's execution had ended, and nothing else watches a promoted release"
"""Why a watch ends, or does not begin, if nothing else is known."""

CLOCK_GRAIN_SECONDS = 1
"""AWS's own time has whole seconds (docs/aws.md#whole-seconds), so the real time may be this much later."""


@dataclass(frozen=True, slots=True)
class Safety:
    """The result of one pass. ``wait_seconds``: until the next pass can do something; 0 if safe or refused."""

    owned: Owned
    answer: Answer
    wait_seconds: int = 0
    refusals: tuple[str, ...] = ()


def tell_promotion(owned: Owned, records: Records, notifications: Notifications) -> Owned:
    """Report the promotion of a rollout that is watched, unless it was reported, and record that it was.

    Raises:
        OwnershipLostError: the lock or the record has changed since `owned` was read.

    """
    rollout, watch = owned.rollout, owned.rollout.watch
    if watch is None or watch.is_told or not notifications.report_promotion(rollout):
        return owned
    return records.write(owned, replace(rollout, waiting_since=None, watch=replace(watch, is_told=True)))


def make_pass(tools: SafetyTools, owned: Owned, now: float, *, gives_up: bool = True, watches: bool = False) -> Safety:
    """Make every call that is safe now (`now` in epoch seconds) without waiting; report an end or the need for an operator.

    A pass on a rollout that is watched ends the watch. `watches`: whether the caller's execution goes on to watch a release
    that this pass promotes.

    With `gives_up`, a refused promotion starts to be doubted, which may turn it into a rollback; the promotion's own tasks
    retry instead.

    Raises:
        OwnershipLostError: someone else has taken the rollout over.
        AwsThrottledError: AWS takes no calls for now; the next pass goes on where this one stopped. No operator can help.

    """
    return _Passes(tools, owned, max(now, owned.read_at), gives_up=gives_up, watches=watches).make()


class SafetyTools(Protocol):
    """What a pass needs."""

    @property
    def clients(self) -> Clients:
        """The clients of targets."""

    @property
    def records(self) -> Records:
        """The records."""

    @property
    def notifications(self) -> Notifications:
        """The notifications."""


class _Passes:
    def __init__(self, tools: SafetyTools, owned: Owned, now: float, *, gives_up: bool, watches: bool) -> None:
        records = tools.records
        self._records = records
        self._notifications = tools.notifications
        self._owned = owned
        self._now = now
        self._gives_up = gives_up
        self._watches = watches
        self._not_ready: list[str] = []
        self._shifter: Shifter = shifter_for(owned.rollout.target, tools.clients, lambda: records.check(self._owned))

    @property
    def _rollout(self) -> Rollout:
        return self._owned.rollout

    def make(self) -> Safety:
        if self._rollout.phase is Phase.WATCHING:
            return self._end(cut_short(self._rollout, self._now, reason=NOBODY_WATCHES))
        return self._make()

    def _make(self) -> Safety:
        if self._now < self._rollout.not_before:
            return self._answer_wait()
        try:
            live = self._shifter.read_live()
        except AwsThrottledError:
            raise
        except AwsRefusedError as error:
            return self._take_canary_away(str(error))
        planned = plan_pass(self._rollout.standing, live, self._now)
        if planned.blocked:
            return self._refuse((planned.blocked,), planned.after)
        self._announce(planned)
        if refused := self._make_moves(planned):
            return self._refuse(refused, self._doubted())
        if planned.answer is Answer.SAFE:
            return self._finish(planned)
        self._record(replace(planned.after, not_before=self._read_time() + planned.after.not_before - self._now))
        return self._answer_wait()

    def _read_time(self) -> float:
        """The latest possible current time. A settle time counts from here, after the calls, not from the start of the pass.

        Slow calls may have taken most of a minute, and the next pass is not always scheduled by this one.
        """
        found = self._records.find(self._rollout.rollout_id, target=self._rollout.target.name)
        return max(self._now, found.read_at if found else 0.0) + CLOCK_GRAIN_SECONDS

    def _doubted(self) -> Standing:
        standing = self._rollout.standing
        return doubt(standing, self._read_time()) if self._gives_up else standing

    def _announce(self, planned: Pass) -> None:
        """Record the phase before its first call, and any drift that was found."""
        reason = self._rollout.reason
        fresh = [found for found in planned.found if found not in reason]
        reason = "; ".join(part for part in (reason, *fresh) if part)
        announced = replace(_with(self._rollout, planned.announced), reason=reason)
        if announced != self._rollout:
            self._write(announced)

    def _make_moves(self, planned: Pass) -> tuple[str, ...]:
        refused = []
        for move in planned.moves:
            try:
                self._make_move(move)
            except AwsThrottledError:
                raise
            except AwsRefusedError as error:
                command = self._shifter.command(move, self._rollout.intent)
                refused.append(f"{error}; by hand: {command}" if command not in str(error) else str(error))
        return tuple(refused)

    def _make_move(self, move: Move) -> None:
        """Make a move, or else the one that will do instead; the record notes that the alias is not where a revert wants it."""
        try:
            self._shifter.make(move, self._rollout.intent)
        except AwsThrottledError:
            raise
        except AwsRefusedError as error:
            if not isinstance(move, PointAlias) or move.or_else is None:
                raise
            self._shifter.make(replace(move, version=move.or_else, or_else=None), self._rollout.intent)
            self._not_ready.append(
                f"alias {move.function}:{move.alias} points at version {move.or_else} and not at version {move.version}, "
                f"where a revert could begin without waiting: {error}"
            )

    def _take_canary_away(self, unread: str) -> Safety:
        """Part of the target cannot be read. If recovery rolls back, the canary can be removed all the same.

        Recovery starts again at its first stage, because nothing after that stage has settled by then.
        """
        standing = self._rollout.standing
        is_back = standing.phase is not Phase.MOVING_BASE and not standing.phase.is_terminal
        if is_back and standing.shifter.has_stage_canary:
            first = replace(self._rollout, phase=Phase.ROLLING_BACK, recovery_stage=RecoveryStage.START)
            if first != self._rollout:
                self._write(first)
            try:
                self._shifter.remove_own_canary(self._rollout.intent)
            except AwsRefusedError as error:
                return self._refuse((unread, str(error)), self._doubted())
        return self._refuse((unread,), self._doubted())

    def _refuse(self, refusals: tuple[str, ...], standing: Standing) -> Safety:
        if self._gives_up:
            is_news = not self._rollout.needs_operator
            flagged = replace(self._rollout, needs_operator=True)
            self._write(_with(flagged, standing))
            if is_news:
                self._notifications.send(NotificationKind.OPERATOR_NEEDED, self._rollout, commands=refusals)
        return Safety(self._owned, Answer.REFUSED, 0, refusals)

    def _finish(self, planned: Pass) -> Safety:
        live = self._shifter.read_live()
        if not is_at_rest(planned.after, live):
            last = RecoveryStage.FLIPPED if planned.after.phase is Phase.PROMOTED else RecoveryStage.SETTLED
            not_before = self._read_time() + SETTLE_SECONDS
            self._record(replace(self._rollout.standing, recovery_stage=last, not_before=not_before))
            return self._answer_wait()
        if self._rollout.phase.is_terminal:
            return Safety(self._owned, Answer.SAFE)
        ended = self._prepared(_with(self._rollout, planned.after))
        if planned.after.phase is Phase.PROMOTED and is_watched(self._rollout):
            return self._watch(ended)
        return self._end(replace(ended, needs_operator=False, ended_at=self._now))

    def _prepared(self, rollout: Rollout) -> Rollout:
        """The rollout with what a revert must know of its canary aliases: when they have settled, and which are not ready.

        They settle from now even if this pass did not move them: a pass that died may have done so.
        """
        if not rollout.standing.aliases.canary:
            return rollout
        until = self._read_time() + SETTLE_SECONDS
        notes = tuple(dict.fromkeys((*rollout.plan.notes, *self._not_ready)))
        return replace(rollout, plan=replace(rollout.plan, notes=notes), aliases_settle_until=until)

    def _watch(self, promoted: Rollout) -> Safety:
        """The promotion is complete. Its execution goes on and watches; without one, the record says that nobody does."""
        if not self._watches:
            return self._end(cut_short(promoted, self._now, reason=NOBODY_WATCHES))
        self._owned = self._records.begin_watch(self._owned, begin_watch(promoted, self._now))
        self._owned = tell_promotion(self._owned, self._records, self._notifications)
        return Safety(self._owned, Answer.SAFE)

    def _end(self, ended: Rollout) -> Safety:
        self._owned = self._records.finish(self._owned, ended)
        self._notifications.report_end(self._rollout, self._records)
        return Safety(self._owned, Answer.SAFE)

    def _record(self, standing: Standing) -> None:
        self._write(replace(_with(self._rollout, standing), needs_operator=False))

    def _write(self, rollout: Rollout) -> None:
        self._owned = self._records.write(self._owned, rollout)

    def _answer_wait(self) -> Safety:
        seconds = max(1, ceil(self._rollout.not_before - self._now))
        return Safety(self._owned, Answer.WAIT, seconds)


def _with(rollout: Rollout, standing: Standing) -> Rollout:
    return replace(rollout, phase=standing.phase, recovery_stage=standing.recovery_stage, not_before=standing.not_before)
