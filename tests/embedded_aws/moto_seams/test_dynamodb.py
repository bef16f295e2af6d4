"""Transactions of the embedded DynamoDB: all or nothing, whatever they do to an item."""

import pytest

from embedded_aws.embedded import EmbeddedAws

TABLE = "things"


@pytest.fixture(scope="module")
def dynamodb():
    with EmbeddedAws() as aws:
        client = aws.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def key(name):
    return {"pk": {"S": "p"}, "sk": {"S": name}}


def put(name, number):
    return {"Put": {"TableName": TABLE, "Item": {**key(name), "n": {"N": str(number)}}}}


def update(name, number):
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": str(number)}}}
    return {"Update": {"TableName": TABLE, "Key": key(name), **change}}


DELETE = {"Delete": {"TableName": TABLE, "Key": key("a")}}
NEVER = {"ConditionCheck": {"TableName": TABLE, "Key": key("c"), "ConditionExpression": "attribute_exists(pk)"}}


def numbers(dynamodb):
    return {item["sk"]["S"]: item["n"]["N"] for item in dynamodb.scan(TableName=TABLE)["Items"]}


OPERATIONS = {"put": put("a", 2), "new": put("b", 2), "update": update("a", 2), "delete": DELETE}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_refused_transaction_leaves_everything_as_it_was(dynamodb, operation):
    dynamodb.put_item(TableName=TABLE, Item={**key("a"), "n": {"N": "1"}})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[operation, NEVER])
    assert numbers(dynamodb) == {"a": "1"}


def test_a_transaction_makes_all_its_changes(dynamodb):
    dynamodb.put_item(TableName=TABLE, Item={**key("a"), "n": {"N": "1"}})
    dynamodb.transact_write_items(TransactItems=[update("a", 5), put("d", 6)])
    assert numbers(dynamodb) == {"a": "5", "d": "6"}
    dynamodb.delete_item(TableName=TABLE, Key=key("d"))
