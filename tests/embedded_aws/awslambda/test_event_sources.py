"""Event source mappings as a client sees them: they keep the qualifier, and pass records to it."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws
from tests.embedded_aws.dataplane.serving_world import a_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACE = "eu-west-1:123456789012"
ARN = f"arn:aws:lambda:{PLACE}:function:orders"
NAMES = count(1)
CODE = "def handler(event, context):\n    print('by', {number}, 'read', len(event['Records']))"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """One function with two versions; live has the first, canary the second."""
    with EmbeddedAws() as running:
        client = running.client("lambda")
        running.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument="{}")
        settings = {"Runtime": "python3.13", "Role": "arn:aws:iam::123456789012:role/orders", "Handler": "app.handler"}
        code = {"ZipFile": a_zip(CODE.format(number=1))}
        client.create_function(FunctionName="orders", **settings, Code=code, Publish=True)
        client.update_function_code(FunctionName="orders", ZipFile=a_zip(CODE.format(number=2)), Publish=True)
        for alias, version in (("live", "1"), ("canary", "2")):
            client.create_alias(FunctionName="orders", Name=alias, FunctionVersion=version)
        yield running


@pytest.fixture
def mappings(aws: EmbeddedAws) -> Any:
    client = aws.client("lambda")
    for one in client.list_event_source_mappings()["EventSourceMappings"]:
        client.delete_event_source_mapping(UUID=one["UUID"])
    return client


def a_queue(aws: EmbeddedAws) -> str:
    name = f"queue-{next(NAMES)}"
    aws.client("sqs").create_queue(QueueName=name)
    return f"arn:aws:sqs:{PLACE}:{name}"


def a_stream(aws: EmbeddedAws) -> str:
    name = f"stream-{next(NAMES)}"
    aws.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    return f"arn:aws:kinesis:{PLACE}:stream/{name}"


def a_table(aws: EmbeddedAws) -> str:
    made = aws.client("dynamodb").create_table(
        TableName=f"table-{next(NAMES)}",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def readers(aws: EmbeddedAws) -> list[str]:
    """The last lines that the function printed, oldest first."""
    found = aws.logs.filter_log_events({"logGroupName": "/aws/lambda/orders", "filterPattern": '"by "'})["events"]
    return [one["message"] for one in found]


@pytest.mark.parametrize(
    ("named", "ending"),
    [
        ("orders", ""),
        ("orders:$LATEST", ":$LATEST"),
        ("orders:1", ":1"),
        ("orders:live", ":live"),
        (ARN, ""),
        (f"{ARN}:2", ":2"),
        (f"{ARN}:live", ":live"),
        ("123456789012:function:orders:live", ":live"),
    ],
)
def test_a_mapping_keeps_the_qualifier_that_it_was_made_with(aws: EmbeddedAws, mappings: Any, named: str, ending: str):
    queue = a_queue(aws)
    made = mappings.create_event_source_mapping(FunctionName=named, EventSourceArn=queue)

    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (made["FunctionArn"], made["State"]) == (f"{ARN}{ending}", "Creating")
    assert (made["BatchSize"], made["StateTransitionReason"]) == (10, "USER_INITIATED")
    found = mappings.get_event_source_mapping(UUID=made["UUID"])
    assert (found["FunctionArn"], found["State"]) == (f"{ARN}{ending}", "Enabled")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("orders", [""]),
        (ARN, [""]),
        ("orders:live", [":live"]),
        (f"{ARN}:live", [":live"]),
        ("123456789012:function:orders:live", [":live"]),
        ("orders:canary", []),
        ("nothing", []),
    ],
)
def test_mappings_are_listed_by_exactly_what_is_named(aws: EmbeddedAws, mappings: Any, asked: str, found: list[str]):
    queue = a_queue(aws)
    for named in ("orders", "orders:live"):
        mappings.create_event_source_mapping(FunctionName=named, EventSourceArn=queue)

    listed = mappings.list_event_source_mappings(FunctionName=asked)["EventSourceMappings"]
    assert [one["FunctionArn"] for one in listed] == [f"{ARN}{ending}" for ending in found]


def test_mappings_are_listed_by_source_and_in_pages(aws: EmbeddedAws, mappings: Any):
    queues = [a_queue(aws) for _ in range(3)]
    for queue in queues:
        mappings.create_event_source_mapping(FunctionName="orders:live", EventSourceArn=queue)

    (one,) = mappings.list_event_source_mappings(EventSourceArn=queues[1])["EventSourceMappings"]
    assert one["EventSourceArn"] == queues[1]
    pages = mappings.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["EventSourceMappings"]) for page in pages] == [2, 1]


def test_a_queue_is_read_by_the_alias_that_is_mapped(aws: EmbeddedAws, mappings: Any):
    queue = a_queue(aws)
    made = mappings.create_event_source_mapping(FunctionName="orders:live", EventSourceArn=queue)
    url = aws.client("sqs").get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    before = len(readers(aws))
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    mappings.update_event_source_mapping(UUID=made["UUID"], FunctionName="orders:canary")
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    mappings.delete_event_source_mapping(UUID=made["UUID"])
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    assert readers(aws)[before:] == ["by 1 read 1", "by 2 read 1"]


def test_streams_are_read_by_the_alias_that_is_mapped(aws: EmbeddedAws, mappings: Any):
    stream, changes = a_stream(aws), a_table(aws)
    for source in (stream, changes):
        mappings.create_event_source_mapping(FunctionName="orders:live", EventSourceArn=source, StartingPosition="TRIM_HORIZON")
    before = len(readers(aws))
    aws.client("kinesis").put_record(StreamName=stream.rpartition("/")[2], Data=b"x", PartitionKey="k")
    aws.client("dynamodb").put_item(TableName=changes.split("/")[1], Item={"id": {"S": "1"}})

    assert readers(aws)[before:] == ["by 1 read 1", "by 1 read 1"]


def test_a_throttled_function_leaves_its_message_in_the_queue(aws: EmbeddedAws, mappings: Any):
    queue = a_queue(aws)
    mappings.create_event_source_mapping(FunctionName="orders:live", EventSourceArn=queue)
    url = aws.client("sqs").get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    mappings.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"kept": True}))
    mappings.delete_function_concurrency(FunctionName="orders")
    aws.clock.run_for(1)

    (kept,) = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(kept["Body"]) == {"kept": True}


def test_a_second_mapping_of_one_source_to_one_qualifier_is_refused(aws: EmbeddedAws, mappings: Any):
    queue = a_queue(aws)
    made = mappings.create_event_source_mapping(FunctionName="orders:live", EventSourceArn=queue)
    mappings.create_event_source_mapping(FunctionName="orders:canary", EventSourceArn=queue)

    told = (
        f'An event source mapping with SQS arn (" {queue} ") and function (" orders:live ") already exists. '
        f"Please update or delete the existing mapping with UUID {made['UUID']}"
    )
    again = {"FunctionName": f"{ARN}:live", "EventSourceArn": queue}
    assert refusal(mappings.create_event_source_mapping, **again) == (409, "ResourceConflictException", told)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"FunctionName": "nothing"}, "Function does not exist"),
        ({"FunctionName": "orders:nothing"}, "Function does not exist"),
        ({"EventSourceArn": f"arn:aws:sqs:{PLACE}:nothing"}, "AWS.SimpleQueueService.NonExistentQueue"),
        ({"EventSourceArn": f"arn:aws:s3:{PLACE}:bucket"}, "Unrecognized event source."),
        ({"EventSourceArn": f"arn:aws:kinesis:{PLACE}:stream/nothing"}, "Value null at 'startingPosition'"),
        (
            {"EventSourceArn": f"arn:aws:kinesis:{PLACE}:stream/nothing", "StartingPosition": "LATEST"},
            "Stream not found: arn:aws:kinesis",
        ),
        (
            {"EventSourceArn": f"arn:aws:dynamodb:{PLACE}:table/t/stream/s", "StartingPosition": "AT_TIMESTAMP"},
            "Unsupported starting position for arn type: arn:aws:dynamodb",
        ),
        ({"BatchSize": 11}, "must be greater than 0 if maximum batch size is greater than 10"),
    ],
)
def test_what_lambda_cannot_map_is_refused(aws: EmbeddedAws, mappings: Any, wrong: dict[str, Any], told: str):
    given = {"FunctionName": "orders:live", "EventSourceArn": a_queue(aws), **wrong}
    status, code, message = refusal(mappings.create_event_source_mapping, **given)

    assert (status, code) == (400, "InvalidParameterValueException")
    assert told in message


def test_an_unknown_position_is_outside_the_model(aws: EmbeddedAws, mappings: Any):
    given = {"FunctionName": "orders", "EventSourceArn": a_stream(aws), "StartingPosition": "FIRST"}
    status, code, message = refusal(mappings.create_event_source_mapping, **given)

    assert (status, code) == (400, "ValidationException")
    assert message.endswith("Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]")


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_an_unknown_mapping_is_not_found(mappings: Any, operation: str):
    call = getattr(mappings, f"{operation}_event_source_mapping")
    found = refusal(call, UUID="00000000-0000-0000-0000-000000000000")

    assert found == (404, "ResourceNotFoundException", "The resource you requested does not exist.")


def test_a_mapping_outlives_its_function(aws: EmbeddedAws, mappings: Any):
    settings = {"Runtime": "python3.13", "Role": "arn:aws:iam::123456789012:role/orders", "Handler": "app.handler"}
    mappings.create_function(FunctionName="short", **settings, Code={"ZipFile": a_zip(CODE.format(number=0))})
    made = mappings.create_event_source_mapping(FunctionName="short", EventSourceArn=a_queue(aws))
    mappings.delete_function(FunctionName="short")

    assert mappings.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled"
