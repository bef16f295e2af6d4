"""CheckDrain: whether base has stopped receiving traffic. Firing alarms still cause a rollback; in a revert they are noted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.alarms import read_alarms
from canary.aws.counting import read_total
from canary.aws.errors import OwnershipLostError
from canary.aws.instruments import find_instrument_faults
from canary.aws.metrics import MetricReader, total
from canary.aws.shifters import shifter_for
from canary.edge.events import DrainEvent
from canary.rules.checks.reverts import note_alarms
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.alarm_readings import alarms_against
from canary.rules.looks.drain import (
    Drain,
    DrainKind,
    MinuteTraffic,
    doubt_silence,
    drain_minutes,
    is_silent,
    judge_drain,
    judge_settling,
)
from canary.rules.looks.sources import canary_invocations, drain_series, has_log
from canary.rules.rollouts.drift_checks import find_drift_in_bake
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.alarms import target_alarms
from canary.tasks.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout


def check_drain(event: DrainEvent, tools: Tools) -> Json:
    """DRAINED, WAIT (and how long), or ROLL_BACK with the reason."""
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if owned.rollout.phase is not Phase.TAKING_ALL:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it has no drain to check")
    since = owned.rollout.drained_from or event.settling_since
    metrics = MetricReader(tools.clients.of(owned.rollout.target).cloudwatch)
    shifter = shifter_for(owned.rollout.target, tools.clients, lambda: tools.records.check(owned))
    live = shifter.read_live()
    drift = find_drift_in_bake(owned.rollout, live)
    faults = find_instrument_faults(tools.clients.of(owned.rollout.target), owned.rollout.target, live.stage)
    ours = [alarm.name for alarm in target_alarms(owned.rollout.target)]
    alarms = read_alarms(tools.clients.of(owned.rollout.target).cloudwatch, ours, owned.rollout.target.alarms)
    against = alarms_against(alarms, owned.rollout.tolerated_alarms) if owned.rollout.reverts is None else None
    drain = (
        Drain(DrainKind.ROLL_BACK, "; ".join(drift) or str(against))
        if drift or against
        else _check(owned.rollout, event, metrics, since=since, faults=faults)
    )
    tally = replace(
        owned.rollout.tally,
        drains=owned.rollout.tally.drains + 1,
        metrics_requested=owned.rollout.tally.metrics_requested + metrics.requested,
    )
    reason = drain.reason if drain.kind is DrainKind.ROLL_BACK else owned.rollout.reason
    noted = note_alarms(owned.rollout, alarms) if owned.rollout.reverts else owned.rollout
    tools.records.write(owned, replace(noted, drained_from=since, tally=tally, reason=reason))
    tools.logger.info("drain checked", rollout=event.rollout_id, drain=drain.kind.value, reason=drain.reason)
    return {"drain": drain.kind.value, "reason": drain.reason, "wait_seconds": MINUTE_SECONDS}


def _check(rollout: Rollout, event: DrainEvent, metrics: MetricReader, *, since: float, faults: tuple[str, ...]) -> Drain:
    if settled := judge_settling(rollout.target.shifter, since=since, now=event.now):
        return settled
    delay = rollout.plan.policy.metric_delay_seconds
    start, end = drain_minutes(since, event.now, delay)
    canary, base = drain_series(rollout.target, rollout.snapshot, rollout.intent)
    values = metrics.read([*canary, *base], start, end)
    minutes = {
        minute: MinuteTraffic(round(total(values, canary, minute) or 0), round(total(values, base, minute) or 0))
        for minute in range(start, end, MINUTE_SECONDS)
    }
    drain = judge_drain(minutes, since=since, now=event.now, metric_delay_seconds=delay, faults=faults)
    if drain.kind is not DrainKind.DRAINED or not is_silent(minutes) or not has_log(rollout.target):
        return drain
    series = canary_invocations(rollout.target, rollout.snapshot, rollout.intent)
    return doubt_silence(drain, minutes, read_total(metrics, series, start, end))


handler = Handler(on(DrainEvent), check_drain)
