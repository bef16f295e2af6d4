"""API Gateway's role for logs: read first, set only if there is none, and reported before anything is created."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk import aws_apigateway as apigateway
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from canary_cdk.controlled_stage import ControlledStage
from canary_cdk.lambdas.ownership import log_role, stages
from canary_cdk.lambdas.ownership.account import Account
from canary_cdk.lambdas.ownership.refusal import TemplateRefusedError
from canary_cdk.rest_api import CanaryRestApi
from demo.guest import CONTROLLER
from demo.sample import create_sample
from embedded_aws.embedded import EmbeddedAws
from tests.infra.templates import text
from tests.infra.test_versioned_function import a_stack, synthesise

pytestmark = pytest.mark.slow

OURS, THEIRS = (f"arn:aws:iam::123456789012:role/{name}" for name in ("ours", "theirs"))
LOG = {"DestinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/apigw/next", "Format": "$context.requestId"}
BELOW = "arn:<Partition>:apigateway:<Region>::"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(guest=CONTROLLER) as opened:
        yield opened


@pytest.fixture
def gateway(aws: EmbeddedAws) -> Any:
    return aws.client("apigateway")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which are not actually made."""
    made: list[float] = []
    monkeypatch.setattr(log_role.time, "sleep", made.append)
    return made


def set_role(gateway: Any, role: str) -> None:
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])


def role_of(gateway: Any) -> str | None:
    return gateway.get_account().get("cloudwatchRoleArn")


def refused(gateway: Any, times: int) -> Stubber:
    """API Gateway's answers while it cannot assume the role."""
    stubber = Stubber(gateway)
    stubber.add_response("get_account", {})
    for _ in range(times):
        stubber.add_client_error("update_account", "BadRequestException", http_status_code=400)
    return stubber


class TestFunction:
    def test_a_role_that_is_there_is_kept(self, gateway: Any) -> None:
        set_role(gateway, THEIRS)
        log_role.require(gateway, {"AccessLogSetting": LOG, "LogRoleArn": OURS})

        assert role_of(gateway) == THEIRS

    def test_where_there_is_none_the_stacks_role_is_set(self, gateway: Any) -> None:
        log_role.require(gateway, {"AccessLogSetting": LOG, "LogRoleArn": OURS})

        assert role_of(gateway) == OURS

    def test_without_either_the_deploy_says_what_to_do_before_a_stage_is_made(self, aws: EmbeddedAws, gateway: Any) -> None:
        stage = create_sample(aws.client).stage
        properties = {"RestApiId": stage.rest_api_id, "StageName": "next", "DeploymentId": "d", "AccessLogSetting": LOG}
        with pytest.raises(TemplateRefusedError, match=r"no role for CloudWatch .* log_role=True .* update-account"):
            stages.create(Account(aws.client, "stack"), properties)

        assert [one["stageName"] for one in gateway.get_stages(restApiId=stage.rest_api_id)["item"]] == ["prod"]

    def test_a_stage_without_a_log_needs_none(self, gateway: Any) -> None:
        log_role.require(gateway, {})

        assert role_of(gateway) is None

    def test_a_role_that_cannot_be_assumed_yet_is_waited_for(self, gateway: Any, waits: list[float]) -> None:
        stubber = refused(gateway, 3)
        stubber.add_response("update_account", {"cloudwatchRoleArn": OURS})
        with stubber:
            log_role.require(gateway, {"AccessLogSetting": LOG, "LogRoleArn": OURS})
            stubber.assert_no_pending_responses()

        assert waits == [5, 5, 5]

    def test_a_role_that_stays_refused_is_an_error(self, gateway: Any, waits: list[float]) -> None:
        with refused(gateway, log_role.TRIES), pytest.raises(ClientError, match="BadRequestException"):
            log_role.require(gateway, {"AccessLogSetting": LOG, "LogRoleArn": OURS})

        assert len(waits) == log_role.TRIES - 1


class TestTemplate:
    def made(self, **options: Any) -> Any:
        stack = a_stack()
        api = CanaryRestApi(stack, "Api", **options)
        api.root.add_method("GET")
        return synthesise(stack)

    def test_the_role_is_one_that_api_gateway_takes_and_outlives_the_stack(self) -> None:
        template = self.made(log_role=True)
        ((name, role),) = [
            (name, one) for name, one in template.of_type("AWS::IAM::Role").items() if "ManagedPolicyArns" in one
        ]

        assert [text(one) for one in role["ManagedPolicyArns"]] == [
            "arn:<Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        ]
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "apigateway.amazonaws.com"}
        assert template.resources[name]["DeletionPolicy"] == "Retain"
        assert text(template.only("Custom::ControlledStage")["LogRoleArn"]) == f"<{name}.Arn>"
        (owner,) = [one for one in template.of_type("AWS::IAM::Role") if one.startswith("CanaryOwnership")]
        assert {("apigateway:PATCH", f"{BELOW}/account"), ("iam:PassRole", f"<{name}.Arn>")} <= template.allowed(owner)

    def test_without_the_option_the_account_is_only_read(self) -> None:
        template = self.made()
        (owner,) = template.of_type("AWS::IAM::Role")
        allowed = template.allowed(owner)

        assert ("apigateway:GET", f"{BELOW}/account") in allowed
        assert not {one for one in allowed if one[0] == "iam:PassRole" or one == ("apigateway:PATCH", f"{BELOW}/account")}
        assert "LogRoleArn" not in template.only("Custom::ControlledStage")

    def test_two_stages_of_a_stack_share_the_role(self) -> None:
        stack = a_stack()
        for name in ("One", "Two"):
            api = apigateway.RestApi(stack, name, deploy=False, cloud_watch_role=False)
            api.root.add_method("GET")
            ControlledStage(stack, f"{name}Stage", rest_api=api, log_role=True)

        assert len([one for one in synthesise(stack).of_type("AWS::IAM::Role").values() if "ManagedPolicyArns" in one]) == 1
