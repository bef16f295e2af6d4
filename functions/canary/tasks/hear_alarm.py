"""HearAlarm: an alarm of a held rollout's target fired. While an execution runs, its own looks hear the alarms.

The event may come late or twice (docs/aws.md#status-events). It is taken as a reason to look at once, not as the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.records import HOLDER
from canary.aws.targets import read_targets
from canary.edge.events import AlarmEvent
from canary.edge.target import target_from_json
from canary.rules.alarms import target_alarms
from canary.tasks.entry import Handler, Json, Tools, on
from canary.tasks.watch import watch_held

if TYPE_CHECKING:
    from canary.rules.target import Target

OWNER = "alarm"


def hear_alarm(event: AlarmEvent, tools: Tools) -> Json:
    """By target that has this alarm, what was done."""
    answers = {}
    for _, text in read_targets(tools.clients.ssm, tools.settings.target_prefix):
        target = target_from_json(text)
        if event.alarm in {*target.alarms, *(alarm.name for alarm in target_alarms(target))}:
            answers[target.name] = _hear(target, event, tools)
    return {"alarm": event.alarm, "targets": answers}


def _hear(target: Target, event: AlarmEvent, tools: Tools) -> str:
    lock = tools.records.read_lock(target.name)
    held = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if held is None or lock.owner != HOLDER:
        return "NOT_HELD"
    return watch_held(held, tools, owner=OWNER, now=max(event.now, held.read_at))


handler = Handler(on(AlarmEvent), hear_alarm)
