"""CleanUp: removes the canary settings, reads the result back, and only then frees the lock."""

from __future__ import annotations

from canary.edge.events import TaskEvent
from canary.rules.rollouts.phases import RecoveryStage
from canary.rules.rollouts.report import summary
from canary.tasks.entry import Handler, Json, Tools, on
from canary.tasks.promotion import pass_forward


def clean_up(event: TaskEvent, tools: Tools) -> Json:
    """The rollout's summary."""
    safety = pass_forward(event, tools, to=frozenset({RecoveryStage.START}))
    return summary(safety.owned.rollout, "promoted", event.now)


handler = Handler(on(TaskEvent), clean_up)
