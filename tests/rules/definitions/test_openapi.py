"""A stage's export shows the same definition as the API's own resources."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.definitions.definition import Model, UnreadableDefinitionError
from canary.rules.definitions.openapi import from_export
from canary.rules.definitions.resources import from_answers
from tests.rules.api_world import GUARDS, MODELS, ORDERS, PREFIX, Call, Guard, apis, as_answers, as_export, read, read_export

SEEDS = st.integers(0, 1000)
API = as_answers(ORDERS).api


@given(apis, SEEDS, SEEDS)
def test_both_readings_of_an_api_are_one_picture(api, seed, other):
    assert read_export(api, other) == read(api, seed)


def test_a_cache_namespace_is_the_first_path_that_shares_it():
    api = ORDERS.with_verb("/orders/{id}", "GET", call=Call(cache_keys=("method.request.path.id",), shares_cache_of="/orders"))
    answers = as_answers(api)
    paths = {one["id"]: one["path"] for one in answers.resources}
    document = as_export(api)
    integration = document["paths"]["/orders/{id}"]["get"][f"{PREFIX}integration"]
    integration["cacheNamespace"] = next(known for known, path in paths.items() if path == "/orders")

    assert from_export(document, API, paths) == from_answers(answers)
    assert {str(one): one.integration.cache_namespace for one in read(api).methods} == {
        "GET /orders": "/orders",
        "POST /orders": "/orders",
        "GET /orders/{id}": "/orders",
    }


@pytest.mark.parametrize("document", [{}, {"swagger": "2.0"}, {"openapi": "2"}])
def test_another_document_is_not_taken_for_an_export(document):
    with pytest.raises(UnreadableDefinitionError, match="the export is not an OpenAPI 3 document"):
        from_export(document, API)


def test_an_empty_export_is_an_api_without_anything():
    assert from_export({"openapi": "3.0.1"}, API).methods == ()


def test_a_security_scheme_that_is_not_described_makes_an_export_unreadable():
    document = as_export(ORDERS)
    document["paths"]["/orders"]["get"]["security"] = [{"auth": []}]

    with pytest.raises(UnreadableDefinitionError, match="the export secures GET /orders with auth but does not describe it"):
        from_export(document, API)


def test_scopes_are_those_of_the_authorizer():
    api = replace(ORDERS, guards=GUARDS).with_verb("/orders", "GET", auth="pool", scopes=("write", "read"), key=True)
    get = read_export(api).methods[0]

    assert (get.authorization, get.authorizer, get.scopes) == ("COGNITO_USER_POOLS", "pool", ("read", "write"))
    assert get.is_api_key_required
    assert read_export(api) == read(api)


def test_signatures_may_be_asked_for_by_the_operation_itself():
    document = as_export(ORDERS)
    document["paths"]["/orders"]["get"][f"{PREFIX}auth"] = {"type": "aws_iam"}

    assert from_export(document, API).methods[0].authorization == "AWS_IAM"


def test_a_validator_of_the_document_is_that_of_the_methods_without_one():
    document = {**as_export(ORDERS), f"{PREFIX}request-validator": "all"}
    document["paths"]["/orders"]["post"][f"{PREFIX}request-validator"] = "body"

    assert [one.validator for one in from_export(document, API).methods] == ["all", "body", "all"]


def test_a_default_response_of_the_document_is_no_method_response():
    document = as_export(ORDERS)
    document["paths"]["/orders"]["get"]["responses"] = {"default": {"description": "Default response"}}

    assert from_export(document, API) == read(ORDERS)


def test_a_token_is_looked_for_where_its_scheme_says():
    api = replace(ORDERS, guards={"auth": Guard(header="X-Token")}).with_verb("/orders", "GET", auth="auth")
    document = as_export(api)
    document["components"]["securitySchemes"]["auth"]["in"] = "query"

    assert read_export(api).authorizers["auth"].identity_source == "method.request.header.X-Token"
    assert from_export(document, API).authorizers["auth"].identity_source == "method.request.querystring.X-Token"


def test_models_are_named_by_content_type():
    api = replace(ORDERS, models=MODELS).with_verb("/orders", "POST", models={"application/json": "Order"})
    found = read_export(api)

    assert next(one for one in found.methods if one.http_method == "POST").models == {"application/json": "Order"}
    assert found.models["Orders"] == Model("application/json", '{"items":{"$ref":"model:Order"},"maxItems":10,"type":"array"}')


def test_parameters_that_no_method_knows_are_left_out():
    document = as_export(ORDERS.with_verb("/orders", "GET", query={"page": True}))
    document["paths"]["/orders"]["get"]["parameters"].append({"name": "session", "in": "cookie"})

    assert from_export(document, API).methods[0].parameters == {"method.request.querystring.page": True}


def test_paths_without_methods_are_kept_where_nothing_below_them_has_one():
    document = as_export(ORDERS)
    document["paths"] |= {"/health": {}, "/": {}, "/orders/{id}/lines": {}}

    assert from_export(document, API).bare_paths == ("/health", "/orders/{id}/lines")


def test_an_any_method_is_one():
    assert str(read_export(ORDERS.with_verb("/x", "ANY")).methods[-1]) == "ANY /x"


def test_a_method_without_integration_has_none():
    document = as_export(ORDERS)
    del document["paths"]["/orders"]["get"][f"{PREFIX}integration"]

    assert from_export(document, API).methods[0].integration is None
