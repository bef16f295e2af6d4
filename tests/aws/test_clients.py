"""Clients are made once, bounded in time, and name their task."""

import pytest

from canary.aws.clients import Clients, session_in

SERVICES = {
    "apigateway": "apigateway",
    "lambda_": "lambda",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
}


@pytest.mark.parametrize(("attribute", "service"), SERVICES.items())
def test_each_service_has_its_client_bounded_and_named(attribute: str, service: str):
    clients = Clients(task="Test", region="eu-west-1", endpoint_url="http://127.0.0.1:1")
    client = getattr(clients, attribute)

    assert client is getattr(clients, attribute)
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
