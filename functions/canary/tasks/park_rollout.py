"""ParkRollout: the step is over, the next one waits for its advance. The canary keeps its weight and is watched meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import OwnershipLostError
from canary.aws.notifications import NotificationKind
from canary.aws.records import PARKED_OWNER
from canary.edge.events import TaskEvent
from canary.rules.phases import Phase
from canary.rules.report import summary
from canary.tasks.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.records import Owned


def park_rollout(event: TaskEvent, tools: Tools) -> Json:
    """The rollout's summary so far. A retry finds what it has done."""
    held = tools.records.find(event.rollout_id, target=event.target)
    if held and _is_parked_by(event.execution, held):
        return summary(held.rollout, Phase.PARKED, event.now)
    held = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if held.rollout.phase is not Phase.SHIFTING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {held.rollout.phase}; it cannot be parked")
    until = event.now + held.rollout.plan.policy.max_parked_seconds
    rollout = replace(held.rollout, phase=Phase.PARKED, parked_since=event.now, parked_until=until)
    held = tools.records.park(held, rollout)
    tools.notifications.send(NotificationKind.PARKED, held.rollout)
    tools.logger.info("rollout parked", rollout=event.rollout_id, step=held.rollout.step.index, until=until)
    return summary(held.rollout, Phase.PARKED, event.now)


def _is_parked_by(execution: str, held: Owned) -> bool:
    is_parked = held.rollout.phase is Phase.PARKED and held.lock.owner == PARKED_OWNER
    return is_parked and held.rollout.execution == execution


handler = Handler(on(TaskEvent), park_rollout)
