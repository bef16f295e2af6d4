"""How the controller is found: by its stack's outputs, or by the names that are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError, ReadOnlyError
from canary.rules.rollouts.phases import PointAlias
from canary.rules.targets.live import Intent
from canary_cli.connection import Connection, Place
from canary_cli.controllers import Controller
from canary_cli.exits import CommandError
from tests.aws.stubs import Scripted, refusal
from tests.ground import ground, shared

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

__all__ = ["ground", "shared"]

MACHINE = "arn:aws:states:eu-central-1:210987654321:stateMachine:canary-rollout"
OUTPUTS = {"StateMachineArn": MACHINE, "TableName": "t", "OperateRolloutName": "canary-OperateRollout"}


def connection_with(monkeypatch: pytest.MonkeyPatch, place: Place | None = None, **clients: Any) -> Connection:
    connection = Connection(place or Place(region="eu-central-1"))
    monkeypatch.setattr(Connection, "client", lambda _, service: clients[service])
    return connection


def stack(outputs: dict[str, str]) -> dict[str, Any]:
    return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}]}


def test_a_stacks_outputs_name_the_controller(monkeypatch: pytest.MonkeyPatch):
    cloudformation = Scripted(describe_stacks=[stack(OUTPUTS)])
    found = connection_with(monkeypatch, Place(stack="mine"), cloudformation=cloudformation).controller

    assert found == Controller(MACHINE, "t", "canary-OperateRollout")
    assert (found.account, found.region) == ("210987654321", "eu-central-1")
    assert found.execution("r1") == "arn:aws:states:eu-central-1:210987654321:execution:canary-rollout:r1"
    assert cloudformation.calls == [("describe_stacks", {"StackName": "mine"})]


@pytest.mark.parametrize("answer", [refusal("ValidationError"), refusal("AccessDenied"), stack({})])
def test_without_them_the_fixed_names_do(monkeypatch: pytest.MonkeyPatch, answer: Any):
    configuration = {"Environment": {"Variables": {"CANARY_TABLE": "t"}}}
    found = connection_with(
        monkeypatch,
        cloudformation=Scripted(describe_stacks=[answer]),
        ssm=Scripted(get_parameter=[{"Parameter": {"Value": MACHINE}}]),
        **{"lambda": Scripted(get_function_configuration=[configuration])},
    ).controller

    assert found == Controller(MACHINE, "t", "canary-OperateRollout")


def test_a_stack_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch):
    cloudformation = Scripted(describe_stacks=[refusal("ValidationError", "Stack with id mine does not exist")])
    connection = connection_with(monkeypatch, Place(stack="mine"), cloudformation=cloudformation)

    with pytest.raises(AwsRefusedError, match="describe-stacks --stack-name mine"):
        _ = connection.controller


def test_throttled_is_not_absent(monkeypatch: pytest.MonkeyPatch):
    connection = connection_with(monkeypatch, cloudformation=Scripted(describe_stacks=[refusal("Throttling")]))

    with pytest.raises(AwsRefusedError):
        _ = connection.controller


def test_a_place_can_be_named_again():
    place = Place("dev", "eu-west-1", "http://127.0.0.1:4566", "mine")

    assert place.options == " --profile dev --region eu-west-1 --endpoint-url http://127.0.0.1:4566 --stack mine"
    assert Place().options == ""


def test_the_ordinary_settings_reach_the_embedded_aws(ground: Ground):
    """AWS_ENDPOINT_URL, Region and credentials are in the environment here."""
    connection = Connection(Place())

    assert connection.controller.table == ground.rig.controller.table
    assert connection.controller.machine == ground.rig.controller.machine_arn
    assert connection.again().records.read_lock("orders").target == "orders"


def test_an_endpoint_a_region_and_a_profile_may_be_named(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    url = ground.aws.endpoint_url
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    connection = Connection(Place(region="eu-west-1", endpoint_url=url))

    assert connection.region == "eu-west-1"
    assert connection.client("ssm").meta.endpoint_url == url
    assert connection.controller.table == ground.rig.controller.table


def test_an_account_without_a_controller_says_where_it_was_looked_for(ground: Ground):
    value = ground.aws.client("ssm").get_parameter(Name="/canary/controller")["Parameter"]["Value"]
    ground.aws.client("ssm").delete_parameter(Name="/canary/controller")
    try:
        with pytest.raises(CommandError, match="no canary controller is deployed in Region eu-west-1"):
            _ = Connection(Place()).controller
    finally:
        ground.aws.client("ssm").put_parameter(Name="/canary/controller", Type="String", Value=value)


def test_the_command_writes_to_no_target(ground: Ground):
    connection = Connection(Place())
    shifter = connection.shifter(ground.rig.target)

    assert set(shifter.read_live().live) == {"orders-read", "orders-write"}
    assert set(connection.shifter(ground.ship).read_live().live) == {f.name for f in ground.ship.functions}
    with pytest.raises(ReadOnlyError, match="only read"):
        shifter.make(PointAlias("orders-read", "live", "2"), Intent({}))
