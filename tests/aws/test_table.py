"""DynamoDB's refusals, and what they are not taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from canary.aws.errors import RecordsRefusedError
from canary.aws.records import Records
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed, refusal
from tests.builders import a_rollout

if TYPE_CHECKING:
    from tests.tasks.walk import Ground


def test_a_refused_table_is_not_lost_ownership(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    ground.aws.faults.add(Fault(None, "dynamodb", None, Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb batch-get-item"):
        records.read_lock("orders")
    with pytest.raises(RecordsRefusedError, match="aws dynamodb transact-write-items"):
        records.write(owned, owned.rollout)


def test_a_conflicting_transaction_is_not_lost_ownership(ground: Ground, records: Records):
    owned = records.take(a_rollout(), fencing_token=0)
    conflict = refusal("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]

    def refuse(**_: object) -> None:
        raise conflict

    client = Changed(ground.aws.client("dynamodb"), transact_write_items=refuse)
    with pytest.raises(RecordsRefusedError, match="TransactionCanceledException"):
        Records(client, ground.rig.controller.table).write(owned, owned.rollout)


def test_an_unread_item_is_not_taken_for_missing():
    class Busy:
        def batch_get_item(self, **asked: Any) -> dict[str, Any]:
            return {"Responses": {}, "UnprocessedKeys": asked["RequestItems"]}

    with pytest.raises(RecordsRefusedError, match="DynamoDB did not return all items of table canary"):
        Records(Busy(), "canary").read_lock("orders")


def test_an_index_that_cannot_be_read_is_a_refusal(ground: Ground, records: Records):
    ground.aws.faults.add(Fault(None, "dynamodb", "Scan", Mode.REFUSED))
    with pytest.raises(RecordsRefusedError, match="aws dynamodb scan --table-name canary --index-name open"):
        records.list_unfinished()


@pytest.mark.usefixtures("records")
def test_two_sweepers_at_once_show_that_records_can_be_written(ground: Ground):
    def conflict(**_: Any) -> None:
        error = refusal("TransactionCanceledException")
        error.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
        raise error

    Records(Changed(ground.aws.client("dynamodb"), transact_write_items=conflict), ground.rig.controller.table).beat(1234.5)


@pytest.mark.usefixtures("records")
def test_dynamodb_that_does_not_answer_cannot_be_written(ground: Ground):
    def hang(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="dynamodb")

    with pytest.raises(RecordsRefusedError, match="did not answer"):
        Records(Changed(ground.aws.client("dynamodb"), transact_write_items=hang), ground.rig.controller.table).beat(1234.5)
