"""Definitions are read completely: from the API's resources, from a stage's export, from a deployment."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.definitions import DefinitionReader, names_another, read_definitions
from canary.aws.errors import AwsRefusedError
from canary.rules.definitions.definition import UnreadableDefinitionError
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.definitions.routes import routes_of
from canary.rules.releases.readings import Deployed
from canary.rules.releases.release import PRESENT, UNCHANGED
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed, Scripted, refusal
from tests.builders import STAGE
from tests.rules.api_world import API_ID, ORDERS, Guard, as_answers, as_export, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rules.api_world import Api
    from tests.tasks.walk import Ground

EDITED = ORDERS.with_verb("/orders", "DELETE")
GUARDED = replace(ORDERS, guards={"auth": Guard()}).with_verb("/orders", "GET", auth="auth")
RECORDED = fingerprint(read(EDITED))
UNREADABLE = refusal("BadRequestException", "Only found non-JSON body models for POST /orders")


class Gateway:
    """API Gateway with one API; ``stages``: what each serves, by name; ``calls``: the calls it got."""

    def __init__(
        self,
        present: Api = ORDERS,
        stages: dict[str, Api | Exception] | None = None,
        deployments: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self._present = as_answers(present)
        self._stages = {"prod": ORDERS, **(stages or {})}
        self._deployments = {"dep-old": a_deployment(ORDERS), **(deployments or {})}
        self.calls: list[str] = []

    def get_rest_api(self, *, restApiId: str) -> Any:  # noqa: N803 - boto3's name
        self.calls.append(f"get_rest_api {restApiId}")
        return self._present.api

    def get_export(self, **given: Any) -> Any:
        self.calls.append(f"get_export {given['stageName']}")
        assert (given["exportType"], given["parameters"]) == ("oas30", {"extensions": "apigateway"})
        served = self._stages[given["stageName"]]
        if isinstance(served, Exception):
            raise served
        return {"body": io.BytesIO(json.dumps(as_export(served)).encode())}

    def get_deployment(self, **given: Any) -> Any:
        self.calls.append(f"get_deployment {given['deploymentId']}")
        assert given["embed"] == ["apisummary"]
        if given["deploymentId"] not in self._deployments:
            raise refusal("NotFoundException")
        return self._deployments[given["deploymentId"]]

    def get_paginator(self, operation: str) -> Pages:
        self.calls.append(operation)
        kind = operation.removeprefix("get_").replace("request_", "")
        return Pages(getattr(self._present, kind))


class Pages:
    """A list with one item per page."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        assert (given["restApiId"], given["PaginationConfig"]) == (API_ID, {"PageSize": 500})
        yield {}
        for item in self._items:
            yield {"items": [item]}


def a_deployment(api: Api, description: str = "made by hand") -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for route in routes_of(read(api)):
        told = {"authorizationType": route.authorization, "apiKeyRequired": route.is_api_key_required}
        summary.setdefault(route.path, {})[route.http_method] = told
    return {"description": description, "apiSummary": summary}


def read_of(gateway: Gateway, wanted: str | None, *, serving: dict[str, str] | None = None, **promoted: str) -> Any:
    stages = {"prod": "dep-old", **(serving or {})}
    recorded = {name.replace("_", "-"): written for name, written in promoted.items()}
    return read_definitions(DefinitionReader(gateway, API_ID), STAGE, wanted, stages, recorded)


ALL_PARTS = [
    "get_resources",
    "get_rest_api a1b2c3d4e5",
    "get_authorizers",
    "get_gateway_responses",
    "get_models",
    "get_request_validators",
]


@pytest.mark.parametrize("wanted", [None, PRESENT])
def test_a_release_of_the_present_definition_takes_seven_calls(wanted: str | None):
    gateway = Gateway(present=EDITED)
    found = read_of(gateway, wanted, dep_old="v1:x")

    assert found.present == read(EDITED)
    assert found.base == Deployed("dep-old", read(ORDERS), recorded="v1:x")
    assert found.named is None
    assert gateway.calls == [*ALL_PARTS, "get_export prod"]


@pytest.mark.parametrize("wanted", [UNCHANGED, "dep-old"])
def test_a_release_that_base_serves_takes_two_calls(wanted: str):
    gateway = Gateway(present=EDITED)
    found = read_of(gateway, wanted)

    assert (found.present, found.base.definition, found.named) == (None, read(ORDERS), None)
    assert gateway.calls == ["get_export prod", "get_rest_api a1b2c3d4e5"]


def test_a_deployment_that_a_stage_serves_is_read_from_there():
    gateway = Gateway(stages={"beta": EDITED}, deployments={"dep-9": a_deployment(EDITED)})
    found = read_of(gateway, "dep-9", serving={"beta": "dep-9"})

    assert found.named.definition == read(EDITED)
    assert found.present is None
    assert gateway.calls == ["get_export prod", "get_rest_api a1b2c3d4e5", "get_deployment dep-9", "get_export beta"]


def test_a_deployment_that_no_stage_serves_is_read_with_its_record_and_the_present_definition():
    gateway = Gateway(present=EDITED, deployments={"dep-9": a_deployment(EDITED, f"build {RECORDED}")})
    found = read_of(gateway, "dep-9")

    assert (found.named.definition, found.named.recorded) == (None, RECORDED)
    assert [str(one) for one in found.named.routes] == [str(one) for one in routes_of(read(EDITED))]
    assert found.present == read(EDITED)


def test_a_deployment_whose_stage_cannot_be_exported_says_why():
    gateway = Gateway(stages={"beta": UNREADABLE}, deployments={"dep-9": a_deployment(EDITED)})
    found = read_of(gateway, "dep-9", serving={"beta": "dep-9"})

    assert found.named.definition is None
    assert "--stage-name beta --export-type oas30`: Only found non-JSON body models" in found.named.unreadable


def test_a_deployment_that_does_not_exist_is_none():
    found = read_of(Gateway(), "dep-9")
    assert (found.named, found.present) == (None, None)


def test_a_base_that_cannot_be_exported_tells_its_routes_and_its_record():
    gateway = Gateway(stages={"prod": UNREADABLE}, deployments={"dep-old": a_deployment(ORDERS, f"build {RECORDED}")})
    found = read_of(gateway, UNCHANGED)

    assert (found.base.definition, found.base.recorded) == (None, RECORDED)
    assert [str(one) for one in found.base.routes] == ["GET /orders", "POST /orders", "GET /orders/{id}"]
    assert "Only found non-JSON body models" in found.base.unreadable
    assert found.present == read(ORDERS)
    assert read_of(gateway, UNCHANGED, dep_old="v2:lock").base.recorded == "v2:lock"


def test_a_base_whose_deployment_is_gone_tells_nothing_more():
    found = read_of(Gateway(stages={"prod": UNREADABLE}), PRESENT, serving={"prod": "dep-gone"})
    assert (found.base.deployment_id, found.base.routes) == ("dep-gone", ())


@pytest.mark.parametrize(
    ("wanted", "is_other"), [(None, False), (PRESENT, False), (UNCHANGED, False), ("dep-old", False), ("dep-9", True)]
)
def test_only_an_id_names_another_deployment(wanted: str | None, *, is_other: bool):
    assert names_another(wanted, "dep-old") is is_other


def test_an_export_gets_its_authorizers_ids_from_the_api():
    gateway = Gateway(present=GUARDED, stages={"prod": GUARDED})
    found = read_of(gateway, UNCHANGED).base.definition

    assert found.authorizers["auth"].id == as_answers(GUARDED).authorizers[0]["id"]
    assert gateway.calls == ["get_export prod", "get_rest_api a1b2c3d4e5", "get_authorizers"]


def test_an_authorizer_that_is_gone_since_has_no_id():
    found = read_of(Gateway(stages={"prod": GUARDED}), UNCHANGED).base.definition
    assert found.authorizers["auth"].id == ""


@pytest.mark.parametrize(
    ("body", "why"), [(b"openapi: 3.0.1", "the export is not valid JSON"), (b"[]", "not an OpenAPI 3 document")]
)
def test_a_body_that_is_not_a_document_is_unreadable(body: bytes, why: str):
    client = Scripted(get_export=[{"body": io.BytesIO(body)}], get_rest_api=[{"id": API_ID}])
    with pytest.raises(UnreadableDefinitionError, match=why):
        DefinitionReader(client, API_ID).read_stage("prod")


def test_a_stage_that_is_gone_is_a_refusal():
    client = Scripted(get_export=[refusal("NotFoundException")])
    with pytest.raises(AwsRefusedError, match="aws apigateway get-export --rest-api-id a1b2c3d4e5 --stage-name prod"):
        DefinitionReader(client, API_ID).read_stage("prod")


PARTS = {
    "GetRestApi": "get-rest-api",
    "GetResources": "get-resources",
    "GetAuthorizers": "get-authorizers",
    "GetGatewayResponses": "get-gateway-responses",
    "GetModels": "get-models",
    "GetRequestValidators": "get-request-validators",
}


@pytest.mark.parametrize(("operation", "command"), PARTS.items())
def test_a_part_that_is_refused_is_reported_by_its_command(ground: Ground, operation: str, command: str):
    ground.aws.faults.add(Fault(None, "apigateway", operation, Mode.REFUSED))
    api_id = ground.rig.target.stage.rest_api_id
    with pytest.raises(AwsRefusedError, match=f"aws apigateway {command} --rest-api-id {api_id}"):
        DefinitionReader(ground.aws.client("apigateway"), api_id).read_present()


def test_a_deployment_that_is_refused_is_not_taken_for_gone(ground: Ground):
    ground.aws.faults.add(Fault(None, "apigateway", "GetDeployment", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match="get-deployment --rest-api-id x --deployment-id dep-9"):
        DefinitionReader(ground.aws.client("apigateway"), "x").read_deployment("dep-9")


def test_the_fingerprint_follows_the_definition(ground: Ground):
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id

    def now() -> str:
        return fingerprint(DefinitionReader(client, api).read_present())

    before = now()
    root = next(item["id"] for item in client.get_resources(restApiId=api)["items"] if item["path"] == "/")
    made = client.create_resource(restApiId=api, parentId=root, pathPart="health")["id"]
    edited = now()
    client.delete_resource(restApiId=api, resourceId=made)
    client.put_gateway_response(
        restApiId=api, responseType="DEFAULT_5XX", responseParameters={"gatewayresponse.header.A": "'a'"}
    )
    answered = now()
    client.delete_gateway_response(restApiId=api, responseType="DEFAULT_5XX")

    assert len({before, edited, answered}) == 3
    assert now() == before


def test_pages_are_read_to_the_end(ground: Ground):
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    pages = client.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"], PaginationConfig={"PageSize": 1})
    short = Changed(client, get_paginator=lambda name: Given(pages) if name == "get_resources" else client.get_paginator(name))

    assert DefinitionReader(short, api).read_present() == DefinitionReader(client, api).read_present()


class Given:
    """A paginator with the given pages."""

    def __init__(self, pages: Any) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> Any:
        return self._pages
