"""Traffic from a definition: each method is called with what its parameters, its model and its validator ask for."""

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.dataplane.sample_values import SampleError, sample
from embedded_aws.dataplane.stage_traffic import StageTraffic
from embedded_aws.dataplane.traffic_definition import shapes_of
from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Served

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}},
}
CALLED = "GET /files/{n}, GET /orders, POST /orders, DELETE /orders/{n}, GET /orders/{n}"
NOT_CALLED = "GET /admin: callers need an API key, which the definition does not contain; name the route in a traffic file"
ORDER = {
    "type": "object",
    "required": ["article", "quantity", "buyer"],
    "properties": {
        "article": {"type": "string", "enum": ["tea", "cup"]},
        "quantity": {"type": "integer", "minimum": 5, "maximum": 9},
        "buyer": {"$ref": "#/components/schemas/Buyer"},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    },
}
BUYER = {
    "type": "object",
    "required": ["email"],
    "properties": {"email": {"type": "string", "format": "email"}, "friend": {"$ref": "#/components/schemas/Buyer"}},
}


def an_operation(**more: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": MOCK, **more}


def a_document() -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    search = [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "page", "in": "query", "required": False, "schema": {"type": "string"}},
        {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string"}},
    ]
    item = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    document = {
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
        "x-amazon-apigateway-request-validator": "all",
        "components": {
            "schemas": {"Order": ORDER, "Buyer": BUYER},
            "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
        "paths": {
            "/orders": {
                "get": an_operation(parameters=search),
                "post": an_operation(requestBody=body),
                "options": an_operation(),
            },
            "/orders/{id}": {"get": an_operation(parameters=item), "delete": an_operation(parameters=item)},
            "/admin": {"get": an_operation(security=[{"key": []}])},
            "/files/{path+}": {"x-amazon-apigateway-any-method": an_operation()},
        },
    }
    return copy.deepcopy(document)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as opened:
        yield opened


def deploy(aws: EmbeddedAws, document: dict[str, Any], stage: str = "prod") -> str:
    client = aws.client("apigateway")
    api_id = str(client.import_rest_api(body=json.dumps(document).encode())["id"])
    client.create_deployment(restApiId=api_id, stageName=stage)
    return api_id


def test_every_open_method_is_called_and_passes_its_validator(aws: EmbeddedAws) -> None:
    served: list[Served] = []
    aws.dataplane.on_served(served.append)
    told: list[str] = []
    aws.dataplane.add_source(StageTraffic(aws.gateway, rng=random.Random(1), per_minute=300, tell=told.append))
    aws.clock.run_for(60)
    assert served == []
    api_id = deploy(aws, a_document())
    aws.clock.run_for(120)

    routes = Counter(f"{each.method.http_method} {each.method.path}" for each in served if each.method)
    assert set(routes) == {"GET /orders", "POST /orders", "GET /orders/{id}", "DELETE /orders/{id}", "ANY /files/{path+}"}
    assert routes["GET /orders"] > 2 * routes["POST /orders"]
    assert {each.status for each in served} == {200}
    assert {each.request.query for each in served if each.request.path == "/orders" and each.request.method == "GET"} == {
        (("q", "1"),)
    }
    assert told == [
        f"300 requests per minute to shop ({api_id}), stage prod, by its definition: {CALLED}",
        f"no requests to shop ({api_id}), stage prod: {NOT_CALLED}",
    ]


def test_traffic_follows_the_deployment_that_base_serves(aws: EmbeddedAws) -> None:
    document = a_document()
    api_id = deploy(aws, document)
    aws.dataplane.add_source(StageTraffic(aws.gateway, rng=random.Random(1)))
    aws.clock.run_for(60)
    served: list[Served] = []
    document["paths"] = {"/new": {"get": an_operation()}}
    client = aws.client("apigateway")
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(document).encode())
    client.create_deployment(restApiId=api_id, stageName="prod")
    aws.clock.run_for(60)  # for so long, some requests still see the old deployment
    aws.dataplane.on_served(served.append)
    aws.clock.run_for(60)

    assert {each.request.path for each in served} == {"/new"}
    assert {each.status for each in served} == {200}


def test_a_body_that_no_sample_fits_is_left_out_with_its_place(aws: EmbeddedAws) -> None:
    document = a_document()
    document["components"]["schemas"]["Buyer"]["properties"]["email"] = {"type": "string", "pattern": "^q{7}z$"}
    api_id = deploy(aws, document)
    settings = aws.gateway.settings(api_id, "prod")
    assert settings is not None

    _, left_out = shapes_of(settings.base.definition)

    assert [each.method for each in left_out if each.path == "/orders"] == ["POST"]
    assert any("$.buyer.email: no sample value fits" in each.why for each in left_out)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "format": "date"}, "2026-01-05"),
        ({"type": "string", "minLength": 8}, "samplesa"),
        ({"type": "string", "maxLength": 2}, "1"),
        ({"type": ["null", "number"], "minimum": 0.5, "maximum": 0.75}, 0.5),
        ({"minimum": 3, "exclusiveMinimum": True}, 4),
        ({"type": "integer", "multipleOf": 7, "minimum": 20}, 21),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}, "uniqueItems": True}, [1, 2]),
        ({"type": "array", "minItems": 2, "uniqueItems": True, "items": {"enum": ["a", "b", "c"]}}, ["a", "b"]),
        ({"type": "array", "items": [{"type": "boolean"}, {"type": "null"}]}, [True, None]),
        (
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "boolean"}}}]},
            {"a": 1, "b": True},
        ),
        ({"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]}, "1"),
        ({"type": "object", "required": ["x"], "anyOf": [{"properties": {"y": {"enum": [2]}}}]}, {"x": "sample", "y": 2}),
        ({"type": "string", "example": "tea"}, "tea"),
        ({"type": "string", "default": 5}, "sample"),
        ({"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}}}, {}),
        ({}, {}),
    ],
)
def test_a_sample_fits_its_schema(schema: dict[str, Any], value: object) -> None:
    assert sample(schema) == value


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "m:tree"}}}
    assert sample({"$ref": "m:tree"}, {"m:tree": tree}) != {}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}, "without an end"),
        ({"$ref": "m:unknown"}, "m:unknown refers to no schema"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "no sample value fits"),
    ],
)
def test_a_schema_that_nothing_fits_is_refused(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(SampleError, match=why):
        sample(schema)
