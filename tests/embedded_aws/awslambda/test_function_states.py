"""Versions that are pending, failed or idle: how they are shown, and which calls are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.function_states import failed, inactive, pending
from embedded_aws.embedded import EmbeddedAws
from tests.embedded_aws.dataplane.serving_world import ANSWER, a_zip, an_orders_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
STATES = ("State", "StateReasonCode", "LastUpdateStatus")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        running.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument="{}")
        yield running


@pytest.fixture
def client(aws: EmbeddedAws) -> Iterator[Any]:
    """A function with version 1 behind the alias live."""
    made = aws.client("lambda")
    settings = {"Runtime": "python3.13", "Role": "arn:aws:iam::123456789012:role/orders", "Handler": "app.handler"}
    made.create_function(FunctionName="orders", **settings, Code={"ZipFile": a_zip(ANSWER)}, Publish=True)
    made.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    yield made
    made.delete_function(FunctionName="orders")
    aws.lambdas.states.reset()


def publish(client: Any, comment: str = "second") -> str:
    client.update_function_code(FunctionName="orders", ZipFile=a_zip(f"# {comment}\n{ANSWER}"))
    return str(client.publish_version(FunctionName="orders")["Version"])


def states(client: Any, version: str) -> tuple[str | None, ...]:
    shown = client.get_function_configuration(FunctionName="orders", Qualifier=version)
    assert client.get_function(FunctionName="orders", Qualifier=version)["Configuration"]["State"] == shown["State"]
    return tuple(shown.get(name) for name in STATES)


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_a_version_is_active_as_soon_as_it_is_published(client: Any):
    assert states(client, publish(client)) == ("Active", None, "Successful")


def test_a_list_of_versions_leaves_their_states_out(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.put("orders", "1", failed())
    listed = client.list_versions_by_function(FunctionName="orders")["Versions"]

    assert [one["Version"] for one in listed] == ["$LATEST", "1"]
    assert [name for one in listed for name in one if "State" in name or "LastUpdate" in name] == []


def test_a_new_version_is_pending_for_as_long_as_was_arranged(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.delay_new_versions("orders", 90)
    version = publish(client)

    assert states(client, version) == ("Pending", "Creating", "InProgress")
    assert states(client, "1") == ("Active", None, "Successful")
    assert states(client, "$LATEST") == ("Active", None, "Successful")
    aws.clock.run_for(91)
    assert states(client, version) == ("Active", None, "Successful")


def test_a_pending_version_takes_neither_invocations_nor_aliases(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.delay_new_versions("orders", 90)
    version = publish(client)

    told = "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    assert refusal(client.invoke, FunctionName="orders", Qualifier=version) == (409, "ResourceConflictException", told)
    told = (
        f"The operation cannot be performed at this time. The resource {ARN}:{version} is currently in the following state: "
        "'Pending'. StateReasonCode: 'Creating'"
    )
    moved = {"FunctionName": "orders", "Name": "live"}
    weighted = {**moved, "RoutingConfig": {"AdditionalVersionWeights": {version: 0.1}}}
    made = {"FunctionName": "orders", "Name": "canary", "FunctionVersion": version}
    refused = (409, "ResourceConflictException", told)
    assert refusal(client.update_alias, **moved, FunctionVersion=version) == refused
    assert refusal(client.update_alias, **weighted) == refused
    assert refusal(client.create_alias, **made) == refused
    aws.clock.run_for(91)
    client.update_alias(**moved, FunctionVersion=version)


def test_a_failed_version_stays_failed(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.spoil_new_versions("orders", failed("FunctionError.InitTimeout", "it took too long"))
    version = publish(client)
    aws.clock.run_for(3600)

    assert states(client, version) == ("Failed", "FunctionError.InitTimeout", "Failed")
    status, code, message = refusal(client.update_alias, FunctionName="orders", Name="live", FunctionVersion=version)
    assert (status, code) == (409, "ResourceConflictException")
    assert message.endswith("'Failed'. StateReasonCode: 'FunctionError.InitTimeout'")


def test_an_aliass_description_may_change_though_its_version_failed(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.put("orders", "1", failed())

    assert client.update_alias(FunctionName="orders", Name="live", Description="still")["FunctionVersion"] == "1"


def test_the_invocation_that_wakes_an_idle_version_is_lost(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.put("orders", "1", inactive(wakes_in=40))
    assert states(client, "1") == ("Inactive", "Idle", "Successful")

    status, code, message = refusal(client.invoke, FunctionName="orders", Qualifier="live")
    assert (status, code) == (409, "SnapStartNotReadyException")
    assert message.startswith("Lambda is initializing your function.")
    assert states(client, "1") == ("Pending", "Restoring", "InProgress")
    aws.clock.run_for(41)
    assert client.invoke(FunctionName="orders", Qualifier="live")["StatusCode"] == 200


def test_an_event_waits_until_its_function_is_active(client: Any, aws: EmbeddedAws):
    aws.lambdas.states.put("orders", "1", pending(aws.clock.now() + 20))
    client.invoke(FunctionName="orders", Qualifier="live", InvocationType="Event", Payload=json.dumps({}))
    began = aws.clock.now()
    aws.clock.run_for(60)

    lines = aws.logs.filter_log_events({"logGroupName": "/aws/lambda/orders", "filterPattern": "START"})["events"]
    assert [one["timestamp"] / 1000 - began for one in lines if one["timestamp"] / 1000 > began] == [31.0]


def test_a_request_to_a_pending_version_fails_at_the_gateway():
    world = an_orders_world()
    world.lambdas.states.put("orders", "1", pending(world.time + 90))

    early = world.request()
    world.pass_time(91)
    assert (early.status, early.integration_status, world.request().status) == (500, 409, 200)
    assert early.integration_error == "Lambda invocation failed with status: 409"
