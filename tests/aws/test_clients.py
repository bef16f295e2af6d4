"""Clients are created once, have time limits, and name their task."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from canary.aws.clients import Clients, session_in
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.refusals import Refusals
from canary.rules.targets.target import Target
from demo.sample import create_role
from embedded_aws.shortcut import INSIDE
from tests.tasks.walk import Ground

OWN = {"dynamodb": "dynamodb", "events": "events", "ssm": "ssm", "stepfunctions": "stepfunctions", "sts": "sts"}
OF_TARGETS = {"apigateway": "apigateway", "lambda_": "lambda", "cloudwatch": "cloudwatch", "logs": "logs"}
PLAIN = Target("orders", (), STANDARD)
OTHERS = replace(PLAIN, name="billing", role_arn="arn:aws:iam::123456789012:role/canary/billing")


def some_clients() -> Clients:
    return Clients(task="Test", region="eu-west-1", endpoint_url="http://127.0.0.1:1")


@pytest.mark.parametrize(("attribute", "service"), OWN.items())
def test_each_service_has_its_client_bounded_and_named(attribute: str, service: str):
    clients = some_clients()
    assert getattr(clients, attribute) is getattr(clients, attribute)
    check_client(getattr(clients, attribute), service)


@pytest.mark.parametrize("target", [PLAIN, OTHERS], ids=["own credentials", "the target's role"])
@pytest.mark.parametrize(("attribute", "service"), OF_TARGETS.items())
def test_each_target_has_its_clients(attribute: str, service: str, target: Target):
    clients = some_clients()
    assert getattr(clients.of(target), attribute) is getattr(clients.of(target), attribute)
    check_client(getattr(clients.of(target), attribute), service)


def test_targets_share_clients_only_with_their_role():
    clients = some_clients()
    assert clients.of(PLAIN) is clients.of(replace(PLAIN, name="shipping"))
    assert clients.of(PLAIN) is not clients.of(OTHERS)
    drilled = replace(OTHERS, refused=Refusals(0.0, 60.0))
    assert clients.of(drilled) is clients.of(replace(drilled))
    assert clients.of(drilled) is not clients.of(OTHERS)


def test_a_target_with_a_role_is_read_with_its_credentials(ground: Ground):
    tools_of_test = Clients(task="Test", region=ground.aws.region, endpoint_url=INSIDE)
    role = create_role(ground.aws.client, "clients-of-orders", "lambda.amazonaws.com")
    client = tools_of_test.of(replace(PLAIN, role_arn=role)).cloudwatch

    client.describe_alarms(AlarmNames=["none"])
    credentials = client._request_signer._credentials
    assert credentials.method == "assume-role"
    assert credentials.token
    assert not credentials.refresh_needed()


def test_the_session_of_a_drill_is_refused_calls_for_as_long_as_it_says(ground: Ground):
    role = create_role(ground.aws.client, "clients-of-a-drill", "lambda.amazonaws.com")
    target = replace(ground.rig.target, role_arn=role)
    begins = ground.aws.clock.now() + 60
    drilled = replace(target, refused=Refusals(begins, begins + 60))
    clients = Clients(task="Test", region=ground.aws.region, endpoint_url=INSIDE)
    names = {"restApiId": target.stage.rest_api_id, "stageName": target.stage.stage_name}

    def describe(target: Target) -> None:
        change = [{"op": "replace", "path": "/description", "value": "as before"}]
        clients.of(target).apigateway.update_stage(**names, patchOperations=change)

    describe(drilled)
    ground.aws.clock.run_for(61)
    with pytest.raises(ClientError, match="with an explicit deny in a session policy"):
        describe(drilled)
    describe(target)
    ground.aws.clock.run_for(60)
    describe(drilled)


def check_client(client: Any, service: str) -> None:
    assert client.meta.service_model.service_name == service
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert "canary/Test" in config.user_agent


def test_a_process_has_one_session_for_a_region():
    assert session_in("eu-west-1") is session_in("eu-west-1")
    assert session_in("eu-west-1") is not session_in("us-east-1")
