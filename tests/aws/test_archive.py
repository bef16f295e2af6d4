"""The records as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.archive import Archive
from canary.aws.errors import RecordsRefusedError
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import edit_record

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def archive_of(ground: Ground) -> Archive:
    return Archive(ground.aws.client("dynamodb"), ground.rig.controller.table)


def test_looks_are_read_in_order_and_from_a_mark_on(ground: Ground):
    walk = ground.walk().shift()
    assert archive_of(ground).newest_look(walk.rollout_id) is None
    for _ in range(3):
        walk.pause(60)
        walk.look()
    first, second, third = archive_of(ground).list_looks(walk.rollout_id)

    assert first.at < second.at < third.at
    assert (first.verdict, third.verdict) == ("CONTINUE", "HOLD")
    assert [look.at for look in archive_of(ground).list_looks(walk.rollout_id, after=first.at)] == [second.at, third.at]
    assert archive_of(ground).newest_look(walk.rollout_id) == third


def test_a_targets_rollouts_are_listed_and_no_others(ground: Ground):
    first = ground.walk().begin()
    first.end()
    second = ground.walk().begin(retry=True, reason="the test goes on")
    other = ground.walk(ground.ship).begin()
    rollouts, unread = archive_of(ground).list_rollouts("orders")

    mine = [rollout.rollout_id for rollout in rollouts]
    assert mine[-2:] == [first.rollout_id, second.rollout_id]
    assert other.rollout_id not in mine
    assert unread == ()


def test_a_rollout_of_another_schema_is_named_and_not_read(ground: Ground):
    walk = ground.walk().begin()
    edit_record(ground, walk, schema_version={"N": "99"})
    rollouts, unread = archive_of(ground).list_rollouts("orders")

    assert unread == (walk.rollout_id,)
    assert walk.rollout_id not in {rollout.rollout_id for rollout in rollouts}
    edit_record(ground, walk, target={"S": "elsewhere"})


def test_a_refusal_says_what_was_asked(ground: Ground):
    ground.aws.faults.add(Fault(None, "dynamodb", "Query", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb query --table-name canary"):
        archive_of(ground).newest_look("r1")
