"""What is counted: only this API and stage, every line, 4xx too, and nothing outside the rollout."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.access_log import LOG_FORMAT
from canary.rules.targets.target import Metrics, Outside, OutsideRoute, Stage
from demo.orders_traffic import OrdersTraffic
from embedded_aws.dataplane.traffic import Shape, Traffic
from tests.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.embedded import EmbeddedAws


def gateway(rig: Rig) -> Any:
    return rig.aws.client("apigateway")


def set_log_format(rig: Rig, text: str) -> None:
    operation = {"op": "replace", "path": "/accessLogSettings/format", "value": text}
    stage = rig.target.stage
    gateway(rig).update_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name, patchOperations=[operation])


def resource(rig: Rig, path: str) -> dict[str, str]:
    api = rig.target.stage.rest_api_id
    (found,) = [one["id"] for one in gateway(rig).get_resources(restApiId=api, limit=500)["items"] if one["path"] == path]
    return {"restApiId": api, "resourceId": found}


def mock_ping(rig: Rig, status: str) -> None:
    """The definition's GET /ping answers with this status, without a function."""
    where = {**resource(rig, "/ping"), "httpMethod": "GET"}
    asked = {"application/json": f'{{"statusCode": {status}}}'}
    gateway(rig).put_integration(**where, type="MOCK", requestTemplates=asked)
    gateway(rig).put_method_response(**where, statusCode=status)
    gateway(rig).put_integration_response(**where, statusCode=status, responseTemplates={"application/json": "{}"})


@pytest.mark.parametrize(
    ("field", "write"),
    [
        ('"backendMs":$context.integration.latency', '"backendMs":"$context.integration.latency"'),
        ('"why":$context.error.messageString', '"why":"$context.error.message"'),
        ('"new":$context.somethingNew', '"new":"$context.somethingNew"'),
    ],
)
def test_a_line_that_may_not_be_json_is_refused_with_the_field_to_write(rig: Rig, field: str, write: str):
    set_log_format(rig, f"{LOG_FORMAT[:-1]},{field}}}")
    rig.publish()
    ended = rig.run()

    assert ended.ending == "Refused"
    assert f"write {write}" in ended.cause


def test_another_stage_that_logs_into_the_same_group_counts_for_nothing(rig: Rig):
    stage, log = rig.target.stage, rig.stage["accessLogSettings"]
    for function in rig.target.functions:
        rig.aws.client("lambda").create_alias(FunctionName=function.name, Name="qa", FunctionVersion="1")
    gateway(rig).create_stage(
        restApiId=stage.rest_api_id, stageName="qa", deploymentId=rig.stage["deploymentId"], variables={"lambdaAlias": "qa"}
    )
    operations = [{"op": "replace", "path": f"/accessLogSettings/{key}", "value": value} for key, value in log.items()]
    gateway(rig).update_stage(restApiId=stage.rest_api_id, stageName="qa", patchOperations=operations)
    qa = Stage(stage.rest_api_id, "qa", "lambdaAlias")
    rig.aws.dataplane.add_source(OrdersTraffic(qa, rng=random.Random(3), per_minute=120))
    rig.settle(120)
    rig.publish()
    ended = rig.run()

    assert ended.ending == "Promoted"
    lost = [one for one in rig.served if one.request.stage == "qa" and one.status >= 500]
    assert len(lost) > 100  # no one allowed the API to call qa's aliases


def test_4xx_that_only_the_canary_answers_roll_it_back(aws: EmbeddedAws):
    rig = Rig(aws, metrics=Metrics())
    rig.publish()
    gateway(rig).delete_method(**resource(rig, "/orders"), httpMethod="POST")
    ended = rig.run(release={"expects": ["routes"]})

    assert ended.ending == "RolledBack"
    assert "client_errors" in ended.cause


@pytest.mark.parametrize(("outside", "ending"), [((OutsideRoute("/pin*", ("GET",)),), "Promoted"), ((), "RolledBack")])
def test_routes_outside_do_not_count_against_a_release(aws: EmbeddedAws, outside: tuple[OutsideRoute, ...], ending: str):
    rig = Rig(aws, metrics=Metrics(slow=()), outside=Outside(outside))
    api, root = rig.target.stage.rest_api_id, resource(rig, "/")
    made = gateway(rig).create_resource(restApiId=api, parentId=root["resourceId"], pathPart="ping")["id"]
    gateway(rig).put_method(restApiId=api, resourceId=made, httpMethod="GET", authorizationType="NONE")
    mock_ping(rig, "200")
    gateway(rig).create_deployment(restApiId=api, stageName="prod")
    rig.aws.dataplane.add_source(Traffic(api, "prod", [Shape("GET", "/ping")], per_minute=120, rng=random.Random(9)))
    rig.settle(120)
    rig.publish()
    mock_ping(rig, "500")
    ended = rig.run()

    assert ended.ending == ending


ARM_OF_REFUSED = "is-canary-of-refused-request"


@pytest.mark.parametrize(
    "aws",
    [
        pytest.param({ARM_OF_REFUSED: answer}, id=answer, marks=() if answer == "false" else pytest.mark.slow)
        for answer in ("true", "false", "absent")
    ],
    indirect=True,
)
@pytest.mark.parametrize(("failing", "ending"), [(0.0, "Promoted"), pytest.param(0.2, "RolledBack", marks=pytest.mark.slow)])
def test_a_release_is_judged_alike_whichever_arm_refused_requests_count_for(rig: Rig, failing: float, ending: str):
    strangers = Traffic(rig.target.stage.rest_api_id, "prod", [Shape("GET", "/nowhere")], per_minute=90, rng=random.Random(5))
    rig.aws.dataplane.add_source(strangers)
    rig.settle(120)
    rig.publish(FAILING_SHARE=failing)
    ended = rig.run()

    assert ended.ending == ending
    refused = [one for one in rig.served if one.request.path == "/nowhere"]
    assert {one.status for one in refused} == {403}
    assert len(refused) / len(rig.served) == pytest.approx(0.4, abs=0.06)
