"""SweepTargets: every minute, finds what events missed and goes on with passes that had to wait.

It looks at every target, not only at locks: a canary that came back after its rollout had ended has nobody else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.aws.errors import OwnershipLostError
from canary.aws.executions import is_running
from canary.aws.records import HOLDER
from canary.aws.shifters import shifter_for
from canary.aws.targets import read_targets
from canary.edge.events import TickEvent
from canary.edge.target import target_from_json
from canary.rules.live import is_intact
from canary.rules.phases import Phase, Rung
from canary.tasks.entry import Handler, Json, Tools, on
from canary.tasks.takeover import is_execution, take_over
from canary.tasks.watch import watch_held

if TYPE_CHECKING:
    from canary.aws.records import Held, Lock
    from canary.rules.target import Target

OWNER = "sweeper"
PERIOD_SECONDS = 300
"""How often everything is looked at; a minute is enough where a pass has only to wait for its time."""


def sweep_targets(event: TickEvent, tools: Tools) -> Json:
    """By target, what was done or why nothing was. One target's trouble keeps nobody from the others."""
    answers = {}
    for name, text in read_targets(tools.clients.ssm, tools.settings.target_prefix):
        answers[name] = _sweep_safely(name, text, tools, event.now)
    return {"targets": answers}


def _sweep_safely(name: str, text: str, tools: Tools, now: float) -> str:
    try:
        return _sweep(target_from_json(text), tools, now)
    except Exception as error:  # the boundary between targets: the others must be swept
        tools.logger.exception("target not swept", target=name, reason=str(error))
        return f"NOT_SWEPT: {type(error).__name__}: {error}"


def _sweep(target: Target, tools: Tools, now: float) -> str:
    lock = tools.records.read_lock(target.name)
    is_full = now % PERIOD_SECONDS < 60  # noqa: PLR2004 - the minute that a period begins with
    if lock.rollout_id is None:
        return _sweep_free(target, lock, tools, now) if is_full else "AT_REST"
    held = tools.records.find(lock.rollout_id, lock=lock)
    if held is None:
        return "NOT_DUE"
    if lock.owner == HOLDER:
        return watch_held(held, tools, owner=OWNER, now=now) if is_full else "HELD"
    if not (is_full or held.rollout.not_before):
        return "NOT_DUE"
    if is_execution(str(lock.owner)) and is_running(tools.clients.stepfunctions, str(lock.owner)):
        return "OWNED"
    reason = held.rollout.reason or "the execution ended without making its target safe"
    return take_over(held, tools, owner=OWNER, reason=reason, now=now).answer.value


def _sweep_free(target: Target, lock: Lock, tools: Tools, now: float) -> str:
    """A free target whose last rollout's canary is there again: a writer later than any that was waited for."""
    held = tools.records.find(lock.last_rollout_id, lock=lock) if lock.last_rollout_id else None
    if held is None or target.stage is None:
        return "AT_REST"
    live = shifter_for(target, tools.clients, _never_write).read_live()
    canary = live.stage.canary if live.stage else None
    if canary is None or not is_intact(canary, held.rollout.intent):
        return "AT_REST"
    reopened = replace(held.rollout, phase=Phase.ROLLING_BACK, rung=Rung.START, not_before=0.0)
    if held.rollout.phase is Phase.PROMOTED:
        reopened = replace(held.rollout, phase=Phase.MOVING_BASE, rung=Rung.FLIPPED, not_before=0.0)
    taken: Held = tools.records.retake(lock, reopened, OWNER)
    reason = f"the canary of rollout {held.rollout.rollout_id} was back after its end"
    return take_over(taken, tools, owner=OWNER, reason=reason, now=now).answer.value


def _never_write() -> None:
    raise OwnershipLostError("a target that is free is only read")


handler = Handler(on(TickEvent), sweep_targets)
