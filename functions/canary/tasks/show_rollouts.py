"""ShowRollouts: the custom widget of the controller's dashboard. It reads, and changes nothing (docs/aws.md#custom-widgets)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

from canary.aws.archive import Archive
from canary.aws.errors import HistoryGoneError, LookUnreadableError, RecordSchemaError
from canary.aws.reports.recorded import read_looks, with_history
from canary.aws.targets import list_targets
from canary.edge.events import WidgetEvent
from canary.rules.reports.building import report_of
from canary.rules.reports.widget import Fleet, FleetRow, to_widget
from canary.tasks.common.entry import Handler, Tools, on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.aws.locks import Lock
    from canary.rules.looks.replay import ReplayedLook
    from canary.rules.rollouts.rollout import Rollout

MOST_READ = 30
"""Rollouts in progress whose records are read for the table."""

MOST_LOOKS = 1_500
"""Looks of the rollout that is shown in full, about a day of them: a dashboard asks again each minute."""

DESCRIPTION = """## Rollouts of the canary controller
Shows every registered target, and one rollout with its evidence: the one that needs someone most, or that of a target.

### Widget parameters
Param | Description
---|---
**target** | Optional: the target whose rollout is shown, in progress or the last one

### Example parameters
``` yaml
target: orders
```
"""

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def show_rollouts(event: WidgetEvent, tools: Tools) -> str:
    """The widget as HTML, or what it is as Markdown."""
    if event.describe:
        return DESCRIPTION
    zone = zone_of(event.offset)
    return to_widget(_fleet(event, tools), theme=event.theme, local=lambda at: datetime.fromtimestamp(at, zone))


def zone_of(offset: str) -> tzinfo:
    """The dashboard's time zone; UTC where it names none."""
    found = _OFFSET.fullmatch(offset)
    if found is None:
        return UTC
    sign = -1 if found[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))


def _fleet(event: WidgetEvent, tools: Tools) -> Fleet:
    names = list_targets(tools.clients.ssm, tools.settings.target_prefix)
    held = {lock.target: lock for lock in tools.records.read_open()}
    locks = {**tools.records.read_locks(names), **held}
    notes = []
    read: dict[str, Rollout | str] = {target: _read(held[target], tools) for target in [*held][:MOST_READ]}
    if len(held) > MOST_READ:
        notes.append(f"{len(held)} rollouts are in progress, and {MOST_READ} of them are read; canary status lists them all.")
    if event.target and event.target not in locks:
        notes.append(f"No target {event.target} is registered; correct the widget's parameter.")
    rows = tuple(_row(locks[target], read.get(target)) for target in sorted(locks))
    shown = _chosen(event.target, locks, read, tools)
    if shown is None:
        return Fleet(rows, notes=tuple(notes))
    looks = _looks(shown, tools)
    if looks is None:
        notes.append(f"The evidence of {shown.rollout_id} is not shown here; run canary explain {shown.rollout_id}.")
    return Fleet(rows, report_of(shown, looks or ()), tuple(notes))


def _read(lock: Lock, tools: Tools) -> Rollout | str:
    """The rollout of a lock that is held, or why it cannot be shown."""
    try:
        owned = tools.records.find(str(lock.rollout_id), lock=lock)
    except RecordSchemaError as error:
        return str(error)
    return owned.rollout if owned else f"rollout {lock.rollout_id} holds the target and is not recorded"


def _row(lock: Lock, read: Rollout | str | None) -> FleetRow:
    if read is None:
        last = f"at rest; the last rollout was {lock.last_rollout_id}" if lock.last_rollout_id else "no rollout yet"
        return FleetRow(lock.target, note=f"rollout {lock.rollout_id} is in progress" if lock.rollout_id else last)
    return FleetRow(lock.target, note=read) if isinstance(read, str) else FleetRow(lock.target, report_of(read, ()))


def _chosen(target: str, locks: Mapping[str, Lock], read: Mapping[str, Rollout | str], tools: Tools) -> Rollout | None:
    """The rollout to show in full: that of the target, or else one that needs an operator, or else the newest."""
    if target:
        lock = locks.get(target)
        found = read.get(target) or (_last(lock, tools) if lock else None)
        return None if isinstance(found, str) else found
    rollouts = [one for one in read.values() if not isinstance(one, str)]
    return max(rollouts, key=lambda one: (one.needs_operator, one.started_at), default=None)


def _last(lock: Lock, tools: Tools) -> Rollout | str | None:
    last = lock.rollout_id or lock.last_rollout_id
    return _read(_as_held(lock, last), tools) if last else None


def _as_held(lock: Lock, rollout_id: str) -> Lock:
    return lock if lock.rollout_id == rollout_id else type(lock)(lock.target, lock.fencing_token, rollout_id)


def _looks(rollout: Rollout, tools: Tools) -> tuple[ReplayedLook, ...] | None:
    """The rollout's looks, replayed; none before the first, None if there are too many or they cannot be read."""
    archive = Archive(tools.clients.dynamodb, tools.settings.table)
    try:
        looks = read_looks(archive, rollout.rollout_id, most=MOST_LOOKS + 1)
        if len(looks) > MOST_LOOKS:
            return None
        return with_history(tools.records, rollout.rollout_id, looks).replayed(rollout)
    except (HistoryGoneError, LookUnreadableError):
        return None


handler = Handler(on(WidgetEvent), show_rollouts)
