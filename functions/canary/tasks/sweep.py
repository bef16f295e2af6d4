"""What the sweeper does for one target, based on its lock and its rollout's record, whether or not it is still registered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.calls import never_write
from canary.aws.errors import RecordGoneError, RecordSchemaError
from canary.aws.executions import is_running
from canary.aws.locks import PARKED_OWNER
from canary.aws.shifters import shifter_for
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.rollouts.phases import Phase, RecoveryStage
from canary.rules.targets.live import is_intact
from canary.tasks.common.takeover import is_execution, take_over
from canary.tasks.watch import watch_parked

if TYPE_CHECKING:
    from canary.aws.locks import Lock
    from canary.aws.record_reads import Owned
    from canary.tasks.common.entry import Tools

OWNER = "sweeper"
PERIOD_SECONDS = 300
"""How often the sweeper looks at parked rollouts and free targets; it looks at rollouts without an owner every minute."""


def is_full(now: float) -> bool:
    """Whether a period begins in this minute."""
    return now % PERIOD_SECONDS < MINUTE_SECONDS


def sweep_target(name: str, tools: Tools, now: float) -> str:
    """One word for what was done, or why nothing was done.

    Raises:
        RecordsRefusedError, RecordSchemaError, RecordGoneError: the target's records cannot be used.

    """
    lock = tools.records.read_lock(name)
    if lock.rollout_id is None:
        return _sweep_free(lock, tools, now) if is_full(now) else "AT_REST"
    owned = tools.records.find(lock.rollout_id, lock=lock)
    if owned is None:
        raise RecordGoneError(f"the record of rollout {lock.rollout_id}, which holds {name}, was deleted")
    if lock.owner == PARKED_OWNER:
        return watch_parked(owned, tools, owner=OWNER, now=now) if is_full(now) else "PARKED"
    if is_execution(str(lock.owner)) and is_running(tools.clients.stepfunctions, str(lock.owner)):
        return "OWNED"
    reason = owned.rollout.reason or "the execution ended without making its target safe"
    return take_over(owned, tools, owner=OWNER, reason=reason, now=now).answer.value


def _sweep_free(lock: Lock, tools: Tools, now: float) -> str:
    """A free target whose last rollout's canary is back: a writer came later than any wait allows for."""
    owned = _find_last(lock, tools)
    if owned is None or not owned.rollout.target.shifter.has_stage_canary:
        return "AT_REST"
    live = shifter_for(owned.rollout.target, tools.clients, never_write).read_live()
    canary = live.stage.canary if live.stage else None
    if canary is None or not is_intact(canary, owned.rollout.intent):
        return "AT_REST"
    reopened = replace(owned.rollout, phase=Phase.ROLLING_BACK, recovery_stage=RecoveryStage.START, not_before=0.0)
    if owned.rollout.phase is Phase.PROMOTED:
        reopened = replace(owned.rollout, phase=Phase.MOVING_BASE, recovery_stage=RecoveryStage.FLIPPED, not_before=0.0)
    taken: Owned = tools.records.retake(lock, reopened, OWNER)
    reason = f"the canary of rollout {owned.rollout.rollout_id} came back after its end"
    return take_over(taken, tools, owner=OWNER, reason=reason, now=now).answer.value


def _find_last(lock: Lock, tools: Tools) -> Owned | None:
    """The last rollout that had the target's lock. A record from another version of the controller no longer matters."""
    if lock.last_rollout_id is None:
        return None
    try:
        return tools.records.find(lock.last_rollout_id, lock=lock)
    except RecordSchemaError:
        return None
