"""TakeAllTraffic: the canary gets every request; base is still untouched, so the only direction is still back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from canary.aws.errors import OwnershipLostError
from canary.aws.shifters import shifter_for
from canary.edge.events import TaskEvent
from canary.rules.phases import SETTLE_SECONDS, Phase
from canary.tasks.entry import Handler, Json, Tools, on

ALL = Decimal(100)


def take_all_traffic(event: TaskEvent, tools: Tools) -> Json:
    """Weight 100, announced before it is set."""
    held = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if held.rollout.phase is Phase.SHIFTING:
        rollout = replace(held.rollout, phase=Phase.TAKING_ALL, shifts=(*held.rollout.shifts, event.now))
        held = tools.records.write(held, rollout)
    if held.rollout.phase is not Phase.TAKING_ALL:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {held.rollout.phase}; it cannot take all traffic")
    shifter = shifter_for(held.rollout.target, tools.clients, lambda: tools.records.check(held))
    shifter.shift(held.rollout.snapshot, held.rollout.intent, ALL)
    tools.logger.info("canary has all traffic", rollout=event.rollout_id)
    return {"wait_seconds": SETTLE_SECONDS}


handler = Handler(on(TaskEvent), take_all_traffic)
