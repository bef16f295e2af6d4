"""Both readings of one API on the embedded AWS are equal, also after the same document is imported again.

They need GetExport and the import of documents, which the embedded AWS has only with `embedded_aws.apigateway.openapi`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.definitions import DefinitionReader
from canary.rules.definitions.fingerprint import fingerprint, serve_alike
from demo.guest import CONTROLLER
from embedded_aws.apigateway.definition.gateway_responses import STATUSES
from embedded_aws.embedded import EmbeddedAws
from tests.rules.api_world import ACCOUNT, GUARDS, MODELS, ORDERS, POLICY, Call, as_export, lambda_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.definitions.definition import Definition

ANSWERS = {"200": (("Location",), {"application/json": "Order"}), "404": ((), {"application/json": "Problem"})}
FULL = (
    replace(
        ORDERS,
        guards=GUARDS,
        answers={
            "DEFAULT_4XX": {"parameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
            "ACCESS_DENIED": {"status": "404", "templates": {"application/json": "{}"}},
        },
        models=MODELS,
        validators={"all": (True, True), "body": (True, False)},
        policy=POLICY,
        binary=("image/png", "*/*"),
        compresses_from=1024,
    )
    .with_verb("/orders", "POST", auth="token", validator="all", models={"application/json": "Orders"}, key=True)
    .with_verb(
        "/orders",
        "GET",
        auth="AWS_IAM",
        query={"page": True},
        responses=ANSWERS,
    )
    .with_verb(
        "/orders/{id}", "DELETE", auth="pool", call=Call(uri=lambda_uri("orders-write"), cache_keys=("method.request.path.id",))
    )
    .with_verb("/pets/{id}", "ANY", auth="request", call=Call("HTTP", "https://example.com/pets", timeout=5000))
    .with_verb("/pets", "OPTIONS", call=Call("MOCK", responses={"default": ("200", {"application/json": "{}"})}))
)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield aws.client("apigateway")


@pytest.fixture
def api_id(client: Any) -> str:
    return str(client.import_rest_api(body=json.dumps(as_export(FULL)).encode())["id"])


def readings(client: Any, api_id: str) -> tuple[Definition, Definition]:
    """The readings from the resources and from the export of a stage that serves them."""
    client.create_deployment(restApiId=api_id, stageName="prod")
    reader = DefinitionReader(client, api_id)
    return reader.read_present(), DefinitionReader(client, api_id).read_stage("prod")


def test_an_imported_api_is_one_picture_in_both_readings(client: Any, api_id: str):
    present, exported = readings(client, api_id)

    assert len(present.methods) == len(FULL.verbs)
    assert exported == present
    assert fingerprint(exported) == fingerprint(present)
    assert {one.id for one in exported.authorizers.values()} == {one.id for one in present.authorizers.values()}


def test_an_api_made_call_by_call_is_one_picture_in_both_readings(client: Any):
    api_id = client.create_rest_api(name="orders", policy=json.dumps(POLICY), binaryMediaTypes=["image/png"])["id"]
    where = {"restApiId": api_id}
    root = client.get_resources(**where)["items"][0]["id"]
    orders = client.create_resource(**where, parentId=root, pathPart="orders")["id"]
    guard = client.create_authorizer(
        **where, name="auth", type="TOKEN", authorizerUri=lambda_uri("auth"), identitySource="method.request.header.X-Token"
    )["id"]
    validator = client.create_request_validator(**where, name="all", validateRequestBody=True)["id"]
    client.create_model(**where, name="Order", contentType="application/json", schema=json.dumps(MODELS["Order"]))
    method = {**where, "resourceId": orders, "httpMethod": "POST"}
    client.put_method(
        **method,
        authorizationType="CUSTOM",
        authorizerId=guard,
        requestValidatorId=validator,
        requestModels={"application/json": "Order"},
        requestParameters={"method.request.querystring.page": True},
    )
    client.put_method_response(**method, statusCode="200", responseModels={"application/json": "Empty"})
    client.put_integration(**method, type="AWS", integrationHttpMethod="POST", uri=lambda_uri("orders-write"))
    client.put_integration_response(
        **method, statusCode="200", selectionPattern="", responseTemplates={"application/json": "{}"}
    )
    client.put_gateway_response(**where, responseType="THROTTLED", statusCode="503")
    present, exported = readings(client, api_id)

    assert exported.methods == present.methods
    assert serve_alike(exported, present)


def test_gateway_responses_that_were_given_no_status_are_one_picture_in_both_readings(client: Any, api_id: str):
    header = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    for kind in STATUSES:
        client.put_gateway_response(restApiId=api_id, responseType=kind, responseParameters=header)
    present, exported = readings(client, api_id)

    assert len(present.gateway_responses) == len(STATUSES)
    assert {one.status for one in present.gateway_responses.values()} == {""}
    assert exported == present


def test_a_document_imported_again_is_the_same_definition(client: Any, api_id: str):
    before = DefinitionReader(client, api_id).read_present()
    ids = {one["id"] for one in client.get_resources(restApiId=api_id, limit=500)["items"]}
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(as_export(FULL, seed=7)).encode())
    after = DefinitionReader(client, api_id).read_present()

    assert len(ids - {one["id"] for one in client.get_resources(restApiId=api_id, limit=500)["items"]}) > 0
    assert after == before
    assert fingerprint(after) == fingerprint(before)


def test_a_schema_written_in_place_makes_no_difference_when_it_is_imported_again(client: Any):
    document = as_export(ORDERS)
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    document["paths"]["/orders"]["post"]["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    body = json.dumps(document).encode()
    api_id = client.import_rest_api(body=body)["id"]
    before = DefinitionReader(client, api_id).read_present()
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=body)

    assert len(before.models) == 1
    assert fingerprint(DefinitionReader(client, api_id).read_present()) == fingerprint(before)


def test_a_stage_shows_what_it_serves_and_not_what_was_edited_since(client: Any, api_id: str):
    served, _ = readings(client, api_id)
    edited = replace(FULL, compresses_from=0).with_verb("/new", "GET")
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(as_export(edited)).encode())
    reader = DefinitionReader(client, api_id)
    present, exported = reader.read_present(), reader.read_stage("prod")

    assert exported == served
    assert present != served
    assert not serve_alike(present, exported)


def test_a_policy_is_the_same_with_its_short_resources_written_out(client: Any, api_id: str):
    before = fingerprint(DefinitionReader(client, api_id).read_present())
    whole = json.dumps(POLICY).replace("execute-api:/", f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:{api_id}/")
    patch = {"op": "replace", "path": "/policy", "value": whole}
    client.update_rest_api(restApiId=api_id, patchOperations=[patch])

    assert fingerprint(DefinitionReader(client, api_id).read_present()) == before
