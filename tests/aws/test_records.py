"""The records: who holds a target, and that no one else writes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import LockedError, OwnershipLostError, RecordsRefusedError, StaleFencingTokenError
from canary.aws.locks import PARKED_OWNER, Lock, describe_holder
from canary.aws.record_items import LookItem
from canary.aws.record_reads import Start, Unfinished
from canary.aws.records import Records
from canary.aws.side_items import warm_up_key
from canary.aws.taken_back import taken_back_key
from canary.rules.judging.warm_up import SeenChange
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.taken_back import TakenBack, identify
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenRelease, SeenReleases
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Scripted, refusal
from tests.builders import EXECUTION, NOON, a_rollout

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

LOOK = LookItem("run-1", "12.000", "HOLD", "wait", {"log_e": 0.5})

CHANGE = SeenChange({"slow_p99": ((60, 9, 540, 5),)}, {"slow_p99": 0.0})


def test_a_taken_target_reads_back_with_awss_time(ground: Ground, records: Records):
    taken = records.take(a_rollout(), fencing_token=0)
    found = records.read_owned("run-1", EXECUTION)

    assert (found.rollout, found.lock) == (taken.rollout, taken.lock) == (a_rollout(), found.lock)
    assert found.lock == Lock("orders", 1, "run-1", EXECUTION)
    assert found.read_at == pytest.approx(ground.aws.clock.now(), abs=1)


def test_taking_twice_changes_nothing(records: Records):
    records.take(a_rollout(), fencing_token=0)

    assert records.take(a_rollout(), fencing_token=0).lock.fencing_token == 1


def test_a_parked_target_is_locked_for_another(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(LockedError) as failed:
        records.take(a_rollout(rollout_id="run-2"), fencing_token=1)

    assert str(failed.value) == describe_holder(owned.lock)
    assert records.find("run-2") is None


def test_a_changed_fencing_token_takes_nothing(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    with pytest.raises(StaleFencingTokenError, match="checked at fencing token 0"):
        records.take(a_rollout(rollout_id="run-2"), fencing_token=0)

    assert records.find("run-2") is None
    assert records.take(a_rollout(rollout_id="run-2"), fencing_token=2).lock.fencing_token == 3


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


def test_an_owner_that_was_replaced_may_neither_write_nor_finish(records: Records):
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


def test_a_check_fails_if_the_record_is_gone(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    key = {"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}}
    ground.aws.client("dynamodb").delete_item(TableName=ground.rig.controller.table, Key=key)

    with pytest.raises(OwnershipLostError):
        records.check(owned)


def test_a_free_target_is_retaken_by_one_alone(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ended = records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    reopened = replace(ended.rollout, phase=Phase.ROLLING_BACK)
    taken = records.retake(ended.lock, reopened, "sweeper")
    with pytest.raises(OwnershipLostError):
        records.retake(ended.lock, reopened, "another")

    assert (taken.lock.fencing_token, taken.lock.owner, taken.rollout.revision) == (3, "sweeper", ended.rollout.revision + 1)
    assert records.read_owned("run-1", "sweeper").rollout == taken.rollout


def test_an_end_after_an_end_is_reported_again(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ended = records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    records.mark_told(ended.rollout)
    told = records.find("run-1")
    again = records.retake(told.lock, replace(told.rollout, phase=Phase.ROLLING_BACK), "sweeper")
    records.finish(again, replace(again.rollout, phase=Phase.ROLLED_BACK))

    assert records.list_unfinished() == Unfinished((), ("run-1",))


def test_the_sweepers_beat_says_whether_records_can_be_written(ground: Ground, records: Records):
    records.beat(1234.5)
    records.beat(1294.5)
    key = {"pk": {"S": "controller"}, "sk": {"S": "sweep"}}
    item = ground.aws.client("dynamodb").get_item(TableName=ground.rig.controller.table, Key=key)["Item"]
    assert item["at"] == {"N": "1294.5"}

    ground.aws.faults.add(Fault(None, "dynamodb", "TransactWriteItems", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="transact-write-items"):
        records.beat(1354.5)


def test_a_parked_rollout_belongs_to_the_advance_that_takes_it(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    parked = records.park(owned, replace(owned.rollout, phase=Phase.PARKED))
    assert parked.lock == Lock("orders", 2, "run-1", PARKED_OWNER)
    taken = records.take_parked(parked, replace(parked.rollout, execution="arn:next", scheduled_at=NOON))
    with pytest.raises(OwnershipLostError):
        records.take_parked(parked, parked.rollout)

    assert taken.lock == records.read_lock("orders") == Lock("orders", 3, "run-1", "arn:next", scheduled_at=NOON)
    assert records.read_owned("run-1", "arn:next").rollout == taken.rollout


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
    unread = records.read_start("orders", "run-2").unread_taken_back
    assert unread == json.dumps(text)

    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    start = records.read_start("orders", "run-2")
    assert [one.rollout_id for one in start.taken_back] == ["run-1"]
    assert start.unread_taken_back == unread, "what someone edited is kept until someone has looked at it"


def test_what_releases_showed_of_the_warm_up_is_read_at_a_start(records: Records):
    assert records.read_start("orders", "run-2").seen == records.read_warm_up("orders") == NOTHING_SEEN
    seen = NOTHING_SEEN.after(SeenRelease("run-1", (CHANGE,)))
    records.keep_warm_up("orders", seen)

    assert records.read_start("orders", "run-2").seen == records.read_warm_up("orders") == seen
    assert records.read_start("carts", "run-2").seen == NOTHING_SEEN


@pytest.mark.parametrize("text", [{"S": "{"}, {"S": "5"}, {"S": '[{"unknown": 1}]'}, {"N": "1"}])
def test_an_edited_warm_up_is_replaced_by_the_next_promoted_release(ground: Ground, records: Records, text: dict[str, str]):
    edited = {**warm_up_key("orders"), "releases": text}
    ground.aws.client("dynamodb").put_item(TableName=ground.rig.controller.table, Item=edited)
    unreadable = records.read_start("orders", "run-2").seen
    assert unreadable == SeenReleases(is_unreadable=True)

    records.keep_warm_up("orders", unreadable.after(SeenRelease("run-2", (CHANGE,))))
    assert records.read_warm_up("orders") == SeenReleases((SeenRelease("run-2", (CHANGE,)),))


def test_a_proof_is_used_once(records: Records):
    assert records.use_proof("r" * 32, 1000.0)
    assert not records.use_proof("r" * 32, 1000.0)
    assert records.use_proof("s" * 32, 1000.0)


def test_a_proof_is_not_taken_as_used_while_nobody_can_tell():
    records = Records(Scripted(put_item=[refusal("InternalServerError")]), "canary")
    with pytest.raises(RecordsRefusedError):
        records.use_proof("r" * 32, 1000.0)
