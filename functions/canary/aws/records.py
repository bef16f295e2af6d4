"""The records: lock, rollout and looks, in one DynamoDB table, and who may write to a target.

    pk              sk        what
    target#<name>   lock      fencing token, the rollout that holds it and its owner; what was promoted last
    rollout#<id>    rollout   the rollout, whole
    rollout#<id>    history   what the judge froze of base's history, written once
    rollout#<id>    signal    the newest signal of an operator, which the next look hears; written by whoever sends it
    rollout#<id>    look#<t>  one look: numbers, log E, verdict, reason
    controller      sweep     when the sweeper last came by: written each minute, to find out whether records can be written

A held lock, and an ended rollout whose end was not reported yet, carry `rollout_id`: the key of the index that lists them.

Every write of a rollout is one transaction with a check of the lock (fencing token and owner) and of the record's own
revision, so a late writer, a redriven execution or a second owner cannot undo what was decided meanwhile.
Read consistently throughout (docs/aws.md#consistent-reads).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import refusals
from canary.aws.errors import LockedError, OwnershipLostError, RecordSchemaError, RecordsRefusedError, StaleFencingTokenError
from canary.aws.signals import put_signal, signal_key, signal_of
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import OPEN_INDEX, SCHEMA_VERSION, Rollout
from canary.rules.rollouts.steering import Signal
from canary.rules.rollouts.upgrades import READABLE, upgrade

PARKED_OWNER = "parked"
"""The owner of a rollout that is parked between its steps: nobody, until an advance takes it."""

MOST_KEYS = 100
"""Items that one BatchGetItem reads (docs/aws.md#batch-get-item)."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Item = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Lock:
    """A target's lock. ``rollout_id`` and ``owner`` are None while it is free.

    ``last_rollout_id``: the rollout that held it last. ``fingerprint``: of the API definition promoted last, which
    ``deployment_id`` froze. ``scheduled_at``: the newest scheduled time (epoch seconds) that something was done for.
    """

    target: str
    fencing_token: int = 0
    rollout_id: str | None = None
    owner: str | None = None
    last_rollout_id: str | None = None
    fingerprint: str | None = None
    deployment_id: str | None = None
    scheduled_at: float | None = None


@dataclass(frozen=True, slots=True)
class LookItem:
    """One look as recorded."""

    rollout_id: str
    at: str
    verdict: str
    reason: str
    numbers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Owned:
    """A rollout as its owner has it: the record and the lock, read together.

    ``read_at``: AWS's own time of the read, in whole epoch seconds; 0 where it was not read but just written. ``look``: the one
    recorded under the mark that was asked for, if it is there. ``signal``: the newest one, where it was asked for.
    """

    rollout: Rollout
    lock: Lock
    read_at: float = 0.0
    look: LookItem | None = None
    signal: Signal | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What still needs somebody: the targets whose lock is held, and the rollouts whose end was not reported yet."""

    targets: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """Items by their keys, and AWS's own time of the read."""

    items: Mapping[tuple[str, str], Item]
    at: float

    def item(self, key: Item) -> Item | None:
        return self.items.get((key["pk"]["S"], key["sk"]["S"]))

    def lock(self, target: str) -> Lock:
        return _lock_of(target, self.item(_lock_key(target)) or {})

    def rollout(self, rollout_id: str) -> Rollout | None:
        item = self.item(_rollout_key(rollout_id))
        return _rollout_of(item) if item else None

    def look(self, rollout_id: str, at: str) -> LookItem | None:
        item = self.item(_look_key(rollout_id, at))
        return _look_of(item) if item else None


class Records:
    """The table, for one function."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401
        self._dynamodb = dynamodb
        self._table = table
        self._histories: dict[str, Mapping[str, Any]] = {}

    def read_lock(self, target: str) -> Lock:
        """The target's lock; a target never taken has fencing token 0."""
        return self._read(_lock_key(target)).lock(target)

    def read_start(self, target: str, rollout_id: str) -> tuple[Lock, bool]:
        """The target's lock, and whether a rollout of that id is recorded, readable or not."""
        read = self._read(_lock_key(target), _rollout_key(rollout_id))
        return read.lock(target), read.item(_rollout_key(rollout_id)) is not None

    def read_locks(self, targets: Sequence[str]) -> dict[str, Lock]:
        """The locks of several targets, by target."""
        locks: dict[str, Lock] = {}
        for start in range(0, len(targets), MOST_KEYS):
            some = targets[start : start + MOST_KEYS]
            read = self._read(*map(_lock_key, some))
            locks |= {target: read.lock(target) for target in some}
        return locks

    def list_unfinished(self) -> Unfinished:
        """What the index lists. It may lag behind the table for a moment (docs/aws.md#index-lag); the next minute sees it."""
        with refusals(f"aws dynamodb scan --table-name {self._table} --index-name {OPEN_INDEX}", RecordsRefusedError):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, IndexName=OPEN_INDEX)
            names = sorted((item["pk"]["S"].partition("#")[::2]) for page in pages for item in page["Items"])
        return Unfinished(
            tuple(name for kind, name in names if kind == "target"), tuple(name for kind, name in names if kind == "rollout")
        )

    def read_open(self) -> tuple[Lock, ...]:
        """The locks that are held now, whatever is still registered."""
        locks = self.read_locks(self.list_unfinished().targets)
        return tuple(lock for lock in locks.values() if lock.rollout_id)

    def beat(self, now: float) -> None:
        """Write down that the sweeper came by at `now` (epoch seconds), with the call that every record is written with.

        Another sweeper that writes it at the same moment (docs/aws.md#status-events) shows that records can be written.

        Raises:
            RecordsRefusedError: records cannot be written.

        """
        item: Item = {"pk": {"S": "controller"}, "sk": {"S": "sweep"}, "at": {"N": str(now)}}
        unconditional = RecordsRefusedError("DynamoDB failed a condition that was not set")
        try:
            self._transact({"Put": {"TableName": self._table, "Item": item}}, failure=unconditional)
        except RecordsRefusedError as error:
            if not _is_conflict(error.__cause__):
                raise

    def find(
        self,
        rollout_id: str,
        *,
        target: str | None = None,
        lock: Lock | None = None,
        look: str | None = None,
        signal: bool = False,
    ) -> Owned | None:
        """A rollout with its target's lock, or None if no rollout of that id was ever recorded.

        With its `target`, or the `lock` if that was just read, one call is enough; what is written later is checked against
        the lock all the same. `look` is the mark of a look to read with them, `signal` whether to read the newest signal.
        """
        keys = [_rollout_key(rollout_id)]
        keys += [_lock_key(target)] if target and lock is None else []
        keys += [_look_key(rollout_id, look)] if look else []
        keys += [signal_key(rollout_id)] if signal else []
        read = self._read(*keys)
        rollout = read.rollout(rollout_id)
        if rollout is None:
            return None
        name = rollout.target.name
        lock = lock or (read.lock(name) if name == target else self.read_lock(name))
        found = read.look(rollout_id, look) if look else None
        return Owned(rollout, lock, read.at, found, signal_of(read.item(signal_key(rollout_id))))

    def read_owned(self, rollout_id: str, owner: str, *, target: str | None = None, look: str | None = None) -> Owned:
        """The rollout, if `owner` owns it now; `target` and `look` as for `find`, with a look the newest signal too.

        Raises:
            OwnershipLostError: the rollout is unknown, or somebody else holds the target by now.

        """
        owned = self.find(rollout_id, target=target, look=look, signal=look is not None)
        if owned is None:
            raise OwnershipLostError(f"rollout {rollout_id} is not recorded; its record was deleted, or never written")
        if owned.lock.rollout_id != rollout_id or owned.lock.owner != owner:
            raise OwnershipLostError(
                f"rollout {rollout_id} is now owned by {owned.lock.owner or 'nobody'}, not by {owner}; "
                "this execution stops here"
            )
        return owned

    def take(self, rollout: Rollout, *, fencing_token: int) -> Owned:
        """Take the target's lock and record the rollout with its snapshot, in one transaction.

        Taking what this rollout already holds is success (a lost reply).

        Raises:
            LockedError: another rollout holds the target.
            StaleFencingTokenError: the lock was taken and freed since `fencing_token` was read.

        """
        name = rollout.target.name
        before = self.read_lock(name)
        if before.rollout_id == rollout.rollout_id and before.owner == rollout.execution:
            return self.read_owned(rollout.rollout_id, rollout.execution)
        if before.rollout_id is not None:
            raise LockedError(describe_holder(before))
        lock = replace(
            before,
            fencing_token=fencing_token + 1,
            rollout_id=rollout.rollout_id,
            owner=rollout.execution,
            scheduled_at=rollout.scheduled_at or before.scheduled_at,
        )
        free = "attribute_not_exists(rollout_id) AND (attribute_not_exists(fencing_token) OR fencing_token = :fencing_token)"
        moved = f"target {name} was taken and freed since it was checked at fencing token {fencing_token}; it is checked again"
        self._transact(
            self._put(_lock_item(lock), free, {":fencing_token": {"N": str(fencing_token)}}),
            self._put(_rollout_item(rollout), "attribute_not_exists(pk)", {}),
            failure=StaleFencingTokenError(moved),
        )
        return Owned(rollout, lock)

    def write(
        self,
        owned: Owned,
        rollout: Rollout,
        *,
        look: LookItem | None = None,
        history: Mapping[str, Any] | None = None,
    ) -> Owned:
        """Replace the rollout's record, with a look or the frozen history beside it if given.

        Raises:
            OwnershipLostError: the lock or the record is no longer as `owned` read it.

        """
        newer = replace(rollout, revision=owned.rollout.revision + 1)
        puts = [self._put_rollout(owned, newer)]
        if look is not None:
            puts.append({"Put": {"TableName": self._table, "Item": _look_item(look)}})
        if history is not None:
            item = _history_item(rollout.rollout_id, history)
            puts.append({"Put": {"TableName": self._table, "Item": item}})
        self._transact(self._check_lock(owned.lock), *puts, failure=_lost(owned))
        return replace(owned, rollout=newer)

    def send(self, rollout_id: str, signal: Signal) -> bool:
        """Record a signal for the rollout's next look; False if another one was faster.

        Raises:
            RecordsRefusedError: DynamoDB refused it.

        """
        return put_signal(self._dynamodb, self._table, rollout_id, signal)

    def check(self, owned: Owned) -> None:
        """Make sure, right before a write to AWS, that the rollout is still as `owned` read it.

        Raises:
            OwnershipLostError: it is not.

        """
        now = self.find(owned.rollout.rollout_id, target=owned.rollout.target.name)
        if now is None or now.lock != owned.lock or now.rollout.revision != owned.rollout.revision:
            raise _lost(owned)

    def park(self, owned: Owned, rollout: Rollout) -> Owned:
        """Record that the rollout is parked and leave it to the next advance, in one transaction.

        Raises:
            OwnershipLostError: the lock or the record is no longer as `owned` read it.

        """
        return self._pass_on(owned, rollout, replace(owned.lock, owner=PARKED_OWNER))

    def take_parked(self, owned: Owned, rollout: Rollout) -> Owned:
        """Take a parked rollout for the execution that its new record names, in one transaction.

        Raises:
            OwnershipLostError: somebody was faster.

        """
        newest = rollout.scheduled_at or owned.lock.scheduled_at
        return self._pass_on(owned, rollout, replace(owned.lock, owner=rollout.execution, scheduled_at=newest))

    def _pass_on(self, owned: Owned, rollout: Rollout, lock: Lock) -> Owned:
        newer = replace(rollout, revision=owned.rollout.revision + 1)
        taken = replace(lock, fencing_token=owned.lock.fencing_token + 1)
        condition, values = _same_lock(owned.lock)
        self._transact(self._put(_lock_item(taken), condition, values), self._put_rollout(owned, newer), failure=_lost(owned))
        return Owned(newer, taken, owned.read_at)

    def take_over(self, owned: Owned, owner: str) -> Owned:
        """Make `owner` the rollout's owner and raise the fencing token.

        Raises:
            OwnershipLostError: somebody was faster.

        """
        lock = replace(owned.lock, fencing_token=owned.lock.fencing_token + 1, owner=owner)
        condition, values = _same_lock(owned.lock)
        self._transact(self._put(_lock_item(lock), condition, values), failure=_lost(owned))
        return replace(owned, lock=lock)

    def retake(self, lock: Lock, rollout: Rollout, owner: str) -> Owned:
        """Take a free target for the rollout that held it last, whose canary came back after its end.

        Raises:
            OwnershipLostError: the lock is no longer free.

        """
        taken = replace(lock, fencing_token=lock.fencing_token + 1, rollout_id=rollout.rollout_id, owner=owner)
        free = "attribute_not_exists(rollout_id) AND fencing_token = :fencing_token"
        owned = Owned(rollout, lock)
        newer = replace(rollout, revision=rollout.revision + 1)
        self._transact(
            self._put(_lock_item(taken), free, {":fencing_token": {"N": str(lock.fencing_token)}}),
            self._put_rollout(owned, newer),
            failure=_lost(owned),
        )
        return Owned(newer, taken)

    def finish(self, owned: Owned, rollout: Rollout) -> Owned:
        """Record the rollout's terminal phase and free the lock, in one transaction.

        Raises:
            OwnershipLostError: the lock or the record is no longer as `owned` read it.

        """
        newer = replace(rollout, revision=owned.rollout.revision + 1, is_end_told=False)
        free = replace(owned.lock, fencing_token=owned.lock.fencing_token + 1, rollout_id=None, owner=None)
        lock = replace(_with_promoted(free, rollout), last_rollout_id=rollout.rollout_id)
        condition, values = _same_lock(owned.lock)
        self._transact(self._put(_lock_item(lock), condition, values), self._put_rollout(owned, newer), failure=_lost(owned))
        return Owned(newer, lock, owned.read_at)

    def mark_told(self, rollout: Rollout) -> None:
        """Record that the end of this rollout, and of its wait, was reported.

        Raises:
            OwnershipLostError: the record was written since it was read.

        """
        owned = Owned(rollout, Lock(rollout.target.name))
        told = replace(rollout, revision=rollout.revision + 1, is_end_told=True, waiting_since=None)
        self._transact(self._put_rollout(owned, told), failure=_lost(owned))

    def read_history(self, rollout_id: str) -> Mapping[str, Any]:
        """What the judge froze at the rollout's start. It never changes, so a warm function reads it once.

        Raises:
            OwnershipLostError: the rollout is not recorded.

        """
        if rollout_id not in self._histories:
            self._histories = {rollout_id: self._read_history(rollout_id)}
        return self._histories[rollout_id]

    def _read_history(self, rollout_id: str) -> Mapping[str, Any]:
        item = self._read(_history_key(rollout_id)).item(_history_key(rollout_id))
        if item is None:
            raise OwnershipLostError(f"rollout {rollout_id} has no history; it was deleted, or never written")
        history: Mapping[str, Any] = json.loads(item["history"]["S"])
        return history

    def _read(self, *keys: Item) -> _Read:
        """Items read consistently, though not at one instant; who writes from them checks that they still hold."""
        asked = {self._table: {"Keys": list(keys), "ConsistentRead": True}}
        with refusals(f"aws dynamodb batch-get-item (table {self._table})", RecordsRefusedError):
            answer: dict[str, Any] = self._dynamodb.batch_get_item(RequestItems=asked)
        if answer.get("UnprocessedKeys"):
            raise RecordsRefusedError(f"DynamoDB left items of table {self._table} unread; it is asked again")
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"].get(self._table, [])}
        return _Read(found, _time_of(answer))

    def _put_rollout(self, owned: Owned, rollout: Rollout) -> dict[str, Any]:
        return self._put(_rollout_item(rollout), "revision = :revision", {":revision": {"N": str(owned.rollout.revision)}})

    def _put(self, item: Item, condition: str, values: Item) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item, "ConditionExpression": condition}
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _check_lock(self, lock: Lock) -> dict[str, Any]:
        condition, values = _same_lock(lock)
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _lock_key(lock.target),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def _transact(self, *operations: dict[str, Any], failure: Exception) -> None:
        with refusals(f"aws dynamodb transact-write-items (table {self._table})", RecordsRefusedError):
            try:
                self._dynamodb.transact_write_items(TransactItems=list(operations))
            except ClientError as error:
                if _is_condition_failure(error):
                    raise failure from error
                raise


def _with_promoted(lock: Lock, rollout: Rollout) -> Lock:
    """The lock with what base serves from now on."""
    deployment_id = rollout.intent.deployment_id
    if rollout.phase is not Phase.PROMOTED or deployment_id == rollout.snapshot.deployment_id:
        return lock
    return replace(lock, fingerprint=rollout.plan.fingerprint, deployment_id=deployment_id)


def describe_holder(lock: Lock) -> str:
    """Who holds a lock and what to do about it, where the rollout itself is not read; see `canary.rules.rollouts.holder`."""
    if lock.owner == PARKED_OWNER:
        return f"rollout {lock.rollout_id} is parked on {lock.target}; advance it, or abort it with the verb abort"
    if not str(lock.owner).startswith("arn:"):
        return (
            f"the controller is making {lock.target} safe after rollout {lock.rollout_id}; wait some minutes until it is free"
        )
    return (
        f"rollout {lock.rollout_id} is running on {lock.target} (owner {lock.owner}); "
        "wait for its end, or abort it with the verb abort"
    )


def _is_condition_failure(error: ClientError) -> bool:
    reasons: Iterable[dict[str, Any]] = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def _is_conflict(cause: BaseException | None) -> bool:
    """Whether another transaction was writing the same item."""
    reasons = cause.response.get("CancellationReasons", []) if isinstance(cause, ClientError) else []
    return any(reason.get("Code") == "TransactionConflict" for reason in reasons)


def _lost(owned: Owned) -> OwnershipLostError:
    return OwnershipLostError(
        f"rollout {owned.rollout.rollout_id} was changed or taken over since it was read "
        f"(fencing token {owned.lock.fencing_token}, revision {owned.rollout.revision}); this execution stops here"
    )


def _same_lock(lock: Lock) -> tuple[str, Item]:
    return (
        "fencing_token = :fencing_token AND rollout_id = :rollout AND held_by = :owner",
        {
            ":fencing_token": {"N": str(lock.fencing_token)},
            ":rollout": {"S": str(lock.rollout_id)},
            ":owner": {"S": str(lock.owner)},
        },
    )


def _lock_key(target: str) -> Item:
    return {"pk": {"S": f"target#{target}"}, "sk": {"S": "lock"}}


def _rollout_key(rollout_id: str) -> Item:
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "rollout"}}


def _history_key(rollout_id: str) -> Item:
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "history"}}


def _look_key(rollout_id: str, at: str) -> Item:
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": f"look#{at}"}}


def _lock_item(lock: Lock) -> Item:
    words = {
        "rollout_id": lock.rollout_id,
        "held_by": lock.owner,
        "last_rollout_id": lock.last_rollout_id,
        "fingerprint": lock.fingerprint,
        "deployment_id": lock.deployment_id,
    }
    present: Item = {name: {"S": word} for name, word in words.items() if word}
    if lock.scheduled_at is not None:
        present["scheduled_at"] = {"N": str(lock.scheduled_at)}
    return {**_lock_key(lock.target), "fencing_token": {"N": str(lock.fencing_token)}, **present}


def _lock_of(target: str, item: Item) -> Lock:
    def word(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return Lock(
        target=target,
        fencing_token=int(item["fencing_token"]["N"]) if "fencing_token" in item else 0,
        rollout_id=word("rollout_id"),
        owner=word("held_by"),
        last_rollout_id=word("last_rollout_id"),
        fingerprint=word("fingerprint"),
        deployment_id=word("deployment_id"),
        scheduled_at=float(item["scheduled_at"]["N"]) if "scheduled_at" in item else None,
    )


def _rollout_item(rollout: Rollout) -> Item:
    return {
        **_rollout_key(rollout.rollout_id),
        "target": {"S": rollout.target.name},
        "phase": {"S": rollout.phase.value},
        "reason": {"S": rollout.reason},
        "needs_operator": {"BOOL": rollout.needs_operator},
        "revision": {"N": str(rollout.revision)},
        "schema_version": {"N": str(SCHEMA_VERSION)},
        "record": {"S": json.dumps(encode(rollout), separators=(",", ":"))},
        **({"rollout_id": {"S": rollout.rollout_id}} if rollout.phase.is_terminal and not rollout.is_end_told else {}),
    }


def _history_item(rollout_id: str, history: Mapping[str, Any]) -> Item:
    return {
        **_history_key(rollout_id),
        "history": {"S": json.dumps(dict(history), separators=(",", ":"))},
    }


def _rollout_of(item: Item) -> Rollout:
    """The rollout of a record that this code can read.

    Raises:
        RecordSchemaError: another version of the controller wrote it, or somebody edited it.

    """
    if (found := int(item["schema_version"]["N"])) not in READABLE:
        raise RecordSchemaError(
            f"the record is of schema {found} and this controller reads schemas {READABLE[0]} to {READABLE[-1]}; "
            "deploy the version that wrote it until its rollout has ended"
        )
    try:
        return decode(Rollout, upgrade(json.loads(item["record"]["S"]), found))
    except (AttributeError, TypeError, KeyError, ValueError, ArithmeticError) as error:
        raise RecordSchemaError(
            f"the record {item['pk']['S']} is no record of schema {found} ({type(error).__name__}: {error}); "
            "restore it, or deploy the version that wrote it"
        ) from error


def _look_item(look: LookItem) -> Item:
    return {
        **_look_key(look.rollout_id, look.at),
        "verdict": {"S": look.verdict},
        "reason": {"S": look.reason},
        "numbers": {"S": json.dumps(dict(look.numbers), separators=(",", ":"))},
    }


def _look_of(item: Item) -> LookItem:
    return LookItem(
        rollout_id=item["pk"]["S"].removeprefix("rollout#"),
        at=item["sk"]["S"].removeprefix("look#"),
        verdict=item["verdict"]["S"],
        reason=item["reason"]["S"],
        numbers=json.loads(item["numbers"]["S"]),
    )


def _time_of(answer: dict[str, Any]) -> float:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
