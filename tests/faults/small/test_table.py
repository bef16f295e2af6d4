from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.faults.small.conditions import ConditionError, holds
from tests.faults.small.table import Table

ITEM = {"pk": {"S": "target#a"}, "sk": {"S": "lock"}, "n": {"N": "10"}, "who": {"S": "me"}}
KEY = {"pk": ITEM["pk"], "sk": ITEM["sk"]}


@pytest.mark.parametrize(
    ("expression", "is_true"),
    [
        ("attribute_exists(n)", True),
        ("attribute_not_exists(n)", False),
        ("n = :ten", True),
        ("n <> :ten", False),
        ("n < :eleven AND n >= :ten", True),
        ("n > :ten OR who = :me", True),
        ("NOT (n = :ten)", False),
        ("attribute_not_exists(n) OR n = :ten AND who = :me", True),
        ("(attribute_not_exists(n) OR n = :ten) AND who = :ten", False),
        ("missing = :ten", False),
        ("missing <> :ten", True),
        ("#w = :me", True),
        ("begins_with(pk, :target)", True),
        ("contains(who, :target)", False),
    ],
)
def test_a_condition_holds_as_in_dynamodb(expression, is_true):
    values = {":ten": {"N": "10.0"}, ":eleven": {"N": "11"}, ":me": {"S": "me"}, ":target": {"S": "target#"}}
    assert holds(expression, ITEM, values, {"#w": "who"}) is is_true


@pytest.mark.parametrize("expression", ["size(n) > :a", "n BETWEEN :a AND :b", "n =", "n = :a extra", "n + :a", "(n = :a", "n"])
def test_a_condition_that_is_not_known_says_so(expression):
    with pytest.raises(ConditionError, match="small AWS"):
        holds(expression, ITEM, {":a": {"N": "1"}, ":b": {"N": "2"}})


@pytest.fixture
def table() -> Table:
    made = Table({"open": "rollout_id"})
    made.put_item({"Item": ITEM})
    return made


def transact(table: Table, *operations, token: str | None = None):
    more = {"ClientRequestToken": token} if token else {}
    return table.transact_write_items({"TransactItems": list(operations), **more})


def test_an_item_is_ones_own(table):
    found = table.get_item({"Key": KEY})["Item"]
    found["n"]["N"] = "99"
    assert table.get_item({"Key": KEY}) == {"Item": ITEM}
    assert table.get_item({"Key": {**KEY, "sk": {"S": "other"}}}) == {}


def test_several_items_are_read_at_once(table):
    other = {**KEY, "sk": {"S": "other"}}
    found = table.batch_get_item({"RequestItems": {"t": {"Keys": [KEY, other]}}})
    assert found == {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}}


def test_a_transaction_does_all_or_nothing(table):
    put = {"Put": {"Item": {**ITEM, "n": {"N": "11"}}}}
    failing = {"ConditionCheck": {"Key": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    with pytest.raises(ClientError) as refused:
        transact(table, put, failing)
    assert refused.value.response["CancellationReasons"] == [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    assert table.item("target#a", "lock")["n"] == {"N": "10"}
    transact(table, put, {"Delete": {"Key": {**KEY, "sk": {"S": "none"}}}})
    assert table.item("target#a", "lock")["n"] == {"N": "11"}


def test_a_transaction_that_comes_again_with_its_token_is_made_once(table):
    put = {"Put": {"Item": {**ITEM, "sk": {"S": "new"}}, "ConditionExpression": "attribute_not_exists(pk)"}}
    assert transact(table, put, token="t") == transact(table, put, token="t") == {}
    with pytest.raises(ClientError):
        transact(table, put, token="another")


def test_attributes_are_set_and_removed(table):
    change = {"UpdateExpression": "SET n = :n, #o = :o REMOVE who", "ExpressionAttributeNames": {"#o": "other"}}
    values = {":n": {"N": "1"}, ":o": {"S": "x"}}
    table.update_item({"Key": KEY, **change, "ExpressionAttributeValues": values})
    assert table.item("target#a", "lock") == {**KEY, "n": {"N": "1"}, "other": {"S": "x"}}


def test_a_single_write_has_its_condition_too(table):
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.delete_item({"Key": KEY, "ConditionExpression": "attribute_not_exists(pk)"})
    table.delete_item({"Key": KEY})
    assert table.item("target#a", "lock") == {}


def test_an_index_lists_the_items_that_have_its_key(table):
    owned = {"pk": {"S": "target#b"}, "sk": {"S": "lock"}, "rollout_id": {"S": "r1"}}
    table.put_item({"Item": owned})
    assert table.scan({"IndexName": "open"})["Items"] == [owned]
    assert len(table.scan({})["Items"]) == 2
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "target#a"}}}
    assert table.query(query)["Items"] == [ITEM]
    only = {"FilterExpression": "attribute_exists(n)"}
    assert table.scan(only)["Items"] == [ITEM]
