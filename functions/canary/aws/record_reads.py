"""What is read of the records: locks, rollouts with their locks, looks, and the frozen history. Nothing is written here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.errors import OwnershipLostError
from canary.aws.locks import Lock, lock_key, lock_of
from canary.aws.record_items import LookItem, Outline, history_key, look_key, look_of, outline_of, rollout_key, rollout_of
from canary.aws.side_items import grant_key, grant_of, signal_key, signal_of, warm_up_key, warm_up_of
from canary.aws.table import MOST_KEYS, Table
from canary.aws.taken_back import taken_back_key, taken_back_of
from canary.rules.rollouts.grants import Grant
from canary.rules.rollouts.retention import DEFAULT_DAYS
from canary.rules.rollouts.rollout import OPEN_INDEX, Rollout
from canary.rules.rollouts.steering import Signal
from canary.rules.rollouts.taken_back import TakenBack
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenReleases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canary.aws.table import Found


@dataclass(frozen=True, slots=True)
class Owned:
    """A rollout as its owner sees it: the record and the lock, read together.

    ``read_at``: AWS's own time of the read, in whole epoch seconds; 0 if the rollout was just written and not read. ``look``:
    the look with the requested mark, if it exists. ``signal``: the newest one, if it was asked for. ``ended_watch``: the
    rollout whose watch ended because this one took its target.
    """

    rollout: Rollout
    lock: Lock
    read_at: float = 0.0
    look: LookItem | None = None
    signal: Signal | None = None
    ended_watch: Rollout | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """What a start must know of its target: the lock, the releases that were rolled back, and how its canaries warm up.

    ``is_recorded``: whether a rollout with the start's own id is recorded, readable or not. ``grant``: what the execution of
    that name may do beyond what everyone may. ``unread_taken_back``: what someone edited of those releases so that it cannot
    be read.
    """

    lock: Lock
    is_recorded: bool
    taken_back: tuple[TakenBack, ...] = ()
    grant: Grant | None = None
    unread_taken_back: str = ""
    seen: SeenReleases = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What still needs attention: the targets whose lock is held, and the rollouts whose end is not reported yet."""

    targets: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


class RecordReads:
    """The reading half of `canary.aws.records.Records`. ``retention_days``: how long a record is kept once nothing needs it."""

    def __init__(self, dynamodb: Any, table: str, retention_days: int = DEFAULT_DAYS) -> None:  # noqa: ANN401
        self._table = Table(dynamodb, table)
        self._retention_days = retention_days
        self._histories: dict[str, Mapping[str, Any]] = {}

    def read_lock(self, target: str) -> Lock:
        """The target's lock; a target that was never taken has fencing token 0."""
        return _lock_in(self._table.read(lock_key(target)), target)

    def read_start(self, target: str, rollout_id: str, *, grant: bool = False) -> Start:
        """What a start must know of its target, in one call; with `grant` also what was granted to its execution."""
        own, warm_up = grant_key(rollout_id), warm_up_key(target)
        always = lock_key(target), rollout_key(rollout_id), taken_back_key(target), warm_up
        read = self._table.read(*always, *([own] if grant else []))
        is_recorded = read.item(rollout_key(rollout_id)) is not None
        kept = taken_back_of(read.item(taken_back_key(target)))
        seen = warm_up_of(read.item(warm_up))
        return Start(_lock_in(read, target), is_recorded, kept.releases, grant_of(read.item(own)), kept.unread, seen)

    def read_warm_up(self, target: str) -> SeenReleases:
        """What the target's promoted releases showed of the warm-up."""
        return warm_up_of(self._table.read(warm_up_key(target)).item(warm_up_key(target)))

    def read_grants(self, executions: Sequence[str]) -> dict[str, Grant]:
        """What was granted to executions, by their names, as far as anything was; at most a hundred names."""
        read = self._table.read(*map(grant_key, executions))
        found = {name: grant_of(read.item(grant_key(name))) for name in executions}
        return {name: grant for name, grant in found.items() if grant}

    def read_grant(self, execution: str) -> tuple[Grant | None, float]:
        """What was granted to the execution of this name, if anything was, and AWS's own time of the read (epoch seconds)."""
        read = self._table.read(grant_key(execution))
        return grant_of(read.item(grant_key(execution))), read.at

    def read_locks(self, targets: Sequence[str]) -> dict[str, Lock]:
        """The locks of several targets, by target."""
        locks: dict[str, Lock] = {}
        for start in range(0, len(targets), MOST_KEYS):
            some = targets[start : start + MOST_KEYS]
            read = self._table.read(*map(lock_key, some))
            locks |= {target: _lock_in(read, target) for target in some}
        return locks

    def list_unfinished(self) -> Unfinished:
        """What the index lists. It may lag behind the table (docs/aws.md#index-lag); the sweeper comes every minute."""
        names = self._table.list_index(OPEN_INDEX)
        return Unfinished(
            tuple(name for kind, name in names if kind == "target"), tuple(name for kind, name in names if kind == "rollout")
        )

    def read_open(self) -> tuple[Lock, ...]:
        """The locks that are held now, even if their target is no longer registered."""
        locks = self.read_locks(self.list_unfinished().targets)
        return tuple(lock for lock in locks.values() if lock.rollout_id)

    def find(
        self,
        rollout_id: str,
        *,
        target: str | None = None,
        lock: Lock | None = None,
        look: str | None = None,
        signal: bool = False,
    ) -> Owned | None:
        """A rollout with its target's lock, or None if no rollout with that id was ever recorded.

        With its `target`, or with a `lock` that was just read, one call is enough; later writes are checked against the lock in
        any case. `look` is the mark of a look to read as well, `signal` whether to read the newest signal.
        """
        keys = [rollout_key(rollout_id)]
        keys += [lock_key(target)] if target and lock is None else []
        keys += [look_key(rollout_id, look)] if look else []
        keys += [signal_key(rollout_id)] if signal else []
        read = self._table.read(*keys)
        recorded = read.item(rollout_key(rollout_id))
        if recorded is None:
            return None
        rollout = rollout_of(recorded)
        name = rollout.target.name
        lock = lock or (_lock_in(read, name) if name == target else self.read_lock(name))
        seen = read.item(look_key(rollout_id, look)) if look else None
        found = look_of(seen) if seen else None
        return Owned(rollout, lock, read.at, found, signal_of(read.item(signal_key(rollout_id))))

    def find_outline(self, rollout_id: str) -> Outline | None:
        """What can be read of the rollout's record although another version of the controller wrote it; None without one."""
        item = self._table.read(rollout_key(rollout_id)).item(rollout_key(rollout_id))
        return outline_of(item) if item else None

    def read_owned(self, rollout_id: str, owner: str, *, target: str | None = None, look: str | None = None) -> Owned:
        """The rollout, if `owner` owns it now; `target` and `look` as for `find`, with a look the newest signal too.

        Raises:
            OwnershipLostError: the rollout is unknown, or someone else holds the target.

        """
        owned = self.find(rollout_id, target=target, look=look, signal=look is not None)
        if owned is None:
            raise OwnershipLostError(f"rollout {rollout_id} is not recorded; its record was deleted or never written")
        if owned.lock.rollout_id != rollout_id or owned.lock.owner != owner:
            raise OwnershipLostError(
                f"rollout {rollout_id} is now owned by {owned.lock.owner or 'nobody'}, not by {owner}; "
                "this execution stops here"
            )
        return owned

    def read_history(self, rollout_id: str) -> Mapping[str, Any]:
        """Base's history as frozen at the rollout's start. It never changes, so a warm function reads it once.

        Raises:
            OwnershipLostError: the rollout is not recorded.

        """
        if rollout_id not in self._histories:
            self._histories = {rollout_id: self._read_history(rollout_id)}
        return self._histories[rollout_id]

    def _read_history(self, rollout_id: str) -> Mapping[str, Any]:
        item = self._table.read(history_key(rollout_id)).item(history_key(rollout_id))
        if item is None:
            raise OwnershipLostError(f"rollout {rollout_id} has no history; it was deleted or never written")
        history: Mapping[str, Any] = json.loads(item["history"]["S"])
        return history


def _lock_in(found: Found, target: str) -> Lock:
    return lock_of(target, found.item(lock_key(target)) or {})
