import importlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest
from botocore.exceptions import ClientError

from embedded_aws.apigateway.stages.control_plane import Moment, StageSettings
from embedded_aws.moto_seams import apigateway as seam
from tests.embedded_aws.apigateway.gateway_server import GatewayServer, gateway_server

CANARY = {"percentTraffic": 25, "stageVariableOverrides": {"lambdaAlias": "canary"}}
REMOVE = {"op": "remove", "path": "/canarySettings"}


@pytest.fixture(scope="module")
def shared() -> Iterator[GatewayServer]:
    with gateway_server() as server:
        yield server


@pytest.fixture
def aws(shared) -> GatewayServer:
    shared.reset()
    return shared


@pytest.fixture
def api(aws) -> str:
    """An API with the stage prod on its first deployment."""
    api_id = aws.create_api()
    variables = {"lambdaAlias": "live", "region": "eu"}
    aws.client.create_deployment(restApiId=api_id, stageName="prod", variables=variables)
    aws.changes.clear()
    return api_id


def put(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def patch(aws: GatewayServer, api: str, *operations: dict[str, str]) -> dict:
    return aws.client.update_stage(restApiId=api, stageName="prod", patchOperations=list(operations))


def refused(call, **arguments) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def settings(aws: GatewayServer, api: str) -> StageSettings:
    found = aws.gateway.settings(api, "prod")
    assert found is not None
    return found


def template(aws: GatewayServer, api: str, arm: str) -> str:
    """The mock answer that an arm of prod serves."""
    integration = getattr(settings(aws, api), arm).definition.methods[0].integration
    return integration.responses["200"].templates["application/json"]


# Snapshots.


def test_a_deployment_keeps_the_definition_it_was_made_from(aws, api) -> None:
    aws.put_answer(api, {"message": "edited"})
    assert template(aws, api, "base") == '{"message": "first"}'
    aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)
    aws.put_answer(api, {"message": "edited again"})
    assert template(aws, api, "base") == '{"message": "first"}'
    assert template(aws, api, "canary") == '{"message": "edited"}'


def test_a_deployment_without_a_stage_reaches_no_traffic(aws, api) -> None:
    before = settings(aws, api)
    deployment = aws.client.create_deployment(restApiId=api, description="rollout 7")
    assert settings(aws, api) is before
    assert aws.changes == []
    found = aws.client.get_deployment(restApiId=api, deploymentId=deployment["id"], embed=["apisummary"])
    assert found["description"] == "rollout 7"
    assert found["apiSummary"] == {"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}


def test_a_definition_is_edited_by_patches_and_never_by_half(aws, api) -> None:
    method = {"restApiId": api, "resourceId": aws.root_of(api), "httpMethod": "GET"}
    uri = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/orders/invocations"
    aws.client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    uri = uri.replace("orders", "others")
    operations = [put("/uri", uri), put("/timeoutInMillis", "1000"), put("/requestTemplates/application~1json", "{}")]
    integration = aws.client.update_integration(**method, patchOperations=operations)
    assert (integration["uri"], integration["timeoutInMillis"]) == (uri, 1000)
    assert integration["requestTemplates"] == {"application/json": "{}"}
    wrong = [put("/uri", "arn:aws:elsewhere"), put("/requestTemplates/text~1plain", "x"), put("/type", "MOCK")]
    answer = refused(aws.client.update_integration, **method, patchOperations=wrong)
    assert answer == (400, "BadRequestException", "Invalid patch path /type")
    after = aws.client.get_integration(**method)
    assert (after["uri"], after["requestTemplates"]) == (uri, {"application/json": "{}"})
    changed = aws.client.update_method(**method, patchOperations=[put("/apiKeyRequired", "true")])
    assert changed["apiKeyRequired"] is True
    answer = refused(aws.client.update_method, **method, patchOperations=[{"op": "remove", "path": "/apiKeyRequired"}])
    assert answer[2] == "Invalid patch operation specified. Must be one of: [replace]"


def test_a_method_without_an_integration_keeps_its_api_from_being_deployed(aws, api) -> None:
    aws.client.put_method(restApiId=api, resourceId=aws.root_of(api), httpMethod="PUT", authorizationType="NONE")
    answer = refused(aws.client.create_deployment, restApiId=api)
    assert answer == (400, "BadRequestException", "No integration defined for method")


def test_resources_show_methods_and_integrations_when_asked_to(aws, api) -> None:
    bare = aws.client.get_resources(restApiId=api)["items"]
    assert bare[0]["resourceMethods"] == {"GET": {}}
    full = aws.client.get_resources(restApiId=api, embed=["methods"])["items"]
    method = full[0]["resourceMethods"]["GET"]
    assert method["authorizationType"] == "NONE"
    assert method["methodIntegration"]["type"] == "MOCK"
    assert method["methodIntegration"]["integrationResponses"]["200"]["responseTemplates"] == {
        "application/json": '{"message": "first"}'
    }


def test_an_api_without_methods_or_integrations_is_not_deployed(aws) -> None:
    api = aws.client.create_rest_api(name="empty")["id"]
    answer = refused(aws.client.create_deployment, restApiId=api)
    assert answer == (400, "BadRequestException", "The REST API doesn't contain any methods")
    aws.client.put_method(restApiId=api, resourceId=aws.root_of(api), httpMethod="GET", authorizationType="NONE")
    assert refused(aws.client.create_deployment, restApiId=api)[2] == "No integration defined for method"


# What the data plane gets.


def test_a_canary_sees_the_stage_variables_that_it_does_not_override(aws, api) -> None:
    deployment = aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)
    now = settings(aws, api)
    assert now.percent == 25.0
    assert now.canary is not None
    assert now.canary.deployment_id == deployment["id"] != now.base.deployment_id
    assert dict(now.canary.variables) == {"lambdaAlias": "canary", "region": "eu"}
    assert dict(now.base.variables) == {"lambdaAlias": "live", "region": "eu"}


def test_listeners_hear_of_a_change_while_the_old_settings_hold_and_again_when_the_new_do(aws, api) -> None:
    seen = []
    aws.gateway.settings_changed(lambda *change: seen.append((*change, aws.gateway.settings(*change[:2]))))
    before = settings(aws, api)
    patch(aws, api, put("/canarySettings/percentTraffic", "10"))
    assert seen == [(api, "prod", Moment.BEFORE, before), (api, "prod", Moment.AFTER, settings(aws, api))]
    assert settings(aws, api).percent == 10


def test_changes_that_traffic_cannot_see_or_that_are_refused_call_no_listener(aws, api) -> None:
    before = settings(aws, api)
    patch(aws, api, put("/description", "production"), put("/tracingEnabled", "true"))
    operations = [put("/canarySettings/percentTraffic", "10"), put("/canarySettings/deploymentId", "nosuch")]
    answer = refused(aws.client.update_stage, restApiId=api, stageName="prod", patchOperations=operations)
    assert answer == (400, "BadRequestException", "Deployment id does not exist")
    assert aws.changes == []
    assert settings(aws, api) is before
    assert "canarySettings" not in aws.client.get_stage(restApiId=api, stageName="prod")


def test_a_deleted_stage_has_no_settings(aws, api) -> None:
    aws.client.delete_stage(restApiId=api, stageName="prod")
    assert aws.gateway.settings(api, "prod") is None
    assert [change[2] for change in aws.changes] == [Moment.BEFORE, Moment.AFTER]
    answer = refused(aws.client.delete_stage, restApiId=api, stageName="prod")
    assert answer == (404, "NotFoundException", "Invalid stage identifier specified")


def test_a_deleted_api_takes_its_stages_along(aws, api) -> None:
    aws.client.delete_rest_api(restApiId=api)
    assert aws.gateway.settings(api, "prod") is None
    assert aws.changes == [(api, "prod", Moment.BEFORE), (api, "prod", Moment.AFTER)]
    assert refused(aws.client.delete_rest_api, restApiId=api)[0] == 404


def test_an_arm_uses_the_cache_only_where_there_is_a_cluster(aws, api) -> None:
    stage = patch(aws, api, put("/canarySettings/useStageCache", "true"))
    assert "cacheClusterSize" not in stage
    now = settings(aws, api)
    assert now.canary is not None
    assert (now.has_cache_cluster, now.base.uses_cache, now.canary.uses_cache) == (False, False, False)
    stage = patch(aws, api, put("/cacheClusterEnabled", "true"), put("/cacheClusterSize", "1.6"))
    assert (stage["cacheClusterStatus"], stage["cacheClusterSize"]) == ("AVAILABLE", "1.6")
    now = settings(aws, api)
    assert now.canary is not None
    assert (now.has_cache_cluster, now.base.uses_cache, now.canary.uses_cache) == (True, True, True)
    patch(aws, api, put("/canarySettings/useStageCache", "false"))
    now = settings(aws, api)
    assert now.canary is not None
    assert (now.base.uses_cache, now.canary.uses_cache) == (True, False)


def test_access_log_settings_reach_the_data_plane(aws, api) -> None:
    patch(aws, api, put("/accessLogSettings/destinationArn", "arn"), put("/accessLogSettings/format", "$context.requestId"))
    log = settings(aws, api).access_log
    assert log is not None
    assert (log.destination_arn, log.format) == ("arn", "$context.requestId")


def test_patches_at_once_all_take_effect(aws, api) -> None:
    names = [f"name{number}" for number in range(12)]
    aws.pause = 0.002

    def set_variable(name: str) -> None:
        aws.gateway.update_stage(api, "prod", [put(f"/variables/{name}", "x")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(set_variable, names))
    assert set(names) < set(settings(aws, api).base.variables)


def test_a_reset_forgets_stages_and_deployments(aws, api) -> None:
    aws.gateway.reset()
    assert aws.gateway.settings(api, "prod") is None
    assert (aws.gateway.stages(api), aws.gateway.deployments(api)) == ([], [])


# Deployments on stages.


def test_a_plain_deployment_moves_the_stage_and_keeps_its_settings(aws, api) -> None:
    patch(aws, api, put("/*/*/throttling/rateLimit", "5"), put("/description", "production"))
    aws.time += 60
    deployment = aws.client.create_deployment(restApiId=api, stageName="prod")
    stage = aws.client.get_stage(restApiId=api, stageName="prod")
    assert stage["deploymentId"] == deployment["id"]
    assert stage["variables"] == {"lambdaAlias": "live", "region": "eu"}
    assert stage["description"] == "production"
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 5.0
    assert (stage["lastUpdatedDate"] - stage["createdDate"]).total_seconds() == 60


def test_a_deployment_makes_the_stage_it_names(aws) -> None:
    api = aws.create_api()
    aws.client.create_deployment(
        restApiId=api,
        stageName="prod",
        stageDescription="production",
        description="first",
        cacheClusterEnabled=True,
        tracingEnabled=True,
    )
    stage = aws.client.get_stage(restApiId=api, stageName="prod")
    assert (stage["description"], stage["tracingEnabled"], stage["cacheClusterSize"]) == ("production", True, "0.5")
    assert "variables" not in stage


def test_a_second_canary_deployment_replaces_the_whole_canary(aws, api) -> None:
    aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)
    second = {"percentTraffic": 1.5, "stageVariableOverrides": {"region": "us"}, "useStageCache": True}
    deployment = aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=second)
    stage = aws.client.get_stage(restApiId=api, stageName="prod")
    assert stage["canarySettings"] == {**second, "deploymentId": deployment["id"]}
    assert stage["deploymentId"] != deployment["id"]


def test_a_refused_deployment_leaves_no_deployment(aws, api) -> None:
    aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)
    assert refused(aws.client.create_deployment, restApiId=api, stageName="prod")[0] == 400
    assert len(aws.client.get_deployments(restApiId=api)["items"]) == 2


def test_a_canary_of_a_new_stage_is_on_its_own_deployment_unless_told(aws, api) -> None:
    deployment = aws.client.create_deployment(restApiId=api)["id"]
    stage = aws.client.create_stage(
        restApiId=api, stageName="beta", deploymentId=deployment, canarySettings={}, tags={"team": "orders"}
    )
    assert stage["canarySettings"] == {"deploymentId": deployment, "percentTraffic": 0.0, "useStageCache": False}
    assert aws.client.get_stage(restApiId=api, stageName="beta")["tags"] == {"team": "orders"}


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 129, ""])
def test_a_stage_name_is_checked(aws, api, name) -> None:
    deployment = aws.client.get_deployments(restApiId=api)["items"][0]["id"]
    answer = refused(aws.client.create_stage, restApiId=api, stageName=name, deploymentId=deployment)
    assert answer == (400, "BadRequestException", "Stage name only allows a-zA-Z0-9_")


def test_a_deployments_description_can_be_changed(aws, api) -> None:
    deployment = aws.client.get_deployments(restApiId=api)["items"][0]
    assert "description" not in deployment
    where = {"restApiId": api, "deploymentId": deployment["id"]}
    aws.client.update_deployment(**where, patchOperations=[put("/description", "promoted")])
    assert aws.client.get_deployment(**where)["description"] == "promoted"


def test_deployments_come_in_pages(aws, api) -> None:
    made = [aws.client.get_deployments(restApiId=api)["items"][0]["id"]]
    made += [aws.client.create_deployment(restApiId=api)["id"] for _ in range(27)]
    assert len(aws.client.get_deployments(restApiId=api)["items"]) == 25
    pages = list(aws.client.get_paginator("get_deployments").paginate(restApiId=api, PaginationConfig={"PageSize": 10}))
    assert [len(page["items"]) for page in pages] == [10, 10, 8]
    assert [item["id"] for page in pages for item in page["items"]] == made


# What no record of AWS settles.


def test_a_question_that_no_record_settles_is_answered_501(aws, api) -> None:
    status, code, message = refused(aws.client.update_stage, restApiId=api, stageName="prod", patchOperations=[REMOVE])
    assert (status, code) == (501, "NotRecorded")
    assert message.startswith("not recorded (remove-absent-canary): how does UpdateStage answer")
    with aws.unknowns.answering("remove-absent-canary", "accepted"):
        assert patch(aws, api, REMOVE)["stageName"] == "prod"
    with aws.unknowns.answering("remove-absent-canary", "refused"):
        assert refused(aws.client.update_stage, restApiId=api, stageName="prod", patchOperations=[REMOVE])[0] == 400


def test_a_deployment_that_only_a_canary_uses_is_a_question(aws, api) -> None:
    deployment = aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)["id"]
    delete = {"call": aws.client.delete_deployment, "restApiId": api, "deploymentId": deployment}
    assert refused(**delete)[:2] == (501, "NotRecorded")
    with aws.unknowns.answering("delete-canary-deployment", "refused"):
        assert refused(**delete)[2] == "Active stages pointing to this deployment must be moved or deleted"
    before = settings(aws, api)
    with aws.unknowns.answering("delete-canary-deployment", "accepted"):
        aws.client.delete_deployment(restApiId=api, deploymentId=deployment)
    assert refused(aws.client.get_deployment, restApiId=api, deploymentId=deployment)[0] == 404
    patch(aws, api, put("/canarySettings/percentTraffic", "50"))
    assert settings(aws, api).canary == before.canary
    copy = {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
    answer = refused(aws.client.update_stage, restApiId=api, stageName="prod", patchOperations=[copy])
    assert answer[2] == "Deployment id does not exist"


@pytest.mark.parametrize(
    ("answer", "variables", "description"),
    [
        ("merged", {"lambdaAlias": "next", "region": "eu"}, "new"),
        ("replaced", {"lambdaAlias": "next"}, "new"),
        ("ignored", {"lambdaAlias": "live", "region": "eu"}, None),
    ],
)
@pytest.mark.parametrize("canary", [{}, {"canarySettings": CANARY}])
def test_stage_fields_of_a_deployment_onto_an_existing_stage_are_a_question(
    aws, api, answer, variables, description, canary
) -> None:
    fields = {"variables": {"lambdaAlias": "next"}, "stageDescription": "new", **canary}
    assert refused(aws.client.create_deployment, restApiId=api, stageName="prod", **fields)[0] == 501
    with aws.unknowns.answering("stage-fields-on-existing-stage", answer):
        aws.client.create_deployment(restApiId=api, stageName="prod", **fields)
    stage = aws.client.get_stage(restApiId=api, stageName="prod")
    assert (stage["variables"], stage.get("description")) == (variables, description)


def test_stage_fields_that_change_nothing_are_no_question(aws, api) -> None:
    aws.client.create_deployment(
        restApiId=api,
        stageName="prod",
        variables={"lambdaAlias": "live", "region": "eu"},
        stageDescription="",
        cacheClusterEnabled=False,
        tracingEnabled=False,
    )
    assert len(aws.client.get_deployments(restApiId=api)["items"]) == 2


def test_listing_stages_by_a_canary_deployment_is_a_question(aws, api) -> None:
    deployment = aws.client.create_deployment(restApiId=api, stageName="prod", canarySettings=CANARY)["id"]
    assert refused(aws.client.get_stages, restApiId=api, deploymentId=deployment)[0] == 501
    for answer, count in (("included", 1), ("left-out", 0)):
        with aws.unknowns.answering("list-stages-by-canary-deployment", answer):
            assert len(aws.client.get_stages(restApiId=api, deploymentId=deployment)["item"]) == count


@pytest.mark.parametrize("percent", [-1, 100.5])
def test_a_percent_out_of_range_is_a_question_for_deployments_too(aws, api, percent) -> None:
    body = {"restApiId": api, "stageName": "prod", "canarySettings": {"percentTraffic": percent}}
    assert refused(aws.client.create_deployment, **body)[0] == 501
    with aws.unknowns.answering("malformed-value", "ignored"):
        aws.client.create_deployment(**body)
    assert settings(aws, api).percent == 0.0


# The seam.


def test_any_client_is_refused_a_number_where_a_string_belongs(aws, api) -> None:
    body = {"patchOperations": [{"op": "replace", "path": "/canarySettings/percentTraffic", "value": 25}]}
    scope = "Credential=test/20260101/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=x"
    with closing(HTTPConnection(aws.endpoint_url.removeprefix("http://"), timeout=60)) as connection:
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "Content-Type": "application/json"}
        connection.request("PATCH", f"/restapis/{api}/stages/prod", json.dumps(body), headers)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "SerializationException")
        assert answer.headers["x-amzn-requestid"]
        assert json.loads(answer.read())["message"].startswith("class com.amazon.coral")


def test_throttled_calls_say_when_to_come_back(aws, api) -> None:
    aws.throttles.turn_on("apigateway")
    aws.client.create_deployment(restApiId=api)
    with pytest.raises(aws.client.exceptions.TooManyRequestsException) as caught:
        aws.client.create_deployment(restApiId=api)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "5" == answer["retryAfterSeconds"]
    aws.client.get_stage(restApiId=api, stageName="prod")
    aws.time += 5
    aws.client.create_deployment(restApiId=api)
    assert len(aws.gateway.deployments(api)) == 3


def test_tags_of_a_stage_stay_with_moto(aws, api) -> None:
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api}/stages/prod"
    aws.client.tag_resource(resourceArn=arn, tags={"team": "orders"})
    assert aws.client.get_stage(restApiId=api, stageName="prod")["tags"] == {"team": "orders"}


def resolve(name: str) -> object:
    """The value under a dotted name in moto; the part before the last is a class."""
    module, owner, attribute = name.rsplit(".", 2)
    return getattr(getattr(importlib.import_module(module), owner), attribute, None)


@pytest.mark.parametrize("hook", seam.HOOKS)
def test_moto_still_has_what_is_replaced(hook) -> None:
    assert callable(resolve(hook)), f"moto no longer has {hook}; see where it went before pinning a newer moto"


def test_moto_is_as_before_once_the_seam_is_gone() -> None:
    names = seam.HOOKS + seam.ADDITIONS
    before = {name: resolve(name) for name in names}
    with gateway_server():
        assert all(resolve(name) is not before[name] for name in names)
    assert {name: resolve(name) for name in names} == before


@pytest.mark.parametrize("addition", seam.ADDITIONS)
def test_moto_still_lacks_what_is_added(addition) -> None:
    owner = importlib.import_module("moto.apigateway.responses").APIGatewayResponse
    name = addition.rsplit(".", 1)[1]
    if name in vars(owner):
        assert vars(owner)[name].__module__ == seam.__name__, f"moto now has {addition}; compare the two"
