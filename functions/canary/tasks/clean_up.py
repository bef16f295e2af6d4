"""CleanUp: removes the canary settings and reads the result back; then the watch begins, or the lock is freed."""

from __future__ import annotations

from canary.edge.events import TaskEvent
from canary.rules.looks.promotion import answer_promoted
from canary.rules.rollouts.phases import RecoveryStage
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.promotion import pass_forward


def clean_up(event: TaskEvent, tools: Tools) -> Json:
    """The rollout's summary; while it is watched, with the seconds to the first look."""
    safety = pass_forward(event, tools, to=frozenset({RecoveryStage.START}))
    return answer_promoted(safety.owned.rollout, event.now)


handler = Handler(on(TaskEvent), clean_up)
