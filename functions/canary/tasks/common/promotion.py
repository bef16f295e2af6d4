"""What MoveBase, FlipStage and CleanUp share: one forward pass; the machine retries it when AWS refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import AwsRefusedError, OwnershipLostError, StateChangedError
from canary.aws.safety import Safety, make_pass, tell_promotion
from canary.rules.rollouts.phases import SETTLE_SECONDS, Answer, Phase, RecoveryStage

if TYPE_CHECKING:
    from canary.edge.events import TaskEvent
    from canary.tasks.common.entry import Tools


CLOCK_MARGIN_SECONDS = 5
"""Extra wait after a settle time, because the state machine's clock and the records' clock differ."""


def pass_forward(event: TaskEvent, tools: Tools, *, to: frozenset[RecoveryStage]) -> Safety:
    """One pass that must reach one of the recovery stages `to` (START if it ends the rollout).

    Raises:
        AwsRefusedError: AWS refused a move.
        StateChangedError: the target is not as the promotion left it; MakeSafe decides how to go on.

    """
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if owned.rollout.phase is Phase.TAKING_ALL:
        owned = tools.records.write(owned, replace(owned.rollout, phase=Phase.MOVING_BASE))
    if owned.rollout.phase is Phase.WATCHING:  # an earlier answer of CleanUp was lost
        return Safety(tell_promotion(owned, tools.records, tools.notifications), Answer.SAFE)
    if owned.rollout.phase is not Phase.MOVING_BASE:
        raise OwnershipLostError(f"rollout {event.rollout_id} is {owned.rollout.phase}; it cannot be promoted")
    if owned.rollout.recovery_stage in to:
        return Safety(owned, Answer.WAIT, SETTLE_SECONDS)
    safety = make_pass(tools, owned, event.now, gives_up=False, watches=True)
    if safety.refusals:
        raise AwsRefusedError("; ".join(safety.refusals))
    reached = safety.owned.rollout.recovery_stage
    if reached not in to:
        raise StateChangedError(f"the promotion is at {reached} but should be at {' or '.join(sorted(to))}")
    tools.logger.info("promotion", rollout=event.rollout_id, recovery_stage=reached, answer=safety.answer)
    return safety
