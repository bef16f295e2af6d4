"""Grants as items of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import RecordSchemaError, RecordsRefusedError
from canary.aws.grants import grant_item, grant_of
from canary.rules.rollouts.grants import Grant, GrantKind
from embedded_aws.faults.calls import Fault, Mode
from tests.builders import NOON

if TYPE_CHECKING:
    from canary.aws.records import Records
    from tests.tasks.walk import Ground

GRANT = Grant("run-1-revert", GrantKind.REVERT, "orders", NOON, "run-1", None, "OPS-1")


def test_a_grant_is_written_once_and_read_back(ground: Ground, records: Records):
    name = f"run-{ground.aws.clock.now()}-revert"
    grant = Grant(name, GrantKind.REVERT, "orders", NOON, "run-1")

    assert records.read_grants([name]) == {}
    assert records.read_start("orders", name, grant=True).grant is None
    assert (records.give(grant), records.give(grant)) == (True, False)
    assert records.read_grants([name, "another"]) == {name: grant}
    assert records.read_start("orders", name, grant=True).grant == grant
    assert records.read_start("orders", name).grant is None


def test_a_grant_expires_with_the_records():
    assert grant_item(GRANT, 400)["expires_at"] == {"N": str(int(NOON) + 400 * 86_400)}
    assert grant_of(grant_item(GRANT, 400)) == GRANT
    assert grant_of(None) is None


def test_an_edited_grant_is_named():
    edited = {**grant_item(GRANT, 400), "grant": {"S": '{"kind": "everything"}'}}
    with pytest.raises(RecordSchemaError, match=r"the item grant#run-1-revert cannot be read \(.*; call the verb again"):
        grant_of(edited)


def test_a_grant_that_cannot_be_written_is_a_refusal(ground: Ground, records: Records):
    ground.aws.faults.add(Fault(None, "dynamodb", "PutItem", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb put-item"):
        records.give(GRANT)
