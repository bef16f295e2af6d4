"""FlipStage: base gets the canary's deployment and variables and the canary gets 0 %, in one patch list."""

from __future__ import annotations

from canary.edge.events import TaskEvent
from canary.rules.rollouts.phases import RecoveryStage
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.promotion import CLOCK_MARGIN_SECONDS, pass_forward


def flip_stage(event: TaskEvent, tools: Tools) -> Json:
    """What base of the stage serves now, and how long the stage settles."""
    safety = pass_forward(event, tools, to=frozenset({RecoveryStage.FLIPPED}))
    deployment = safety.owned.rollout.intent.deployment_id
    return {"deployment": deployment, "wait_seconds": safety.wait_seconds + CLOCK_MARGIN_SECONDS}


handler = Handler(on(TaskEvent), flip_stage)
