"""WatchPromotion: one look at a promoted release. The record says how the watch ended, whoever ended it.

A call that AWS refuses is kept as something that this look could not see, and the watch goes on. If the watch condemns the
release and the policy says so, the lock goes to a revert, which the same execution carries out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_minutes
from canary.aws.errors import AwsRefusedError, OwnershipLostError
from canary.aws.instruments import find_instrument_faults
from canary.aws.metrics import MetricReader
from canary.aws.notifications import LONGEST_CAUSE, describe
from canary.aws.safety import tell_promotion
from canary.aws.shifters import shifter_for
from canary.aws.surveys import survey
from canary.edge.events import TaskEvent
from canary.rules.checks.function_checks import find_pending
from canary.rules.checks.reverts import draft_revert, earlier_release, find_revert_problems, slower_way
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.promotion import Seen, answer_promoted, begin_ceilings, promoted_sources, unread_minutes, watch_on
from canary.rules.messages.kinds import NotificationKind
from canary.rules.releases.problems import RefusedError
from canary.rules.releases.release import Revert
from canary.rules.rollouts.drift_checks import find_edits_of_promoted
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.upgrades import upgrade_history
from canary.rules.rollouts.watch_course import is_to_be_reverted, name_of_revert
from canary.tasks.common.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.aws.record_reads import Owned
    from canary.rules.looks.alarm_readings import AlarmReading
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.watched import PromotionWatch

T = TypeVar("T")

_BLIP_SECONDS = 1.5 * MINUTE_SECONDS
"""An alarm is evaluated every minute, so within this time of a look no alarm can fire and recover unseen."""


def watch_promotion(event: TaskEvent, tools: Tools) -> Json:
    """WATCHING with the seconds to the next look; PROMOTED; or REVERTING with the rollout that takes the release back."""
    owned = tools.records.find(event.rollout_id, target=event.target)
    if owned and owned.rollout.phase is Phase.PROMOTED:  # another rollout or a pass ended the watch, or an earlier try did
        return _answer(owned, event)
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    watch = owned.rollout.watch
    if owned.rollout.phase is not Phase.WATCHING or watch is None:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it is not watched")
    owned = tell_promotion(owned, tools.records, tools.notifications)
    return _answer(_look(owned, owned.rollout.watch or watch, event, tools), event)


def _answer(owned: Owned, event: TaskEvent) -> Json:
    """What follows for this execution; `owned` has the watched rollout, and the lock, which the revert may have by now."""
    rollout, lock = owned.rollout, owned.lock
    found = answer_promoted(rollout, event.now)
    revert = rollout.watch.reverted_by if rollout.watch else None
    if revert and (lock.rollout_id, lock.owner) == (revert, event.execution):
        return {"ending": "REVERTING", "rollout_id": revert, "wait_seconds": 0, "summary": found}
    seconds = found.get("look_seconds", 0)
    return {"ending": rollout.phase.upper(), "rollout_id": rollout.rollout_id, "wait_seconds": seconds, "summary": found}


def _look(owned: Owned, watch: PromotionWatch, event: TaskEvent, tools: Tools) -> Owned:
    history = history_from_json(upgrade_history(tools.records.read_history(event.rollout_id)))
    begun = watch if watch.looks else begin_ceilings(owned.rollout, watch, history)
    reader = _Reader(owned, begun, tools, event.now)
    seen = reader.read()
    rollout = watch_on(owned.rollout, begun, history.families, seen, event.now)
    requested = rollout.tally.metrics_requested + reader.requested
    rollout = replace(rollout, tally=replace(rollout.tally, metrics_requested=requested))
    after = rollout.watch or begun
    tools.logger.info(
        "promotion watched",
        rollout=event.rollout_id,
        end=after.end,
        reason=after.reason,
        log_e=round(after.log_e, 4),
        unseen=after.unseen,
    )
    if after.end is None:
        return tools.records.write(owned, rollout)
    return _revert(owned, rollout, after, event, tools) if is_to_be_reverted(rollout) else _finish(owned, rollout, tools)


def _finish(owned: Owned, rollout: Rollout, tools: Tools) -> Owned:
    ended = tools.records.finish(owned, rollout)
    tools.notifications.report_end(ended.rollout, tools.records)
    return ended


def _revert(owned: Owned, rollout: Rollout, watch: PromotionWatch, event: TaskEvent, tools: Tools) -> Owned:
    """Give the lock to the rollout that takes the condemned release back; if that is impossible, an operator has to know."""
    target = rollout.target
    earlier = earlier_release(target, rollout, None)
    lock = owned.lock
    known = {lock.deployment_id: lock.fingerprint} if lock.deployment_id and lock.fingerprint else {}
    found = survey(tools.clients, target, earlier.release, known)
    if problems := (*find_revert_problems(target, earlier, found), *find_pending(found.functions)):
        why = f"{watch.reason}; it cannot be reverted: {RefusedError((*problems, slower_way(target, earlier, found)))}"
        kept = replace(rollout, watch=replace(watch, reason=why))
        kept_owned = _finish(owned, kept, tools)
        detail = {**describe(kept_owned.rollout), "reason": why[:LONGEST_CAUSE]}
        tools.notifications.tell(NotificationKind.OPERATOR_NEEDED, detail)
        return kept_owned
    revert = draft_revert(
        rollout_id=name_of_revert(rollout),
        execution=event.execution,
        now=event.now,
        target=target,
        revert=Revert(target.name, rollout.rollout_id, reason=watch.reason),
        reverted=rollout,
        earlier=earlier,
        survey=found,
    )
    ended = replace(rollout, watch=replace(watch, reverted_by=revert.rollout_id))
    handed = tools.records.hand_over(owned, ended, revert)
    tools.notifications.report_end(handed.rollout, tools.records)
    tools.notifications.send(NotificationKind.STARTED, revert)
    tools.logger.info("lock handed over", rollout=rollout.rollout_id, revert=revert.rollout_id, reason=watch.reason)
    return handed


class _Reader:
    """What one look reads. ``requested``: how many metrics were requested from CloudWatch."""

    def __init__(self, owned: Owned, watch: PromotionWatch, tools: Tools, now: float) -> None:
        self._owned = owned
        self._watch = watch
        self._tools = tools
        self._now = now
        self._clients = tools.clients.of(owned.rollout.target)
        self._metrics = MetricReader(self._clients.cloudwatch)
        self._unseen: list[str] = []

    @property
    def _rollout(self) -> Rollout:
        return self._owned.rollout

    @property
    def requested(self) -> int:
        return self._metrics.requested

    def read(self) -> Seen:
        minutes = self._try("the requests", self._read_minutes)
        alarms = self._try("the alarms", self._read_alarms)
        edits = self._try("the target", self._find_edits)
        return Seen(minutes or {}, alarms, edits or (), tuple(self._unseen))

    def _try(self, what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except AwsRefusedError as error:
            self._tools.logger.warning("not seen", rollout=self._rollout.rollout_id, what=what, reason=str(error))
            self._unseen.append(f"{what} could not be read in every look")
            return None

    def _read_minutes(self) -> dict[int, dict[str, tuple[int, int | None]]]:
        sources = {name: one for name, one in promoted_sources(self._rollout).items() if name in self._watch.metrics}
        start, end = unread_minutes(self._rollout, self._watch, self._now)
        return read_minutes(self._metrics, sources, start, end) if sources and start < end else {}

    def _read_alarms(self) -> tuple[AlarmReading, ...]:
        cloudwatch, rollout = self._clients.cloudwatch, self._rollout
        alarms = read_alarms(cloudwatch, (), rollout.target.alarms)
        since = max(rollout.looked_at or 0.0, self._watch.since)
        return with_blips(cloudwatch, alarms, since, self._now) if self._now - since > _BLIP_SECONDS else alarms

    def _find_edits(self) -> tuple[str, ...]:
        """What someone else changed; what is wrong with the instruments is noted as unseen."""
        rollout, records = self._rollout, self._tools.records
        live = shifter_for(rollout.target, self._tools.clients, lambda: records.check(self._owned)).read_live()
        self._unseen += find_instrument_faults(self._clients, rollout.target, live.stage)
        return find_edits_of_promoted(rollout, live)


handler = Handler(on(TaskEvent), watch_promotion)
