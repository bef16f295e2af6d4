"""WatchPromotion: one look at a promoted release. The record says how the watch ended, whoever ended it.

A call that AWS refuses is kept as something that this look could not see, and the watch goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_minutes
from canary.aws.errors import AwsRefusedError, OwnershipLostError
from canary.aws.instruments import find_instrument_faults
from canary.aws.metrics import MetricReader
from canary.aws.safety import tell_promotion
from canary.aws.shifters import shifter_for
from canary.edge.events import TaskEvent
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.promotion import Seen, answer_promoted, begin_bars, promoted_sources, unread_minutes, watch_on
from canary.rules.rollouts.drift_checks import find_edits_of_promoted
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.upgrades import upgrade_history
from canary.tasks.entry import Handler, Json, Tools, on

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
    """WATCHING with the seconds to the next look, or PROMOTED."""
    owned = tools.records.find(event.rollout_id, target=event.target)
    if owned and owned.rollout.phase is Phase.PROMOTED:  # another rollout or a pass ended the watch, or an earlier try did
        return _answer(owned.rollout, event)
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    watch = owned.rollout.watch
    if owned.rollout.phase is not Phase.WATCHING or watch is None:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it is not watched")
    owned = tell_promotion(owned, tools.records, tools.notifications)
    owned = _look(owned, owned.rollout.watch or watch, event, tools)
    return _answer(owned.rollout, event)


def _answer(rollout: Rollout, event: TaskEvent) -> Json:
    found = answer_promoted(rollout, event.now)
    return {"ending": rollout.phase.upper(), "wait_seconds": found.get("look_seconds", 0), "summary": found}


def _look(owned: Owned, watch: PromotionWatch, event: TaskEvent, tools: Tools) -> Owned:
    history = history_from_json(upgrade_history(tools.records.read_history(event.rollout_id)))
    begun = watch if watch.looks else begin_bars(owned.rollout, watch, history)
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
    ended = tools.records.finish(owned, rollout)
    tools.notifications.report_end(ended.rollout, tools.records)
    return ended


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
        return Seen(minutes or {}, alarms or (), edits or (), tuple(self._unseen))

    def _try(self, what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except AwsRefusedError as error:
            self._unseen.append(f"{what} could not be read in every look: {error}")
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
