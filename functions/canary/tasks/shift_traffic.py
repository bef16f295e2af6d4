"""ShiftTraffic: records the next step's weight, then sets it."""

from __future__ import annotations

from canary.aws.errors import OwnershipLostError
from canary.aws.shifters import shifter_for
from canary.edge.events import TaskEvent
from canary.rules.looks.look_schedule import next_look_seconds
from canary.rules.looks.steps import begin_next_step
from canary.rules.messages.kinds import NotificationKind
from canary.rules.rollouts.phases import Phase
from canary.tasks.common.entry import Handler, Json, Tools, on


def shift_traffic(event: TaskEvent, tools: Tools) -> Json:
    """Begin the next step. A retry of the same state entry sets the same weight again."""
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if owned.rollout.phase not in {Phase.PREPARING, Phase.SHIFTING} or owned.rollout.reverts:
        raise OwnershipLostError(f"rollout {event.rollout_id} is already {owned.rollout.phase}; its weight stays")
    if owned.rollout.step.entered != entry_mark(event):
        owned = tools.records.write(owned, begin_next_step(owned.rollout, entry_mark(event), event.now))
    rollout = owned.rollout
    weight_percent = rollout.plan.policy.steps[rollout.step.index].weight_percent
    shifter = shifter_for(rollout.target, tools.clients, lambda: tools.records.check(owned))
    shifter.shift(rollout.snapshot, rollout.intent, weight_percent)
    tools.notifications.send(NotificationKind.SHIFTED, rollout)
    tools.logger.info("traffic shifted", rollout=event.rollout_id, step=rollout.step.index, weight_percent=str(weight_percent))
    look_seconds = next_look_seconds(rollout, event.now)
    return {"weight_percent": float(weight_percent), "step": rollout.step.index + 1, "look_seconds": look_seconds}


def entry_mark(event: TaskEvent) -> str:
    """A mark of this state entry, the same for all its retries."""
    return f"{event.now:.3f}"


handler = Handler(on(TaskEvent), shift_traffic)
