"""HearAlarm: looks at a parked rollout at once when an alarm of its target fires. A running execution reads alarms itself.

The event may come late or twice (docs/aws.md#status-events). So it is only a reason to look, not the verdict. The rollout's
record says which alarms its target has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.errors import RecordSchemaError
from canary.aws.locks import PARKED_OWNER
from canary.edge.events import AlarmEvent
from canary.rules.targets.alarms import target_alarms
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.watch import watch_parked

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.rules.targets.target import Target

OWNER = "alarm"


def hear_alarm(event: AlarmEvent, tools: Tools) -> Json:
    """What was done, by target whose parked rollout has this alarm. One target's failure does not keep the others from a look.

    Raises:
        ExceptionGroup: looks that failed, so that the event is delivered again.

    """
    found = [_find(lock, tools) for lock in tools.records.read_open() if lock.owner == PARKED_OWNER]
    concerned = [owned for owned in found if owned and event.alarm in _alarms_of(owned.rollout.target)]
    answers, failures = {}, []
    for owned in concerned:
        try:
            answers[owned.lock.target] = watch_parked(owned, tools, owner=OWNER, now=max(event.now, owned.read_at))
        except Exception as error:  # noqa: BLE001 - the boundary between targets; it is raised below
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"alarm {event.alarm} could not be handled for every parked rollout", failures)
    return {"alarm": event.alarm, "targets": answers}


def _find(lock: Lock, tools: Tools) -> Owned | None:
    """The parked rollout. The sweeper reports a record that cannot be read."""
    try:
        return tools.records.find(str(lock.rollout_id), lock=lock)
    except RecordSchemaError as error:
        tools.logger.error("record not read", target=lock.target, reason=str(error))  # noqa: TRY400 - the reason says it all
        return None


def _alarms_of(target: Target) -> set[str]:
    return {*target.alarms, *(alarm.name for alarm in target_alarms(target))}


handler = Handler(on(AlarmEvent), hear_alarm)
