"""The ground, as fixtures that a module shares, and its records without those of earlier tests."""

import pytest

from canary.aws.records import Records
from tests.ground import ground, shared, tools

__all__ = ["ground", "shared", "tools"]


@pytest.fixture
def records(ground):
    """The table without any item of run-1."""
    client, table = ground.aws.client("dynamodb"), ground.rig.controller.table
    for item in client.scan(TableName=table, ConsistentRead=True)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    return Records(client, table)
