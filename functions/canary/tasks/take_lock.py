"""TakeLock: the target's lock and the rollout's way back in one transaction, if nobody took the target since it was checked."""

from __future__ import annotations

from canary.aws.notices import Kind
from canary.edge.events import LockEvent
from canary.rules.codec import decode
from canary.rules.rollout import Rollout
from canary.tasks.entry import Handler, Json, Tools, on


def take_lock(event: LockEvent, tools: Tools) -> Json:
    """TAKEN. FencingMovedError and LockedError send the machine back to its checks."""
    owned = tools.records.take(decode(Rollout, event.draft), fencing=event.fencing)
    tools.notices.send(Kind.STARTED, owned.rollout)
    tools.logger.info("lock taken", rollout=event.rollout_id, target=event.target, fencing=owned.lock.fencing)
    return {"lock": "TAKEN"}


handler = Handler(on(LockEvent), take_lock)
