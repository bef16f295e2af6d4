"""The records: who holds a target, and that nobody else writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from canary.aws.errors import LockedError, OwnershipLostError, RecordSchemaError, RecordsRefusedError, StaleFencingTokenError
from canary.aws.records import PARKED_OWNER, Lock, LookItem, Records, Start, Unfinished, describe_holder
from canary.aws.taken_back import taken_back_key
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.taken_back import TakenBack, identify
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed, refusal
from tests.builders import EXECUTION, a_rollout

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

LOOK = LookItem("run-1", "12.000", "HOLD", "wait", {"log_e": 0.5})


@pytest.fixture
def records(ground: Ground) -> Records:
    """The table without anything of run-1."""
    client, table = ground.aws.client("dynamodb"), ground.rig.controller.table
    for item in client.scan(TableName=table, ConsistentRead=True)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    return Records(client, table)


def test_a_target_never_taken_is_free_at_number_0(records: Records):
    assert records.read_lock("orders") == Lock("orders")
    assert records.find("run-1") is None


def test_what_was_taken_reads_back_with_awss_time(ground: Ground, records: Records):
    taken = records.take(a_rollout(), fencing_token=0)
    found = records.read_owned("run-1", EXECUTION)

    assert (found.rollout, found.lock) == (taken.rollout, taken.lock) == (a_rollout(), found.lock)
    assert found.lock == Lock("orders", 1, "run-1", EXECUTION)
    assert found.read_at == pytest.approx(ground.aws.clock.now(), abs=1)


def test_taking_twice_is_taking_once(records: Records):
    records.take(a_rollout(), fencing_token=0)

    assert records.take(a_rollout(), fencing_token=0).lock.fencing_token == 1


def test_a_parked_target_is_locked_for_another(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(LockedError) as failed:
        records.take(a_rollout(rollout_id="run-2"), fencing_token=1)

    assert str(failed.value) == describe_holder(owned.lock)
    assert records.find("run-2") is None


def test_who_holds_a_target_is_told_with_what_to_do():
    assert describe_holder(Lock("orders", 1, "run-1", PARKED_OWNER)) == (
        "rollout run-1 is parked on orders; advance it, or abort it with the verb abort"
    )
    assert describe_holder(Lock("orders", 1, "run-1", EXECUTION)) == (
        f"rollout run-1 is running on orders (owner {EXECUTION}); wait for its end, or abort it with the verb abort"
    )
    assert describe_holder(Lock("orders", 1, "run-1", "sweeper")) == (
        "the controller is making orders safe after rollout run-1; wait some minutes until it is free"
    )


def test_a_number_that_moved_takes_nothing(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    with pytest.raises(StaleFencingTokenError, match="checked at fencing token 0"):
        records.take(a_rollout(rollout_id="run-2"), fencing_token=0)

    assert records.find("run-2") is None
    assert records.take(a_rollout(rollout_id="run-2"), fencing_token=2).lock.fencing_token == 3


def test_a_rollout_unknown_or_of_another_owner_is_not_held(records: Records):
    with pytest.raises(OwnershipLostError, match="is not recorded"):
        records.read_owned("run-1", EXECUTION)
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(OwnershipLostError, match=f"is now owned by {EXECUTION}, not by me"):
        records.read_owned("run-1", "me")
    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    with pytest.raises(OwnershipLostError, match="is now owned by nobody"):
        records.read_owned("run-1", EXECUTION)


def test_a_write_raises_the_revision_and_brings_look_and_history(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    written = records.write(owned, replace(owned.rollout, reason="because"), look=LOOK, history={"errors": [1]})

    assert (written.rollout.revision, written.rollout.reason) == (1, "because")
    assert records.find("run-1").rollout == written.rollout
    assert records.find("run-1", look="12.000").look == LOOK
    assert records.find("run-1", target="orders", look="13.000").look is None
    assert records.read_history("run-1") == {"errors": [1]}


def test_a_late_writer_changes_nothing(records: Records):
    stale = records.take(a_rollout(), fencing_token=0)
    newer = records.write(stale, replace(stale.rollout, reason="newer"))
    with pytest.raises(OwnershipLostError, match="fencing token 1, revision 0"):
        records.write(stale, replace(stale.rollout, reason="late"), look=LOOK)
    with pytest.raises(OwnershipLostError):
        records.check(stale)
    records.check(newer)

    assert records.find("run-1").rollout.reason == "newer"
    assert records.find("run-1", look="12.000").look is None


def test_who_was_taken_over_may_neither_write_nor_finish(records: Records):
    stale = records.take(a_rollout(), fencing_token=0)
    taken = records.take_over(stale, "sweeper")
    for write in (records.write, records.finish):
        with pytest.raises(OwnershipLostError):
            write(stale, stale.rollout)
    with pytest.raises(OwnershipLostError):
        records.take_over(stale, "guard")
    with pytest.raises(OwnershipLostError):
        records.check(stale)

    assert records.read_lock("orders") == taken.lock == Lock("orders", 2, "run-1", "sweeper")


def test_a_check_of_a_record_that_is_gone_fails(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    key = {"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)

    with pytest.raises(OwnershipLostError):
        records.check(owned)


def test_a_rolled_back_release_is_kept_in_the_transaction_that_ends_its_rollout(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    stale = records.take_over(owned, "sweeper")
    with pytest.raises(OwnershipLostError):
        records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    assert records.read_start("orders", "run-2") == Start(stale.lock, is_recorded=False)

    records.finish(stale, replace(owned.rollout, phase=Phase.ROLLED_BACK, reason="5xx", ended_at=12.0))
    start = records.read_start("orders", "run-1")
    assert start.is_recorded
    assert start.taken_back == (TakenBack(identify(a_rollout()), "run-1", 12.0, "5xx"),)


def test_a_release_that_is_promoted_after_all_is_no_longer_kept(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    again = records.take(a_rollout(rollout_id="run-2"), fencing_token=2)
    records.finish(again, replace(again.rollout, phase=Phase.PROMOTED))

    assert records.read_start("orders", "run-3").taken_back == ()


@pytest.mark.parametrize("text", [{"S": "{"}, {"S": "5"}, {"S": '[{"unknown": 1}]'}, {"N": "1"}])
def test_an_edited_item_of_rolled_back_releases_prevents_no_ending(ground: Ground, records: Records, text: dict[str, str]):
    owned = records.take(a_rollout(), fencing_token=0)
    edited = {**taken_back_key("orders"), "releases": text}
    ground.aws.client("dynamodb").put_item(TableName=ground.rig.controller.table, Item=edited)
    assert records.read_start("orders", "run-2").taken_back == ()

    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    assert [one.rollout_id for one in records.read_start("orders", "run-2").taken_back] == ["run-1"]


def test_a_promoted_rollout_leaves_its_fingerprint_and_deployment(records: Records):
    rollout = a_rollout()
    rollout = replace(rollout, plan=replace(rollout.plan, fingerprint="f-2", is_new_deployment=True))
    owned = records.take(rollout, fencing_token=0)
    records.finish(owned, replace(rollout, phase=Phase.PROMOTED))

    lock = Lock("orders", 2, None, None, "run-1", "f-2", "dep-new", promoted_rollout_id="run-1")
    assert records.read_lock("orders") == lock


@pytest.mark.parametrize("fingerprint", ["f-2", None])
def test_of_a_deployment_that_somebody_named_what_was_read_is_known(records: Records, fingerprint: str | None):
    rollout = a_rollout()
    owned = records.take(replace(rollout, plan=replace(rollout.plan, fingerprint=fingerprint)), fencing_token=0)
    records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED))

    lock = records.read_lock("orders")
    assert (lock.fingerprint, lock.deployment_id) == (fingerprint, "dep-new")


def test_a_free_target_is_retaken_by_one_alone(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ended = records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    reopened = replace(ended.rollout, phase=Phase.ROLLING_BACK)
    taken = records.retake(ended.lock, reopened, "sweeper")
    with pytest.raises(OwnershipLostError):
        records.retake(ended.lock, reopened, "another")

    assert (taken.lock.fencing_token, taken.lock.owner, taken.rollout.revision) == (3, "sweeper", ended.rollout.revision + 1)
    assert records.read_owned("run-1", "sweeper").rollout == taken.rollout


def test_a_history_is_read_once(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(OwnershipLostError, match="has no history"):
        records.read_history("run-1")
    records.write(owned, owned.rollout, history={"errors": []})
    records.read_history("run-1")
    ground.aws.faults.add(Fault(None, "dynamodb", "BatchGetItem", Mode.REFUSED))

    assert records.read_history("run-1") == {"errors": []}


def test_a_refused_table_is_no_lost_ownership(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ground.aws.faults.add(Fault(None, "dynamodb", None, Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb batch-get-item"):
        records.read_lock("orders")
    with pytest.raises(RecordsRefusedError, match="aws dynamodb transact-write-items"):
        records.write(owned, owned.rollout)


def test_a_transaction_that_met_another_is_no_lost_ownership(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    conflict = refusal("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]

    def refuse(**_: object) -> None:
        raise conflict

    client = Changed(ground.aws.client("dynamodb"), transact_write_items=refuse)
    with pytest.raises(RecordsRefusedError, match="TransactionCanceledException"):
        Records(client, ground.rig.controller.table).write(owned, owned.rollout)


def test_a_rollout_is_found_with_its_own_targets_lock_whatever_target_is_said(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)

    assert records.find("run-1", target="billing").lock == owned.lock
    assert records.find("run-1", target="orders").lock == owned.lock
    assert records.find("run-1", lock=Lock("orders", 7)).lock == Lock("orders", 7)


def test_a_record_of_another_schema_is_not_read(ground: Ground, records: Records):
    records.take(a_rollout(), fencing_token=0)
    ground.aws.client("dynamodb").update_item(
        TableName=ground.rig.controller.table,
        Key={"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}},
        UpdateExpression="SET schema_version = :older",
        ExpressionAttributeValues={":older": {"N": "0"}},
    )
    with pytest.raises(
        RecordSchemaError, match="the record is of schema 0 and this controller reads schemas 2 to 5; deploy the version"
    ):
        records.find("run-1")


def test_a_record_of_the_schema_before_is_read_and_written_again_as_one_of_this(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ground.aws.client("dynamodb").update_item(
        TableName=ground.rig.controller.table,
        Key={"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}},
        UpdateExpression="SET schema_version = :older",
        ExpressionAttributeValues={":older": {"N": "2"}},
    )
    found = records.find("run-1")
    assert (found.rollout.snapshot, found.rollout.target.metrics.client_errors) == (owned.rollout.snapshot, False)

    records.write(found, found.rollout)
    assert records.find("run-1").rollout.revision == 1


def test_what_dynamodb_leaves_unread_is_not_taken_for_missing():
    class Busy:
        def batch_get_item(self, **asked: Any) -> dict[str, Any]:
            return {"Responses": {}, "UnprocessedKeys": asked["RequestItems"]}

    with pytest.raises(RecordsRefusedError, match="DynamoDB left items of table canary unread"):
        Records(Busy(), "canary").read_lock("orders")


def test_what_is_held_and_what_was_not_told_is_listed_and_nothing_else(records: Records):
    assert records.list_unfinished() == Unfinished()
    owned = records.take(a_rollout(), fencing_token=0)
    assert (records.list_unfinished(), records.read_open()) == (Unfinished(("orders",)), (owned.lock,))
    ended = records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK, waiting_since=1.0))
    assert (records.list_unfinished(), records.read_open()) == (Unfinished((), ("run-1",)), ())
    records.mark_told(ended.rollout)

    assert records.list_unfinished() == Unfinished()
    told = replace(ended.rollout, revision=ended.rollout.revision + 1, is_end_told=True, waiting_since=None)
    assert records.find("run-1").rollout == told
    with pytest.raises(OwnershipLostError):
        records.mark_told(ended.rollout)


def test_an_end_after_an_end_is_told_again(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ended = records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    records.mark_told(ended.rollout)
    told = records.find("run-1")
    again = records.retake(told.lock, replace(told.rollout, phase=Phase.ROLLING_BACK), "sweeper")
    records.finish(again, replace(again.rollout, phase=Phase.ROLLED_BACK))

    assert records.list_unfinished() == Unfinished((), ("run-1",))


def test_a_lock_that_the_index_still_lists_is_not_open(records: Records):
    client = Changed(records._dynamodb, get_paginator=lambda _: Changed(None, paginate=lambda **_: [{"Items": [STALE]}]))

    assert Records(client, records._table).read_open() == ()


STALE = {"pk": {"S": "target#orders"}, "sk": {"S": "lock"}, "rollout_id": {"S": "run-0"}}


def test_more_locks_than_one_call_reads_are_read(records: Records):
    names = [f"t{number}" for number in range(130)]
    records.take(a_rollout(), fencing_token=0)
    locks = records.read_locks([*names, "orders"])

    assert {lock.fencing_token for name, lock in locks.items() if name != "orders"} == {0}
    assert (len(locks), locks["orders"].rollout_id) == (131, "run-1")


def test_the_sweepers_beat_says_whether_records_can_be_written(ground: Ground, records: Records):
    records.beat(1234.5)
    records.beat(1294.5)
    key = {"pk": {"S": "controller"}, "sk": {"S": "sweep"}}
    item = ground.aws.client("dynamodb").get_item(TableName=ground.rig.controller.table, Key=key)["Item"]
    assert item["at"] == {"N": "1294.5"}

    ground.aws.faults.add(Fault(None, "dynamodb", "TransactWriteItems", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="transact-write-items"):
        records.beat(1354.5)


def test_two_sweepers_at_once_show_that_records_can_be_written(records: Records):
    def conflict(**_: Any) -> None:
        error = refusal("TransactionCanceledException")
        error.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
        raise error

    Records(Changed(records._dynamodb, transact_write_items=conflict), records._table).beat(1234.5)


def test_dynamodb_that_does_not_answer_cannot_be_written(records: Records):
    def hang(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="dynamodb")

    with pytest.raises(RecordsRefusedError, match="did not answer"):
        Records(Changed(records._dynamodb, transact_write_items=hang), records._table).beat(1234.5)


def test_an_index_that_cannot_be_read_is_a_refusal(ground: Ground, records: Records):
    ground.aws.faults.add(Fault(None, "dynamodb", "Scan", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb scan --table-name canary --index-name open"):
        records.list_unfinished()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"phase": "unheard"}'])
def test_a_record_that_somebody_edited_is_of_no_schema(ground: Ground, records: Records, text: str):
    records.take(a_rollout(), fencing_token=0)
    client, table = ground.aws.client("dynamodb"), ground.rig.controller.table
    key = {"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    client.put_item(TableName=table, Item={**item, "record": {"S": text}})
    with pytest.raises(RecordSchemaError, match="the record rollout#run-1 is no record of schema"):
        records.find("run-1")
