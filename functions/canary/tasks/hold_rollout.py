"""HoldRollout: the step is over, the next one waits for its advance. The canary keeps its weight and is watched meanwhile."""

from __future__ import annotations

from dataclasses import replace

from canary.aws.errors import OwnershipLostError
from canary.aws.notifications import NotificationKind
from canary.aws.records import HOLDER
from canary.edge.events import TaskEvent
from canary.rules.phases import Phase
from canary.rules.report import summary
from canary.tasks.entry import Handler, Json, Tools, on


def hold_rollout(event: TaskEvent, tools: Tools) -> Json:
    """The rollout's summary so far. A retry finds what it has done."""
    held = tools.records.find(event.rollout_id, target=event.target)
    if held and held.rollout.phase is Phase.HELD and held.lock.owner == HOLDER and held.rollout.execution == event.execution:
        return summary(held.rollout, Phase.HELD, event.now)
    held = tools.records.read_held(event.rollout_id, event.execution, target=event.target)
    if held.rollout.phase is not Phase.SHIFTING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {held.rollout.phase}; it cannot be held")
    until = event.now + held.rollout.plan.policy.max_hold_seconds
    rollout = replace(held.rollout, phase=Phase.HELD, held_since=event.now, held_until=until)
    held = tools.records.hold(held, rollout)
    tools.notifications.send(NotificationKind.HELD, held.rollout)
    tools.logger.info("rollout held", rollout=event.rollout_id, step=held.rollout.step.index, until=until)
    return summary(held.rollout, Phase.HELD, event.now)


handler = Handler(on(TaskEvent), hold_rollout)
