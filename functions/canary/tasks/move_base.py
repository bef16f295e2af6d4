"""MoveBase: the commit point. While base has no traffic, every live alias moves to the release, one after the other."""

from __future__ import annotations

from canary.edge.events import TaskEvent
from canary.rules.rollouts.phases import RecoveryStage
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.promotion import CLOCK_MARGIN_SECONDS, pass_forward


def move_base(event: TaskEvent, tools: Tools) -> Json:
    """FLIP_STAGE if there is a stage to flip, otherwise CLEAN_UP; what the live aliases point at, and how long they settle."""
    safety = pass_forward(event, tools, to=frozenset({RecoveryStage.BASED, RecoveryStage.FLIPPED}))
    has_flip = safety.owned.rollout.recovery_stage is RecoveryStage.BASED
    return {
        "flip": "FLIP_STAGE" if has_flip else "CLEAN_UP",
        "live": dict(safety.owned.rollout.intent.versions),
        "wait_seconds": safety.wait_seconds + CLOCK_MARGIN_SECONDS,
    }


handler = Handler(on(TaskEvent), move_base)
