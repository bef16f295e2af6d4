import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs

from canary.rules.targets.access_log import LOG_FORMAT, find_misfit
from canary_cdk.controlled_stage import ELSEWHERE, OPTIONS, ControlledStage, StageError
from canary_cdk.lambdas.ownership.settings import METHOD_SETTINGS, SCALARS
from canary_cdk.rest_api import CanaryRestApi
from canary_cdk.versioned_function import VersionedFunction
from tests.infra.templates import Template, text
from tests.infra.test_versioned_function import a_function, a_stack, synthesise

pytestmark = pytest.mark.slow

STAGE = "Custom::ControlledStage"
EVERYTHING = apigateway.StageOptions(
    cache_cluster_enabled=True,
    cache_cluster_size="0.5",
    cache_data_encrypted=True,
    cache_ttl=cdk.Duration.minutes(1),
    caching_enabled=True,
    data_trace_enabled=False,
    description="the shop's",
    logging_level=apigateway.MethodLoggingLevel.ERROR,
    method_options={"/orders/GET": apigateway.MethodDeploymentOptions(throttling_rate_limit=5)},
    metrics_enabled=True,
    throttling_burst_limit=20,
    throttling_rate_limit=10,
    tracing_enabled=False,
    variables={"greeting": "hello"},
)


def an_api(stack: cdk.Stack, **more: Any) -> CanaryRestApi:
    """An API with a method and its function."""
    api = CanaryRestApi(stack, "Api", **more)
    versioned = VersionedFunction(stack, "Versioned", function=a_function(stack))
    api.root.add_resource("orders").add_method("GET", api.integration_for(versioned))
    return api


@pytest.fixture(scope="module")
def template() -> Template:
    stack = a_stack()
    api = an_api(stack)
    cdk.CfnOutput(stack, "Url", value=api.url)
    return synthesise(stack)


@pytest.fixture(scope="module")
def full() -> Template:
    stack = a_stack()
    an_api(
        stack, stage_options=EVERYTHING, stage_name="live-1", take_over_stage=True, cloud_watch_role=True, description="ours"
    )
    return synthesise(stack)


def test_a_call_goes_to_the_alias_that_the_stage_variable_names(template: Template) -> None:
    uri = text(template.only("AWS::ApiGateway::Method")["Integration"]["Uri"])

    assert uri.endswith(".Arn>:${stageVariables.lambdaAlias}/invocations")
    assert uri.startswith("arn:<Partition>:apigateway:<Region>:lambda:path/2015-03-31/functions/<Read")


def test_the_base_calls_the_live_alias(template: Template) -> None:
    assert template.only(STAGE)["Variables"] == {"lambdaAlias": "live"}


def test_the_stage_begins_on_a_deployment_that_waits_for_every_method(template: Template) -> None:
    bootstrap = template.only(STAGE)["DeploymentId"]["Ref"]

    assert set(template.of_type("AWS::ApiGateway::Method")) <= set(template.resources[bootstrap]["DependsOn"])
    assert template.resources[bootstrap]["DeletionPolicy"] == "Retain"


def test_nothing_of_the_api_is_part_of_the_first_deployments_name(template: Template, full: Template) -> None:
    assert template.of_type("AWS::ApiGateway::Deployment") == full.of_type("AWS::ApiGateway::Deployment")


def test_the_access_log_is_one_that_is_judged(template: Template) -> None:
    log = template.only(STAGE)["AccessLogSetting"]
    group = log["DestinationArn"]["Fn::GetAtt"][0]

    assert log["Format"] == LOG_FORMAT
    assert find_misfit(log["Format"]) is None
    assert template.resources[group]["Properties"]["RetentionInDays"] == 90


def test_requests_are_traced_unless_the_app_says_no(template: Template, full: Template) -> None:
    assert template.only(STAGE)["TracingEnabled"] is True
    assert full.only(STAGE)["TracingEnabled"] is False


def test_the_accounts_role_is_left_alone_unless_it_is_asked_for(template: Template, full: Template) -> None:
    assert template.of_type("AWS::ApiGateway::Account") == {}
    assert len(full.of_type("AWS::ApiGateway::Account")) == 1


def test_the_url_is_that_of_the_stage(template: Template) -> None:
    (stage,) = template.of_type(STAGE)

    assert text(template.body["Outputs"]["Url"]["Value"]).endswith(f"/<{stage}>/")


def test_the_owner_may_manage_this_stage_and_nothing_else_of_the_api(template: Template) -> None:
    (owner,) = [name for name in template.of_type("AWS::IAM::Role") if name.startswith("CanaryOwnership")]
    (api,) = template.of_type("AWS::ApiGateway::RestApi")
    below = "arn:<Partition>:apigateway:<Region>::"
    encoded = f"arn%3A<Partition>%3Aapigateway%3A<Region>%3A%3A%2Frestapis%2F<{api}>%2Fstages%2Fprod"

    assert {one for one in template.allowed(owner) if one[0].startswith("apigateway")} == {
        ("apigateway:GET", f"{below}/restapis/<{api}>/stages/prod"),
        ("apigateway:GET", f"{below}/restapis/*/stages"),
        ("apigateway:GET", f"{below}/restapis/*/stages/*/exports/oas30"),
        ("apigateway:PATCH", f"{below}/restapis/<{api}>/stages/prod"),
        ("apigateway:DELETE", f"{below}/restapis/<{api}>/stages/prod"),
        ("apigateway:POST", f"{below}/restapis/<{api}>/stages"),
        ("apigateway:PUT", f"{below}/tags/{encoded}"),
        ("apigateway:DELETE", f"{below}/tags/{encoded}"),
        ("apigateway:GET", f"{below}/account"),
    }


def test_every_setting_of_cdks_reaches_the_function_that_makes_the_stage(full: Template) -> None:
    stage = full.only(STAGE)
    handled = {*SCALARS, "Variables", "AccessLogSetting", "MethodSettings", "Tags"}
    needed = {"RestApiId", "StageName", "DeploymentId", "Arn", "AliasVariable", "ServiceToken", "ServiceTimeout", "TakeOver"}
    settings = {name for entry in stage["MethodSettings"] for name in entry} - {"HttpMethod", "ResourcePath"}

    assert stage.keys() - needed <= handled
    assert settings == {*METHOD_SETTINGS}
    assert stage["Variables"] == {"greeting": "hello", "lambdaAlias": "live"}
    assert (stage["StageName"], stage["TakeOver"]) == ("live-1", "true")


def test_every_option_of_a_stage_of_cdks_is_either_taken_or_refused() -> None:
    options = {name for name in vars(apigateway.StageOptions) if not name.startswith("_")}

    assert options == {*OPTIONS, *ELSEWHERE, "variables"}


def test_an_api_of_a_definition_gets_a_stage_too() -> None:
    stack = a_stack()
    definition = apigateway.ApiDefinition.from_inline(
        {"openapi": "3.0.1", "paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}}}
    )
    api = apigateway.SpecRestApi(stack, "Api", api_definition=definition, deploy=False)
    group = logs.LogGroup(stack, "Log")
    stage = ControlledStage(stack, "Prod", rest_api=api, alias_variable="alias", live="blue", access_log_group=group)

    template = synthesise(stack)

    assert template.only(STAGE)["Variables"] == {"alias": "blue"}
    assert stage.access_log_group is group
    assert len(template.of_type("AWS::Logs::LogGroup")) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"variables": {"lambdaAlias": "canary"}},
            "the stage variable lambdaAlias is 'canary', but it names base's alias",
        ),
        ({"variables": {"my_name": "x"}}, "a canary cannot override the stage variable my_name='x'"),
        ({"variables": {"a": "{}"}}, "a canary cannot override the stage variable a='{}'"),
        ({"client_certificate_id": "abc"}, "client_certificate_id is not accepted among a stage's options; set it with"),
        (
            {"access_log_format": apigateway.AccessLogFormat.clf()},
            "access_log_format is not accepted among a stage's options; give access_log_format outside",
        ),
    ],
)
def test_what_the_controller_could_not_keep_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(StageError) as raised:
        CanaryRestApi(a_stack(), "Api", stage_options=apigateway.StageOptions(**options))

    assert str(raised.value).startswith(message)


def test_a_variable_of_another_stack_is_taken_as_it_comes() -> None:
    stack = a_stack()
    an_api(stack, stage_options=apigateway.StageOptions(variables={"place": stack.region}))

    assert synthesise(stack).only(STAGE)["Variables"]["place"] == {"Ref": "AWS::Region"}


def test_a_log_that_could_not_be_judged_is_refused_with_the_line_to_write() -> None:
    with pytest.raises(StageError, match="it needs isCanary as "):
        CanaryRestApi(a_stack(), "Api", access_log_format=json.dumps({"id": "$context.requestId"}))


def test_an_api_that_deploys_itself_is_refused() -> None:
    stack = a_stack()
    api = apigateway.RestApi(stack, "Api")

    with pytest.raises(StageError, match=r"the API shop/Api deploys itself.*give it deploy=False"):
        ControlledStage(stack, "Stage", rest_api=api)


@pytest.mark.parametrize("names", [{"live": "production"}, {"canary": None}])
def test_a_function_without_the_stages_aliases_is_refused(names: dict[str, Any]) -> None:
    stack = a_stack()
    api = CanaryRestApi(stack, "Api")
    versioned = VersionedFunction(stack, "Versioned", function=a_function(stack), **names)

    with pytest.raises(StageError, match="give all functions the same two alias names"):
        api.integration_for(versioned)


def test_functions_may_live_in_a_stack_of_their_own() -> None:
    app = cdk.App()
    functions, apis = cdk.Stack(app, "functions"), cdk.Stack(app, "apis")
    versioned = VersionedFunction(functions, "Versioned", function=a_function(functions))
    api = CanaryRestApi(apis, "Api")
    api.root.add_method("GET", api.integration_for(versioned), api_key_required=False)

    template = synthesise(apis)

    assert len(template.of_type("Custom::ControlledPermission")) == 2
    assert [stack.stack_name for stack in apis.dependencies] == ["functions"]
    assert functions.dependencies == []


def test_an_integrations_own_options_are_kept() -> None:
    stack = a_stack()
    api = CanaryRestApi(stack, "Api")
    versioned = VersionedFunction(stack, "Versioned", function=a_function(stack))
    options = apigateway.IntegrationOptions(timeout=cdk.Duration.seconds(5))

    api.root.add_method("GET", api.integration_for(versioned, options=options))

    assert synthesise(stack).only("AWS::ApiGateway::Method")["Integration"]["TimeoutInMillis"] == 5000


def test_an_authorizer_calls_the_alias_that_the_stage_variable_names_and_may() -> None:
    stack = a_stack()
    api = CanaryRestApi(stack, "Api")
    api.root.add_method("GET")
    versioned = VersionedFunction(stack, "Versioned", function=a_function(stack))
    uri = api.authorizer_uri_for(versioned)
    apigateway.CfnAuthorizer(stack, "Auth", rest_api_id=api.rest_api_id, name="auth", type="TOKEN", authorizer_uri=uri)

    template = synthesise(stack)

    found = text(template.only("AWS::ApiGateway::Authorizer")["AuthorizerUri"])
    assert found.startswith("arn:<Partition>:apigateway:<Region>:lambda:path/2015-03-31/functions/<Read")
    assert found.endswith(".Arn>:${stageVariables.lambdaAlias}/invocations")
    assert len(template.of_type("Custom::ControlledPermission")) == 2
