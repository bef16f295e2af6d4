"""TakeAllTraffic: the canary gets all requests. Base is still unchanged, so recovery still rolls back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from canary.aws.errors import OwnershipLostError
from canary.aws.shifters import shifter_for
from canary.edge.events import TaskEvent
from canary.rules.rollouts.phases import SETTLE_SECONDS, Phase
from canary.tasks.common.entry import Handler, Json, Tools, on

ALL = Decimal(100)


def take_all_traffic(event: TaskEvent, tools: Tools) -> Json:
    """Record the new phase, then set weight 100. For a revert, this is the first weight."""
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    is_first = owned.rollout.phase is Phase.PREPARING and owned.rollout.reverts is not None
    if owned.rollout.phase is Phase.SHIFTING or is_first:
        rollout = replace(owned.rollout, phase=Phase.TAKING_ALL, shifts=(*owned.rollout.shifts, event.now))
        owned = tools.records.write(owned, rollout)
    if owned.rollout.phase is not Phase.TAKING_ALL:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it cannot take all traffic")
    shifter = shifter_for(owned.rollout.target, tools.clients, lambda: tools.records.check(owned))
    shifter.shift(owned.rollout.snapshot, owned.rollout.intent, ALL)
    tools.logger.info("canary has all traffic", rollout=event.rollout_id)
    return {"weight_percent": float(ALL), "wait_seconds": SETTLE_SECONDS}


handler = Handler(on(TaskEvent), take_all_traffic)
