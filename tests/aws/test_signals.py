"""A rollout's newest signal, kept beside its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import RecordSchemaError, RecordsRefusedError
from canary.aws.records import Records
from canary.aws.signals import signal_key
from canary.rules.rollouts.steering import Signal, SignalVerb
from tests.aws.stubs import Scripted, refusal

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

PAUSE = Signal(1, SignalVerb.PAUSE, 12.5, "OPS-1")
RESUME = Signal(2, SignalVerb.RESUME, 60.0)


def test_a_signal_reads_back_with_the_rollout(ground: Ground):
    walk, records = ground.walk().begin(), ground.rig.records

    assert records.send(walk.rollout_id, PAUSE)
    found = records.find(walk.rollout_id, signal=True)
    assert found is not None
    assert found.signal == PAUSE
    assert walk.owned.signal is None


def test_the_newest_signal_replaces_the_one_before(ground: Ground):
    walk, records = ground.walk().begin(), ground.rig.records
    sent = [records.send(walk.rollout_id, signal) for signal in (PAUSE, RESUME, RESUME, PAUSE)]

    assert sent == [True, True, False, False]
    found = records.find(walk.rollout_id, signal=True)
    assert found is not None
    assert found.signal == RESUME


def test_a_look_reads_the_signal_in_the_same_call(ground: Ground):
    walk, records = ground.walk().begin(), ground.rig.records
    records.send(walk.rollout_id, PAUSE)
    before = len(ground.aws.faults.calls)

    assert records.read_owned(walk.rollout_id, walk.execution, target="orders", look="1.000").signal == PAUSE
    assert [call.operation for call in [*ground.aws.faults.calls][before:]] == ["BatchGetItem"]


def test_a_refusal_of_the_table_is_told():
    table = Scripted(put_item=[refusal("ProvisionedThroughputExceededException")])
    with pytest.raises(RecordsRefusedError, match="aws dynamodb put-item --table-name canary"):
        Records(table, "canary").send("run-1", PAUSE)


def test_a_write_that_comes_second_is_none():
    table = Scripted(put_item=[refusal("ConditionalCheckFailedException")])

    assert not Records(table, "canary").send("run-1", PAUSE)
    assert Records(Scripted(put_item=[{}]), "canary").send("run-1", PAUSE)


@pytest.mark.parametrize("text", [{"S": "{"}, {"S": "5"}, {"S": '{"number": 1, "verb": "stop", "at": 1.0}'}, {"N": "1"}])
def test_an_edited_signal_is_refused_with_what_to_do(ground: Ground, text: dict[str, str]):
    walk = ground.walk().begin()
    edited = {**signal_key(walk.rollout_id), "signal_number": {"N": "1"}, "signal": text}
    ground.aws.client("dynamodb").put_item(TableName=ground.rig.controller.table, Item=edited)

    with pytest.raises(RecordSchemaError, match=f"the signal of rollout#{walk.rollout_id} cannot be read .*; delete the item"):
        ground.rig.records.find(walk.rollout_id, signal=True)
    assert ground.rig.records.find(walk.rollout_id) is not None
