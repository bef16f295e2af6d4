"""Reserved and provisioned concurrency: the control plane's answers, and which requests are throttled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws
from tests.embedded_aws.dataplane.serving_world import ANSWER, World, a_zip, an_orders_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
WHOLE_ONLY = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
    "Please specify either a function name or an unqualified function ARN."
)
SLOW = """
import time
def handler(event, context):
    time.sleep(2)
    return {"statusCode": 200, "body": context.function_version}
"""
NONE_FOUND = (404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
ONE = {"ProvisionedConcurrentExecutions": 1}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        running.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument="{}")
        yield running


@pytest.fixture
def client(aws: EmbeddedAws) -> Iterator[Any]:
    """A function with the versions 1 and 2; the alias live is at 1."""
    made = aws.client("lambda")
    settings = {"Runtime": "python3.13", "Role": "arn:aws:iam::123456789012:role/orders", "Handler": "app.handler"}
    made.create_function(FunctionName="orders", **settings, Code={"ZipFile": a_zip(ANSWER)}, Publish=True)
    made.update_function_code(FunctionName="orders", ZipFile=a_zip(f"# second\n{ANSWER}"), Publish=True)
    made.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    yield made
    made.delete_function(FunctionName="orders")


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def provision(client: Any, qualifier: str, number: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = client.put_provisioned_concurrency_config(
        FunctionName="orders", Qualifier=qualifier, ProvisionedConcurrentExecutions=number
    )
    return made


def status(client: Any, qualifier: str) -> tuple[str, int]:
    found = client.get_provisioned_concurrency_config(FunctionName="orders", Qualifier=qualifier)
    return found["Status"], found["AllocatedProvisionedConcurrentExecutions"]


# Reserved.


def test_what_is_reserved_is_shown_and_can_be_released(client: Any):
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="orders")
    for number in (0, 3):
        put = client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=number)
        assert put["ReservedConcurrentExecutions"] == number
        assert client.get_function_concurrency(FunctionName="orders")["ReservedConcurrentExecutions"] == number
        shown = client.get_function(FunctionName="orders")["Concurrency"]
        assert shown == {"ReservedConcurrentExecutions": number}

    client.delete_function_concurrency(FunctionName="orders")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="orders")
    assert "Concurrency" not in client.get_function(FunctionName="orders")


@pytest.mark.parametrize("named", ["orders:live", f"{ARN}:$LATEST"])
def test_concurrency_is_reserved_for_whole_functions(client: Any, named: str):
    found = refusal(client.put_function_concurrency, FunctionName=named, ReservedConcurrentExecutions=1)
    assert found == (400, "InvalidParameterValueException", WHOLE_ONLY)


def test_concurrency_is_reserved_for_functions_that_are_there(client: Any):
    found = refusal(client.put_function_concurrency, FunctionName="nothing", ReservedConcurrentExecutions=1)
    told = "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:nothing:$LATEST"
    assert found == (404, "ResourceNotFoundException", told)


def test_a_hundred_executions_stay_free_for_other_functions(client: Any):
    client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=900)
    status_code, code, message = refusal(
        client.put_function_concurrency, FunctionName="orders", ReservedConcurrentExecutions=901
    )
    assert (status_code, code) == (400, "InvalidParameterValueException")
    assert message.endswith("decreases account's UnreservedConcurrentExecution below its minimum value of [100].")


@pytest.mark.usefixtures("no_pause")
def test_a_function_that_is_switched_off_refuses_and_hands_events_on(client: Any, aws: EmbeddedAws):
    client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    aws.client("sqs").create_queue(QueueName="lost")
    queue = "arn:aws:sqs:eu-west-1:123456789012:lost"
    client.put_function_event_invoke_config(FunctionName="orders", DestinationConfig={"OnFailure": {"Destination": queue}})

    with pytest.raises(ClientError) as caught:
        client.invoke(FunctionName="orders")
    response = caught.value.response
    assert (response["Error"]["Code"], response["Error"]["Message"]) == ("TooManyRequestsException", "Rate Exceeded.")
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"

    client.invoke(FunctionName="orders", InvocationType="Event", Payload=json.dumps({"n": 1}))
    aws.clock.run_for(5)
    url = aws.client("sqs").get_queue_url(QueueName="lost")["QueueUrl"]
    (told,) = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = json.loads(told["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert (record["requestPayload"], "responsePayload" in record) == ({"n": 1}, False)


def at_once(world: World, number: int) -> list[int]:
    return [world.request().status for _ in range(number)]


def test_requests_beyond_the_reservation_are_throttled_until_others_end():
    world = an_orders_world()
    world.put_function("orders", SLOW, SLOW)
    world.lambdas.concurrency.reserve("orders", 2)

    assert at_once(world, 3) == [200, 200, 500]
    world.pass_time(1)
    assert at_once(world, 1) == [500]
    world.pass_time(2)
    assert at_once(world, 1) == [200]


def test_throttles_are_neither_invocations_nor_errors():
    world = an_orders_world()
    world.lambdas.concurrency.reserve("orders", 0)
    served = [world.request() for _ in range(4)]
    world.pass_time(60)

    total = world.metrics.total
    assert {(one.status, one.integration_status) for one in served} == {(500, 429)}
    for dimensions in ({}, {"FunctionName": "orders"}, {"FunctionName": "orders", "Resource": "orders:live"}):
        assert total("AWS/Lambda", "Throttles", **dimensions) == 4
        assert total("AWS/Lambda", "Invocations", **dimensions) == 0
    assert total("AWS/ApiGateway", "5XXError", ApiName="orders") == 4


def test_an_event_waits_for_room():
    world = an_orders_world()
    waited: list[float] = []
    pending: list[Callable[[], None]] = []

    def call_at(due: float, action: Callable[[], None], *, name: str) -> None:  # noqa: ARG001 - a clock's
        waited.append(due - world.time)
        pending.append(action)

    world.lambdas.call_at = call_at
    world.put_function("orders", SLOW, SLOW)
    world.lambdas.concurrency.reserve("orders", 1)
    world.request()
    world.lambdas.send("orders", {}, qualifier="live")
    for seconds in (0, 1, 2):
        world.pass_time(seconds)
        pending.pop()()

    assert waited == [0, 1, 2]
    assert not pending


# Provisioned.


def test_provisioned_concurrency_takes_its_time(client: Any, aws: EmbeddedAws):
    made = provision(client, "1", 5)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (made["Status"], made["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 5)
    assert status(client, "1") == ("IN_PROGRESS", 0)
    aws.clock.run_for(61)
    assert status(client, "1") == ("READY", 5)
    (listed,) = client.list_provisioned_concurrency_configs(FunctionName="orders")["ProvisionedConcurrencyConfigs"]
    assert (listed["FunctionArn"], listed["Status"]) == (f"{ARN}:1", "READY")

    client.delete_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
    assert refusal(client.get_provisioned_concurrency_config, FunctionName="orders", Qualifier="1") == NONE_FOUND


def test_provisioned_concurrency_can_fail(client: Any, aws: EmbeddedAws):
    aws.lambdas.concurrency.provisioned.failure = "FUNCTION_ERROR_INIT_FAILURE"
    try:
        provision(client, "1")
    finally:
        aws.lambdas.concurrency.provisioned.failure = None
    assert status(client, "1") == ("IN_PROGRESS", 0)
    aws.clock.run_for(61)
    found = client.get_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


def test_an_alias_takes_its_provisioned_concurrency_along(client: Any, aws: EmbeddedAws):
    provision(client, "live")
    aws.clock.run_for(61)
    client.update_alias(FunctionName="orders", Name="live", FunctionVersion="2")
    assert status(client, "live") == ("IN_PROGRESS", 1)
    aws.clock.run_for(61)
    assert status(client, "live") == ("READY", 1)

    client.delete_alias(FunctionName="orders", Name="live")
    assert client.list_provisioned_concurrency_configs(FunctionName="orders")["ProvisionedConcurrencyConfigs"] == []


def test_provisioned_concurrency_of_a_weighted_alias_is_refused(client: Any):
    routing = {"AdditionalVersionWeights": {"2": 0.1}}
    client.update_alias(FunctionName="orders", Name="live", RoutingConfig=routing)

    told = "Alias with weights can not be used with Provisioned Concurrency"
    found = refusal(client.put_provisioned_concurrency_config, FunctionName="orders", Qualifier="live", **ONE)
    assert found == (400, "InvalidParameterValueException", told)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("1", "live", "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"),
        ("live", "1", "Version is pointed by a Provisioned Concurrency alias"),
    ],
)
def test_one_version_is_provisioned_once(client: Any, first: str, second: str, told: str):
    provision(client, first)
    found = refusal(client.put_provisioned_concurrency_config, FunctionName="orders", Qualifier=second, **ONE)
    assert found == (409, "ResourceConflictException", told)


@pytest.mark.parametrize(
    ("qualifier", "code", "told"),
    [
        ("$LATEST", "InvalidParameterValueException", "cannot be applied to unpublished function versions."),
        ("nothing", "ResourceNotFoundException", f"Cannot find alias arn: {ARN}:nothing"),
        ("9", "ResourceNotFoundException", f"Function not found: {ARN}:9"),
    ],
)
def test_what_cannot_be_provisioned_is_refused(client: Any, qualifier: str, code: str, told: str):
    call = client.put_provisioned_concurrency_config
    _, found, message = refusal(call, FunctionName="orders", Qualifier=qualifier, **ONE)
    assert found == code
    assert message.endswith(told)


@pytest.mark.parametrize("operation", ["get", "delete"])
def test_latest_has_no_provisioned_concurrency(client: Any, operation: str):
    call = getattr(client, f"{operation}_provisioned_concurrency_config")
    told = "The function resource provided must be an alias or a published version."
    assert refusal(call, FunctionName="orders", Qualifier="$LATEST") == (400, "InvalidParameterValueException", told)


def test_nothing_is_deleted_without_complaint(client: Any):
    answer = client.delete_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_provisioned_and_reserved_concurrency_must_agree(client: Any):
    client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=2)
    provision(client, "1", 2)

    _, _, message = refusal(client.put_function_concurrency, FunctionName="orders", ReservedConcurrentExecutions=1)
    assert message == " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    told = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    call = client.put_provisioned_concurrency_config
    assert refusal(call, FunctionName="orders", Qualifier="2", **ONE)[2] == told
    more = {"ProvisionedConcurrentExecutions": 3}
    assert refusal(call, FunctionName="orders", Qualifier="1", **more)[2] == told


@pytest.mark.usefixtures("client")
def test_no_concurrency_is_no_provisioned_concurrency():
    unchecked = boto3.client("lambda", config=Config(parameter_validation=False))
    nothing = {"FunctionName": "orders", "Qualifier": "1", "ProvisionedConcurrentExecutions": 0}
    status_code, code, message = refusal(unchecked.put_provisioned_concurrency_config, **nothing)

    assert (status_code, code) == (400, "ValidationException")
    assert message.endswith("failed to satisfy constraint: Member must have value greater than or equal to 1")


def test_what_is_provisioned_for_one_version_is_taken_from_the_others(client: Any, aws: EmbeddedAws):
    client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=1)
    assert client.invoke(FunctionName="orders")["StatusCode"] == 200
    provision(client, "1")
    aws.clock.run_for(61)

    assert refusal(client.invoke, FunctionName="orders")[1] == "TooManyRequestsException"
    assert client.invoke(FunctionName="orders", Qualifier="1")["StatusCode"] == 200
