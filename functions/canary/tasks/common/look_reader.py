"""What one look reads: counts, the live target, alarms, instruments, and Lambda's invocations where they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.alarms import read_alarms, with_blips
from canary.aws.counting import read_counts, read_total
from canary.aws.instruments import find_instrument_faults
from canary.aws.metrics import MetricReader
from canary.aws.shifters import shifter_for
from canary.rules.judging import evidence_json
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.alarm_readings import alarm_faults
from canary.rules.looks.completeness import find_waiting, wanted_minutes
from canary.rules.looks.listening import find_unlogged, quiet_minutes
from canary.rules.looks.sources import canary_invocations, has_log, integrated_series, sources_of
from canary.rules.rollouts.upgrades import upgrade_history
from canary.rules.targets.alarms import target_alarms

if TYPE_CHECKING:
    from canary.aws.counting import Counted
    from canary.aws.record_reads import Owned
    from canary.rules.judging.judge import Evidence
    from canary.rules.looks.alarm_readings import AlarmReading
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.live import Live
    from canary.tasks.common.entry import Tools

_BLIP_SECONDS = 1.5 * MINUTE_SECONDS
"""An alarm is evaluated every minute, so within this time of a look no alarm can fire and recover unseen."""


class LookReader:
    """Reads for one look at `now` (epoch seconds). The look passes the rollout, which changes as its minutes are folded."""

    def __init__(self, owned: Owned, tools: Tools, now: float) -> None:
        self._owned = owned
        self._tools = tools
        self._now = now
        self._clients = tools.clients.of(owned.rollout.target)
        self._metrics = MetricReader(self._clients.cloudwatch)

    @property
    def requested(self) -> int:
        """How many metrics were requested from CloudWatch so far."""
        return self._metrics.requested

    def read_evidence(self, rollout: Rollout) -> Evidence:
        """The evidence that the last look left, with the history it rests on."""
        history = history_from_json(upgrade_history(self._tools.records.read_history(rollout.rollout_id)))
        return evidence_json.from_json(rollout.evidence, history)

    def read_counts(self, rollout: Rollout) -> Counted:
        """The counts of the minutes that are complete and not used yet."""
        sources = tuple(sources_of(rollout).values())
        arms = integrated_series(rollout.target, rollout.snapshot, rollout.intent)
        return read_counts(self._metrics, sources, arms, *wanted_minutes(rollout, self._now))

    def read_live(self) -> Live:
        """The target as it is."""
        target = self._owned.rollout.target
        return shifter_for(target, self._tools.clients, lambda: self._tools.records.check(self._owned)).read_live()

    def hear_alarms(self, rollout: Rollout) -> tuple[AlarmReading, ...]:
        """The alarms now. If the last look is longer ago than alarms take to evaluate, also what fired since then."""
        cloudwatch = self._clients.cloudwatch
        ours = [alarm.name for alarm in target_alarms(rollout.target)]
        alarms = read_alarms(cloudwatch, ours, rollout.target.alarms)
        since = max(rollout.looked_at or 0.0, rollout.step.baking_since or self._now)
        return with_blips(cloudwatch, alarms, since, self._now) if self._now - since > _BLIP_SECONDS else alarms

    def find_faults(self, rollout: Rollout, live: Live, alarms: tuple[AlarmReading, ...], counted: Counted) -> tuple[str, ...]:
        """What is wrong with alarms and instruments, one sentence each."""
        instruments = find_instrument_faults(self._clients, rollout.target, live.stage)
        return (*alarm_faults(alarms), *(instruments or self._find_unlogged(rollout, counted)))

    def count_invocations_of_step(self, rollout: Rollout) -> int | None:
        """How often Lambda ran the canary's functions in the step; None where Lambda's own metrics are judged anyway."""
        if not has_log(rollout.target):
            return None
        since = int(rollout.shifts[-1] // MINUTE_SECONDS) * MINUTE_SECONDS
        return self._count_invocations(rollout, since, rollout.judged_to + MINUTE_SECONDS)

    def _find_unlogged(self, rollout: Rollout, counted: Counted) -> tuple[str, ...]:
        """Minutes without requests mean no traffic or a broken log; Lambda's invocations show which."""
        waiting = find_waiting(rollout, counted.metrics, self._now)
        minutes = quiet_minutes(rollout, waiting) if has_log(rollout.target) else 0
        if not minutes:
            return ()
        end = rollout.judged_to + (1 + waiting) * MINUTE_SECONDS
        return find_unlogged(minutes, self._count_invocations(rollout, end - minutes * MINUTE_SECONDS, end))

    def _count_invocations(self, rollout: Rollout, since: int, end: int) -> int:
        """How often Lambda ran the canary's functions, from the minute `since` up to the minute `end`."""
        series = canary_invocations(rollout.target, rollout.snapshot, rollout.intent)
        return read_total(self._metrics, series, since, end)
