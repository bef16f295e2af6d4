"""Definitions of the shapes that public ones have: one file each, beside this module."""

import json
import re
from pathlib import Path

import pytest

from laptop.definitions.documents import DefinitionError, read_document
from laptop.definitions.openapi import read_openapi
from laptop.definitions.reading import read_definition

SHAPES = Path(__file__).parent / "shapes"
OK = {"responses": {"200": {"description": "fine"}}}


def read(name):
    definition = read_definition(SHAPES / name)
    return definition, {one.name: one for one in definition.operations}


def a_definition(paths, **more):
    return read_openapi({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **more})


def test_openapi_3_0_answers_by_schema_and_asks_with_what_is_required():
    definition, by_name = read("shop.yaml")
    assert (definition.title, definition.version, definition.dialect) == (
        "The Shop's Catalogue API",
        "2024-05-01",
        "OpenAPI 3.0.3",
    )
    assert [*by_name] == ["GET /products", "POST /products", "GET /products/{sku}", "PUT /baskets/{basketId}/items"]
    listed = by_name["GET /products"]
    assert (listed.sent.query, listed.sent.headers) == ((), {"X-Market": "eu"})
    product = json.loads(listed.answer.body)[0]
    assert (product["name"], product["since"], product["price"]["currency"]) == ("tea", "2024-05-01", "EUR")
    assert product["price"]["cents"] > 5
    assert len(product["goesWith"]) == 2
    assert "secret" not in product
    created = by_name["POST /products"]
    sent = json.loads(created.sent.body)
    assert (created.answer.status, created.sent.headers["Content-Type"]) == (201, "application/json")
    assert "id" not in sent
    assert "secret" in sent
    put = by_name["PUT /baskets/{basketId}/items"]
    assert (put.sent.path, put.sent.body, put.answer.status, put.answer.body) == (
        "/baskets/{n}/items",
        "sku=TEA&gift=true",
        204,
        "",
    )


def test_everything_that_is_not_taken_is_said():
    definition, _ = read("shop.yaml")
    told = "\n".join(definition.remarks)
    assert "1 left out, because API Gateway has no such method: TRACE /baskets/{basketId}/items/" in told
    assert (
        "4 admitted without what its security asks for: GET /products, POST /products, GET /products/{sku} and 1 more" in told
    )
    assert "1 written otherwise: /baskets/{basketId}/items/: written as /baskets/{basketId}/items" in told
    assert "the base path or server https://shop.example.com/v2" in told
    assert "4 without an integration; a stand-in answers" in told


def test_openapi_3_1_has_types_in_lists_examples_by_name_and_webhooks_that_are_left_out():
    definition, by_name = read("trips.yaml")
    listed, one = by_name["GET /trips"], by_name["GET /trips/{tripId}"]
    assert (listed.answer.status, listed.answer.content_type) == (200, "application/hal+json")
    assert json.loads(listed.answer.body) == [{"from": "Bern"}, {"from": "Basel"}]
    assert (listed.sent.query, listed.sent.headers) == ((("from", "Bern"),), {"Cookie": "session=abc"})
    found = json.loads(one.answer.body)
    assert (found["kind"], found["seats"]) == ("trip", 1)
    assert len(found["note"]) <= 3
    assert one.sent.path == "/trips/{n}"
    assert "1 left out, because API Gateway receives requests only: webhooks" in definition.remarks


def test_swagger_2_has_forms_bodies_and_examples_by_content_type():
    definition, by_name = read("exchange.json")
    assert definition.dialect == "Swagger 2.0"
    assert by_name["GET /rates.list"].answer.body == '{"ok": true}'
    assert by_name["GET /rates.list"].sent.query == (("token", "sample"),)
    assert by_name["POST /rates.set"].sent.body == "pair=EURCHF&rate=2"
    assert (by_name["POST /rates.set"].answer.status, by_name["POST /rates.set"].answer.body) == (200, '{"ok": true}')
    upload = by_name["PUT /rates.upload"]
    assert (upload.sent.headers, upload.sent.body, upload.answer.status) == (
        {"Content-Type": "application/json"},
        '{"ok": true}',
        303,
    )
    assert upload.group == "rates"


def test_paths_that_api_gateway_does_not_take_are_served_by_others_or_left_out():
    definition, by_name = read("files.yaml")
    one = by_name["GET /2020-01-01/Accounts/{Sid}"]
    assert (one.sent.path, one.group) == ("/2020-01-01/Accounts/{n}.json", "Accounts")
    assert by_name["GET /2020-01-01/Accounts/{Sid}/Calls.json"].sent.path == "/2020-01-01/Accounts/{n}/Calls.json"
    assert by_name["DELETE /2020-01-01/Accounts/{Sid}"].sent.path == "/2020-01-01/Accounts/{n}.json"
    assert by_name["GET /compare/{base}"].sent.path == "/compare/main...{n}"
    assert by_name["GET /{id}"].sent.path == "/Users('{n}')"
    assert by_name["GET /static/{path+}"].sent.path == "/static/{n}"
    told = "\n".join(definition.remarks)
    assert "because another path is the same resource /2020-01-01/Accounts/{Sid}: GET /2020-01-01/Accounts/{Other}.json" in told
    assert "1 left out, because a part of a resource cannot have ' ' in it: GET /odd/a b" in told
    assert "1 left out, because nothing can be below {path+}: GET /static/{path+}/below" in told


def test_integrations_say_which_function_answers_and_what_is_outside():
    definition, by_name = read("crud.yaml")
    assert {name: (one.called.value, one.group) for name, one in by_name.items()} == {
        "GET /items": ("function", "items-read"),
        "POST /items": ("function", "ItemsWrite"),
        "OPTIONS /items": ("mock", "items"),
        "GET /items/{id}": ("outside", "items"),
        "DELETE /items/{id}": ("outside", "items"),
        "ANY /{proxy+}": ("function", "Rest"),
    }
    assert by_name["ANY /{proxy+}"].verb == "GET"
    assert definition.remarks[:2] == (
        "1 called by proxy instead of through mapping templates: POST /items",
        "1 a mock, as in the definition: OPTIONS /items",
    )
    assert (
        "2 outside: it calls no function; a mock answers, alike in both arms: GET /items/{id}, DELETE /items/{id}"
        in definition.remarks
    )


def test_of_more_resources_than_the_quota_those_that_fit_are_taken():
    definition = a_definition({f"/p{number}": {"get": OK} for number in range(320)})
    assert len(definition.operations) == 299  # the root is a resource too
    assert definition.remarks[1].startswith(
        "21 left out, because API Gateway takes 300 resources per API, unless AWS raises the quota: GET /p299"
    )


def test_a_body_that_no_sample_fits_is_sampled_by_its_types_and_said():
    schema = {"type": "object", "required": ["sid"], "properties": {"sid": {"type": "string", "pattern": "^AC[0-9a-f]{32}$"}}}
    answer = {"200": {"description": "one", "content": {"application/json": {"schema": schema}}}}
    definition = a_definition({"/a": {"get": {"responses": answer}}})
    assert list(json.loads(definition.operations[0].answer.body)) == ["sid"]
    assert "1 sampled by its types alone, because no sample fits its schema: GET /a.responses.200" in definition.remarks


@pytest.mark.parametrize(
    ("responses", "status", "body"),
    [
        ({}, 200, ""),
        ({"default": {"description": "any"}}, 200, ""),
        ({"404": {"description": "none"}}, 200, ""),
        ({"302": {"description": "elsewhere"}, "404": {"description": "none"}}, 302, ""),
        (
            {
                "202": {"description": "later"},
                "201": {"description": "now", "content": {"text/plain": {"schema": {"type": "string"}}}},
            },
            201,
            "sample",
        ),
        ({"200": {"description": "x", "content": {"application/json": {}}}}, 200, "{}"),
        ({"200": {"description": "x", "content": {"application/json": {"example": '{"a": 1}'}}}}, 200, '{"a": 1}'),
        ({"200": {"description": "x", "content": {"image/png": {}}}}, 200, ""),
        ({"200": {"description": "x", "content": {"application/json": {"example": None}}}}, 200, "null"),
    ],
)
def test_the_first_success_is_answered(responses, status, body):
    found = a_definition({"/a": {"get": {"responses": responses}}}).operations[0].answer
    assert (found.status, found.body) == (status, body)


@pytest.mark.parametrize(
    ("root", "text"),
    [
        ({"openapi": "4.0.0"}, "openapi must be 3.0 or 3.1, got 4.0.0"),
        ({"swagger": 1.2}, "swagger must be 2.0, got 1.2"),
        ({"asyncapi": "2.0.0"}, "it is no definition: neither openapi, nor swagger, nor a template's Resources are in it"),
        ({"openapi": "3.0.1"}, "paths must map paths to operations, got nothing"),
        ({"openapi": "3.0.1", "paths": []}, "paths must map paths to operations, got a list"),
        ({"openapi": "3.0.1", "paths": {}}, "no operation is left to try of 0 paths"),
        ({"openapi": "3.0.1", "paths": {"/a b": {"get": {}}}}, "no operation is left to try of 1 paths: 1 left out"),
        ({"openapi": "3.0.1", "paths": {"/a": {"get": 3}}}, "paths./a.get must be a mapping, got 3"),
        (
            {"openapi": "3.0.1", "paths": {"/a": {"get": {"parameters": {"name": "x"}}}}},
            "GET /a: parameters must be a list, got {'name': 'x'}",
        ),
        (
            {"openapi": "3.0.1", "paths": {"/a": {"get": {"parameters": [{"in": "query"}]}}}},
            "GET /a: a parameter needs name and in, got {'in': 'query'}",
        ),
        ({"openapi": "3.0.1", "paths": {"/a": {"$ref": "a.yaml"}}}, "paths./a: the reference a.yaml leads to another file"),
    ],
)
def test_what_cannot_be_tried_is_refused_by_its_field_and_value(root, text):
    with pytest.raises(DefinitionError, match=f"^{re.escape(text)}") as told:
        read_openapi(root)
    assert told.value.fix


def test_an_api_without_any_function_is_refused(tmp_path):
    file = tmp_path / "outside.yaml"
    root = read_document(SHAPES / "crud.yaml")
    root["paths"] = {"/items/{id}": root["paths"]["/items/{id}"]}
    file.write_text(json.dumps(root), encoding="utf-8")
    with pytest.raises(DefinitionError, match="none of the 2 methods calls a function, so there is nothing to roll out"):
        read_definition(file)
