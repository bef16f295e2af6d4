"""TakeLock: takes the lock and records the snapshot in one transaction, unless the target was taken since the checks."""

from __future__ import annotations

from canary.edge.events import LockEvent
from canary.rules.messages.kinds import NotificationKind
from canary.rules.rollouts.codec import decode
from canary.rules.rollouts.rollout import Rollout
from canary.tasks.common.entry import Handler, Json, Tools, on


def take_lock(event: LockEvent, tools: Tools) -> Json:
    """TAKEN. StaleFencingTokenError and LockedError send the machine back to its checks."""
    owned = tools.records.take(decode(Rollout, event.draft), fencing_token=event.fencing_token)
    if owned.ended_watch is not None:
        tools.notifications.report_end(owned.ended_watch, tools.records)
    tools.notifications.send(NotificationKind.STARTED, owned.rollout)
    tools.logger.info("lock taken", rollout=event.rollout_id, target=event.target, fencing_token=owned.lock.fencing_token)
    return {"lock": "TAKEN", "rollout": event.rollout_id}


handler = Handler(on(LockEvent), take_lock)
