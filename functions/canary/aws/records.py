"""The records: lock, rollout and looks, in one DynamoDB table, and who may write to a target.

    pk              sk          what
    target#<name>   lock        fencing token, the rollout that holds it and its owner; what was promoted last
    target#<name>   taken_back  the last releases that were rolled back, so that none is started again by mistake
    rollout#<id>    rollout     the complete rollout
    rollout#<id>    history     base's history as the judge uses it, written once
    rollout#<id>    signal      the newest signal of an operator, which the next look hears; written by whoever sends it
    rollout#<id>    note#<d>    one note of a person, by the digest of what it says; written once, by whoever takes it
    grant#<name>    grant       what the execution of that name alone may do; written before it begins
    rollout#<id>    look#<t>    one look: numbers, log E, verdict, reason
    warm_up#<name>  warm_up     what promoted releases showed of the canary's warm-up; written with their reports
    proof#<id>      proof       a proof of who called that was used, so that it is not used again; kept for an hour
    controller      sweep       when the sweeper last ran: written every minute, to find out whether records can be written

A held lock, and an ended rollout whose end is not reported yet, have `rollout_id`, the key of the index that lists them.

Every write of a rollout is one transaction that checks the lock (fencing token and owner) and the record's own
revision, so a late writer, a redriven execution or a second owner cannot undo a later decision.
All reads are consistent (docs/aws.md#consistent-reads).

An item that may be deleted one day says when in `expires_at`, the table's time to live: `canary.rules.rollouts.retention`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from canary.aws.errors import ControllerError, LockedError, OwnershipLostError, RecordsRefusedError, StaleFencingTokenError
from canary.aws.locks import PARKED_OWNER, Lock, describe_holder, lock_item, lock_key, same_lock, with_promoted
from canary.aws.record_items import expires, history_item, look_item, rollout_item, rollout_key, rollout_of
from canary.aws.record_reads import Owned, RecordReads
from canary.aws.side_items import grant_item, note_item, proof_item, signal_item, warm_up_item
from canary.aws.table import is_conflict
from canary.aws.taken_back import taken_back_item, taken_back_key, taken_back_of
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.retention import DEFAULT_DAYS, expiry, expiry_after, expiry_of_details, expiry_of_note
from canary.rules.rollouts.taken_back import after_end
from canary.rules.rollouts.watch_course import cut_short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from canary.aws.record_items import LookItem
    from canary.aws.table import Item, Operation
    from canary.rules.rollouts.grants import Grant
    from canary.rules.rollouts.notes import Note
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.steering import Signal
    from canary.rules.rollouts.warm_ups import SeenReleases


EXPIRY_ATTEMPTS = 2
"""How often it is tried to let the record of a superseded rollout expire."""


class Records(RecordReads):
    """The records, for one function: everything that is read, and every write with its check of the owner.

    `on_kept` hears which rollout's record will not expire although it should, and why.
    """

    def __init__(
        self,
        dynamodb: Any,  # noqa: ANN401 - botocore makes its clients at run time
        table: str,
        retention_days: int = DEFAULT_DAYS,
        *,
        on_kept: Callable[[str, ControllerError], None] | None = None,
    ) -> None:
        super().__init__(dynamodb, table, retention_days)
        self._report_kept = on_kept

    def take(self, rollout: Rollout, *, fencing_token: int) -> Owned:
        """Take the target's lock and record the rollout with its snapshot, in one transaction.

        If this rollout already holds the lock, that is a success (an earlier reply was lost). If the rollout that holds it is
        promoted and only watched, the same transaction ends its watch.

        Raises:
            LockedError: another rollout holds the target.
            StaleFencingTokenError: the lock was taken and freed since `fencing_token` was read.

        """
        name = rollout.target.name
        before = self.read_lock(name)
        if before.rollout_id == rollout.rollout_id and before.owner == rollout.execution:
            return self.read_owned(rollout.rollout_id, rollout.execution)
        watched = self._find_watched(before)
        if before.rollout_id is not None and watched is None:
            raise LockedError(describe_holder(before))
        lock = replace(
            before,
            fencing_token=fencing_token + 1,
            rollout_id=rollout.rollout_id,
            owner=rollout.execution,
            scheduled_at=rollout.scheduled_at or before.scheduled_at,
        )
        moved = f"target {name} was taken and freed since it was checked at fencing token {fencing_token}; the checks run again"
        put_rollout = self._table.put(rollout_item(rollout), "attribute_not_exists(pk)")
        if watched is not None:
            return self._take_watched(watched, replace(lock, last_rollout_id=before.rollout_id), rollout, put_rollout, moved)
        free = "attribute_not_exists(rollout_id) AND (attribute_not_exists(fencing_token) OR fencing_token = :fencing_token)"
        self._table.transact(
            self._table.put(lock_item(lock), free, {":fencing_token": {"N": str(fencing_token)}}),
            put_rollout,
            failure=StaleFencingTokenError(moved),
        )
        return Owned(rollout, lock)

    def _find_watched(self, lock: Lock) -> Owned | None:
        """The rollout that holds the lock, if it is promoted and only watched."""
        owned = self.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
        return owned if owned and owned.rollout.phase is Phase.WATCHING else None

    def _take_watched(self, watched: Owned, lock: Lock, rollout: Rollout, put: Operation, moved: str) -> Owned:
        """Take the target from a rollout that is only watched, and end that watch, in one transaction."""
        if lock.fencing_token != watched.lock.fencing_token + 1:
            raise StaleFencingTokenError(moved)
        ended = cut_short(watched.rollout, rollout.started_at, by=rollout.rollout_id)
        newer = replace(ended, revision=ended.revision + 1, is_end_told=False)
        operations = [self._replace_lock(watched, lock), put, self._put_rollout(watched, newer)]
        self._table.transact(*operations, failure=StaleFencingTokenError(moved))
        return Owned(rollout, lock, ended_watch=newer)

    def begin_watch(self, owned: Owned, rollout: Rollout) -> Owned:
        """Record that the rollout is promoted and watched, and what base serves now; the lock is kept, in one transaction.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read.

        """
        newer = replace(rollout, revision=owned.rollout.revision + 1)
        lock = with_promoted(replace(owned.lock, fencing_token=owned.lock.fencing_token + 1), rollout)
        puts = [self._replace_lock(owned, lock), self._put_rollout(owned, newer), *self._put_taken_back(newer)]
        self._table.transact(*puts, failure=_lost(owned))
        self._supersede(owned, rollout)
        return Owned(newer, lock, owned.read_at)

    def write(
        self,
        owned: Owned,
        rollout: Rollout,
        *,
        look: LookItem | None = None,
        history: Mapping[str, Any] | None = None,
    ) -> Owned:
        """Replace the rollout's record, and write a look or the frozen history with it if given.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read.

        """
        newer = replace(rollout, revision=owned.rollout.revision + 1)
        puts = [self._put_rollout(owned, newer)]
        details = [look_item(look)] if look is not None else []
        details += [history_item(rollout.rollout_id, history)] if history is not None else []
        until = expires(expiry_of_details(rollout, self._retention_days))
        puts += [self._table.put({**item, **until}) for item in details]
        self._table.transact(self._check_lock(owned.lock), *puts, failure=_lost(owned))
        return replace(owned, rollout=newer)

    def send(self, rollout_id: str, signal: Signal) -> bool:
        """Record a signal for the rollout's next look; False if another one was faster.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        return self._table.put_newest(signal_item(rollout_id, signal), "signal_number")

    def append(self, rollout: Rollout, note: Note) -> bool:
        """Keep a note on a rollout; False if the same one is kept already.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        until = expires(expiry_of_note(rollout, note.at, self._retention_days))
        return self._table.put_new({**note_item(rollout, note), **until})

    def give(self, grant: Grant) -> bool:
        """Record what an execution may do, before it begins; False if its name was used for a grant before.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        return self._table.put_new(grant_item(grant, self._retention_days))

    def keep_warm_up(self, target: str, seen: SeenReleases) -> None:
        """Keep what the target's promoted releases showed of the warm-up, in the place of what was kept.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        self._table.transact(self._table.put(warm_up_item(target, seen)), failure=_unconditional())

    def use_proof(self, request_id: str, now: float) -> bool:
        """Record at `now` (epoch seconds) that the proof of this request id was used; False if it was used before.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        return self._table.put_new(proof_item(request_id, now))

    def check(self, owned: Owned) -> None:
        """Check, right before a write to AWS, that the rollout is unchanged since `owned` was read.

        Raises:
            OwnershipLostError: it has changed.

        """
        now = self.find(owned.rollout.rollout_id, target=owned.rollout.target.name)
        if now is None or now.lock != owned.lock or now.rollout.revision != owned.rollout.revision:
            raise _lost(owned)

    def park(self, owned: Owned, rollout: Rollout) -> Owned:
        """Record that the rollout is parked and leave it to the next advance, in one transaction.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read.

        """
        return self._pass_on(owned, rollout, replace(owned.lock, owner=PARKED_OWNER))

    def take_parked(self, owned: Owned, rollout: Rollout) -> Owned:
        """Take a parked rollout for the execution in its new record, in one transaction.

        Raises:
            OwnershipLostError: someone else was faster.

        """
        newest = rollout.scheduled_at or owned.lock.scheduled_at
        return self._pass_on(owned, rollout, replace(owned.lock, owner=rollout.execution, scheduled_at=newest))

    def _pass_on(self, owned: Owned, rollout: Rollout, lock: Lock) -> Owned:
        newer = replace(rollout, revision=owned.rollout.revision + 1)
        taken = replace(lock, fencing_token=owned.lock.fencing_token + 1)
        self._table.transact(self._replace_lock(owned, taken), self._put_rollout(owned, newer), failure=_lost(owned))
        return Owned(newer, taken, owned.read_at)

    def take_over(self, owned: Owned, owner: str) -> Owned:
        """Make `owner` the rollout's owner and raise the fencing token.

        Raises:
            OwnershipLostError: someone else was faster, or the rollout has come further since `owned` was read.

        """
        lock = replace(owned.lock, fencing_token=owned.lock.fencing_token + 1, owner=owner)
        as_read = self._table.check(
            rollout_key(owned.rollout.rollout_id), "revision = :revision", {":revision": {"N": str(owned.rollout.revision)}}
        )
        self._table.transact(self._replace_lock(owned, lock), as_read, failure=_lost(owned))
        return replace(owned, lock=lock)

    def replace_owner(self, owned: Owned, rollout: Rollout, owner: str) -> Owned:
        """Make `owner` the rollout's owner and replace its record, in one transaction: it is what it was when it was read.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read.

        """
        return self._pass_on(owned, rollout, replace(owned.lock, owner=owner))

    def retake(self, lock: Lock, rollout: Rollout, owner: str) -> Owned:
        """Take a free target's lock for the last rollout that had it, because its canary came back after its end.

        Raises:
            OwnershipLostError: the lock is no longer free.

        """
        taken = replace(lock, fencing_token=lock.fencing_token + 1, rollout_id=rollout.rollout_id, owner=owner)
        free = "attribute_not_exists(rollout_id) AND fencing_token = :fencing_token"
        owned = Owned(rollout, lock)
        newer = replace(rollout, revision=rollout.revision + 1)
        self._table.transact(
            self._table.put(lock_item(taken), free, {":fencing_token": {"N": str(lock.fencing_token)}}),
            self._put_rollout(owned, newer),
            failure=_lost(owned),
        )
        return Owned(newer, taken)

    def finish(self, owned: Owned, rollout: Rollout) -> Owned:
        """Record the rollout's terminal phase, keep which release was rolled back, and free the lock, in one transaction.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read.

        """
        newer = replace(rollout, revision=owned.rollout.revision + 1, is_end_told=False)
        free = replace(owned.lock, fencing_token=owned.lock.fencing_token + 1, rollout_id=None, owner=None)
        lock = replace(with_promoted(free, rollout), last_rollout_id=rollout.rollout_id)
        puts = [self._replace_lock(owned, lock), self._put_rollout(owned, newer), *self._put_taken_back(newer)]
        self._table.transact(*puts, failure=_lost(owned))
        self._supersede(owned, rollout)
        return Owned(newer, lock, owned.read_at)

    def _supersede(self, owned: Owned, rollout: Rollout) -> None:
        superseded = owned.lock.promoted_rollout_id
        if rollout.phase in {Phase.WATCHING, Phase.PROMOTED} and superseded not in {None, rollout.rollout_id}:
            self._let_expire(str(superseded), rollout.ended_at or rollout.started_at)

    def hand_over(self, owned: Owned, ended: Rollout, revert: Rollout) -> Owned:
        """End a rollout whose watch condemned its release, and give its lock to the revert, in one transaction.

        The execution that owns the lock stays the same. Returns the ended rollout.

        Raises:
            OwnershipLostError: the lock or the record has changed since `owned` was read, or the revert is recorded already.

        """
        before = replace(ended, revision=owned.rollout.revision + 1, is_end_told=False)
        token = owned.lock.fencing_token + 1
        lock = replace(owned.lock, fencing_token=token, rollout_id=revert.rollout_id, last_rollout_id=ended.rollout_id)
        put = self._table.put(rollout_item(revert), "attribute_not_exists(pk)")
        operations = [self._replace_lock(owned, lock), self._put_rollout(owned, before), put]
        self._table.transact(*operations, failure=_lost(owned))
        return Owned(before, lock, owned.read_at)

    def _let_expire(self, superseded: str, moment: float) -> None:
        """Base no longer serves this rollout's release from `moment` on. The promotion does not depend on it.

        Someone else may write the record at the same moment, so it is tried again. If it fails, the record is kept for ever,
        which is reported.
        """
        for attempt in range(1, EXPIRY_ATTEMPTS + 1):
            try:
                return self._set_expiry(superseded, moment)
            except ControllerError as error:
                if attempt == EXPIRY_ATTEMPTS:
                    if self._report_kept is None:
                        raise
                    self._report_kept(superseded, error)
        return None

    def _set_expiry(self, superseded: str, moment: float) -> None:
        item = self._table.read(rollout_key(superseded)).item(rollout_key(superseded))
        if item is None:
            return
        rollout = rollout_of(item)
        newer = replace(rollout, revision=rollout.revision + 1)
        until = expires(expiry_after(moment, self._retention_days))
        values = {":revision": {"N": str(rollout.revision)}}
        put = self._table.put({**rollout_item(newer), **until}, "revision = :revision", values)
        self._table.transact(put, failure=_lost(Owned(rollout, Lock(rollout.target.name))))

    def _put_taken_back(self, ended: Rollout) -> list[Operation]:
        """Only who holds the lock writes this item, so the lock's condition is enough."""
        target = ended.target.name
        kept = taken_back_of(self._table.read(taken_back_key(target)).item(taken_back_key(target)))
        after = after_end(kept.releases, ended)
        return [self._table.put(taken_back_item(target, after, kept.unread))] if after != kept.releases else []

    def mark_told(self, rollout: Rollout) -> None:
        """Record that the end of this rollout and of its wait was reported.

        Raises:
            OwnershipLostError: the record was written since it was read.

        """
        owned = Owned(rollout, Lock(rollout.target.name))
        told = replace(rollout, revision=rollout.revision + 1, is_end_told=True, waiting_since=None)
        self._table.transact(self._put_rollout(owned, told), failure=_lost(owned))

    def beat(self, now: float) -> None:
        """Record that the sweeper ran at `now` (epoch seconds), with the same call that writes every record.

        If another sweeper writes it at the same moment (docs/aws.md#status-events), that also shows that records can be
        written.

        Raises:
            RecordsRefusedError: records cannot be written.

        """
        item: Item = {"pk": {"S": "controller"}, "sk": {"S": "sweep"}, "at": {"N": str(now)}}
        try:
            self._table.transact(self._table.put(item), failure=_unconditional())
        except RecordsRefusedError as error:
            if not is_conflict(error.__cause__):
                raise

    def _put_rollout(self, owned: Owned, rollout: Rollout) -> Operation:
        item = {**rollout_item(rollout), **expires(expiry(rollout, self._retention_days))}
        return self._table.put(item, "revision = :revision", {":revision": {"N": str(owned.rollout.revision)}})

    def _replace_lock(self, owned: Owned, lock: Lock) -> Operation:
        return self._table.put(lock_item(lock), *same_lock(owned.lock))

    def _check_lock(self, lock: Lock) -> Operation:
        return self._table.check(lock_key(lock.target), *same_lock(lock))


def _unconditional() -> RecordsRefusedError:
    return RecordsRefusedError("DynamoDB failed a condition that the call did not set")


def _lost(owned: Owned) -> OwnershipLostError:
    return OwnershipLostError(
        f"rollout {owned.rollout.rollout_id} was changed or taken over since it was read "
        f"(fencing token {owned.lock.fencing_token}, revision {owned.rollout.revision}); this execution stops here"
    )
