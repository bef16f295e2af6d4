"""What is read of the records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import OwnershipLostError
from canary.aws.locks import Lock
from canary.aws.record_reads import Start, Unfinished
from canary.aws.records import Records
from canary.rules.rollouts.phases import Phase
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed
from tests.builders import EXECUTION, a_rollout

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_a_target_never_taken_is_free_at_number_0(records: Records):
    assert records.read_lock("orders") == Lock("orders")
    assert records.find("run-1") is None


def test_a_rollout_that_is_unknown_or_of_another_owner_is_not_owned(records: Records):
    with pytest.raises(OwnershipLostError, match="is not recorded"):
        records.read_owned("run-1", EXECUTION)
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(OwnershipLostError, match=f"is now owned by {EXECUTION}, not by me"):
        records.read_owned("run-1", "me")
    records.finish(owned, replace(owned.rollout, phase=Phase.ROLLED_BACK))
    with pytest.raises(OwnershipLostError, match="is now owned by nobody"):
        records.read_owned("run-1", EXECUTION)


def test_a_history_is_read_once(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    with pytest.raises(OwnershipLostError, match="has no history"):
        records.read_history("run-1")
    records.write(owned, owned.rollout, history={"errors": []})
    records.read_history("run-1")
    ground.aws.faults.add(Fault(None, "dynamodb", "BatchGetItem", Mode.REFUSED))

    assert records.read_history("run-1") == {"errors": []}


def test_a_rollout_is_found_with_its_own_targets_lock_whatever_target_is_said(records: Records):
    owned = records.take(a_rollout(), fencing_token=0)

    assert records.find("run-1", target="billing").lock == owned.lock
    assert records.find("run-1", target="orders").lock == owned.lock
    assert records.find("run-1", lock=Lock("orders", 7)).lock == Lock("orders", 7)


def test_only_held_locks_and_unreported_ends_are_listed(records: Records):
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


@pytest.mark.usefixtures("records")
def test_a_lock_that_the_index_still_lists_is_not_open(ground: Ground):
    pages = Changed(None, paginate=lambda **_: [{"Items": [STALE]}])
    client = Changed(ground.aws.client("dynamodb"), get_paginator=lambda _: pages)

    assert Records(client, ground.rig.controller.table).read_open() == ()


STALE = {"pk": {"S": "target#orders"}, "sk": {"S": "lock"}, "rollout_id": {"S": "run-0"}}


def test_more_locks_than_one_call_reads_are_read(records: Records):
    names = [f"t{number}" for number in range(130)]
    records.take(a_rollout(), fencing_token=0)
    locks = records.read_locks([*names, "orders"])

    assert {lock.fencing_token for name, lock in locks.items() if name != "orders"} == {0}
    assert (len(locks), locks["orders"].rollout_id) == (131, "run-1")


def test_a_start_reads_the_lock_and_whether_its_rollout_is_recorded(records: Records):
    assert records.read_start("orders", "run-1") == Start(Lock("orders"), is_recorded=False)
    owned = records.take(a_rollout(), fencing_token=0)
    assert records.read_start("orders", "run-1") == Start(owned.lock, is_recorded=True)
