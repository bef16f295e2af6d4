"""Who calls a function, read from what the stages of the stack's own API serve."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from canary_cdk.lambdas.ownership.account import Account
from canary_cdk.lambdas.ownership.callers import API_TYPE, CallerFinder
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws

pytestmark = pytest.mark.slow

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function"


class Api:
    """An API that a stack created; what it calls is set by hand."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.gateway = aws.client("apigateway")
        template = {"Resources": {"Api": {"Type": API_TYPE, "Properties": {"Name": "shop"}}}}
        stacks = aws.client("cloudformation")
        stack_id = stacks.create_stack(StackName="shop", TemplateBody=json.dumps(template))["StackId"]
        self.account = Account(aws.client, stack_id)
        (self.id,) = self.account.physical_ids(API_TYPE)
        root = self.gateway.get_resources(restApiId=self.id)["items"][0]["id"]
        self._place = {"restApiId": self.id, "resourceId": root, "httpMethod": "GET"}
        self.gateway.put_method(**self._place, authorizationType="NONE")

    def call(self, function: str) -> str:
        """Make the method call a function; returns the deployment that does."""
        uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}/invocations"
        self.gateway.put_integration(**self._place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        return str(self.gateway.create_deployment(restApiId=self.id)["id"])

    def serve(self, deployment: str) -> None:
        self.gateway.create_stage(restApiId=self.id, stageName="prod", deploymentId=deployment)

    def patch(self, **values: str) -> None:
        """Give the stage a canary."""
        operations = [{"op": "replace", "path": f"/canarySettings/{name}", "value": value} for name, value in values.items()]
        self.gateway.update_stage(restApiId=self.id, stageName="prod", patchOperations=operations)

    def find(self, function: str) -> str:
        return CallerFinder(self.account).find(function, [])


@pytest.fixture
def api() -> Iterator[Api]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Api(aws)


def test_a_deployment_calls_the_function_that_its_integration_names_and_no_other(api: Api) -> None:
    api.serve(api.call(f"{FUNCTION_ARN}:orders-read:${{stageVariables.lambdaAlias}}"))

    assert api.find("orders-read") == f"stage prod of API {api.id} serves a deployment that calls it"
    for other in ("orders", "orders-rea", "read", "orders-write"):
        assert api.find(other) == ""


def test_what_counts_is_what_a_stage_serves_and_not_what_comes_next(api: Api) -> None:
    served = api.call(f"{FUNCTION_ARN}:old")
    api.call(f"{FUNCTION_ARN}:new")
    assert api.find("old") == "", "no stage serves it"
    api.serve(served)

    assert api.find("old") != ""
    assert api.find("new") == ""


def test_under_a_canary_every_function_counts_as_called(api: Api) -> None:
    api.serve(api.call(f"{FUNCTION_ARN}:old"))
    api.patch(deploymentId=api.call(f"{FUNCTION_ARN}:new"), percentTraffic="10")

    assert api.find("new") == api.find("any") == f"stage prod of API {api.id} has a canary"


def test_a_function_that_a_variable_names_may_be_any(api: Api) -> None:
    api.serve(api.call(f"{FUNCTION_ARN}:${{stageVariables.function}}"))

    assert "serves a deployment that calls it" in api.find("orders-read")


def test_what_cannot_be_read_counts_as_a_call(api: Api) -> None:
    api.serve(api.call(f"{FUNCTION_ARN}:old"))
    gateway = api.gateway

    class Unreadable:
        """The API's client for a definition that API Gateway does not export."""

        def __getattr__(self, name: str) -> Any:
            return getattr(gateway, name)

        def get_export(self, **_given: Any) -> Any:
            error = {"Code": "BadRequestException", "Message": "Only found non-JSON body models"}
            raise gateway.exceptions.BadRequestException({"Error": error}, "GetExport")

    vars(api.account)["gateway"] = Unreadable()

    assert api.find("orders-read") == (
        f"stage prod of API {api.id} serves a deployment that cannot be read: Only found non-JSON body models"
    )


def test_an_api_that_is_gone_calls_nothing(api: Api) -> None:
    api.serve(api.call(f"{FUNCTION_ARN}:old"))
    api.gateway.delete_rest_api(restApiId=api.id)

    assert api.find("old") == ""
