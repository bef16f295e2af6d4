"""ParkRollout: the step is over, and the next one waits for an advance. The canary keeps its weight and is watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import OwnershipLostError
from canary.aws.locks import PARKED_OWNER
from canary.edge.events import TaskEvent
from canary.rules.messages.kinds import NotificationKind
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import summary
from canary.tasks.common.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned


def park_rollout(event: TaskEvent, tools: Tools) -> Json:
    """The rollout's summary so far. A retry recognises that the rollout is already parked."""
    owned = tools.records.find(event.rollout_id, target=event.target)
    if owned and _is_parked_by(event.execution, owned):
        return summary(owned.rollout, Phase.PARKED, event.now)
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if owned.rollout.phase is not Phase.SHIFTING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it cannot be parked")
    until = event.now + owned.rollout.plan.policy.max_parked_seconds
    rollout = replace(owned.rollout, phase=Phase.PARKED, parked_since=event.now, parked_until=until)
    owned = tools.records.park(owned, rollout)
    tools.notifications.send(NotificationKind.PARKED, owned.rollout)
    tools.logger.info("rollout parked", rollout=event.rollout_id, step=owned.rollout.step.index, until=until)
    return summary(owned.rollout, Phase.PARKED, event.now)


def _is_parked_by(execution: str, owned: Owned) -> bool:
    is_parked = owned.rollout.phase is Phase.PARKED and owned.lock.owner == PARKED_OWNER
    return is_parked and owned.rollout.execution == execution


handler = Handler(on(TaskEvent), park_rollout)
