"""A rollout's record as an item: of which schema it is, and whether it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.aws.errors import RecordSchemaError
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from tests.builders import a_rollout

if TYPE_CHECKING:
    from canary.aws.records import Records
    from tests.tasks.walk import Ground


def test_a_record_of_another_schema_is_not_read(ground: Ground, records: Records):
    records.take(a_rollout(), fencing_token=0)
    ground.aws.client("dynamodb").update_item(
        TableName=ground.rig.controller.table,
        Key={"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}},
        UpdateExpression="SET schema_version = :older",
        ExpressionAttributeValues={":older": {"N": "0"}},
    )
    with pytest.raises(
        RecordSchemaError,
        match=f"the record has schema 0, and this controller reads schemas 2 to {SCHEMA_VERSION}; deploy the version",
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


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"phase": "unheard"}'])
def test_a_record_that_someone_edited_is_of_no_schema(ground: Ground, records: Records, text: str):
    records.take(a_rollout(), fencing_token=0)
    client, table = ground.aws.client("dynamodb"), ground.rig.controller.table
    key = {"pk": {"S": "rollout#run-1"}, "sk": {"S": "rollout"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    client.put_item(TableName=table, Item={**item, "record": {"S": text}})
    with pytest.raises(RecordSchemaError, match="the record rollout#run-1 is not a valid record of schema"):
        records.find("run-1")
