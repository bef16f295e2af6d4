"""One definition has one fingerprint, whatever its parts' ids; anything that needs a deployment changes it."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.rules.definitions.definition import Authorizer, Definition, Endpoint, Integration, Method, Model, Validator
from canary.rules.definitions.fingerprint import VERSION, find_fingerprint, fingerprint, is_current, serve_alike
from tests.rules.api_world import GUARDS, MODELS, ORDERS, POLICY, Call, Guard, apis, lambda_uri, read, read_export

SEEDS = st.integers(0, 10_000)
FULL = replace(
    ORDERS,
    guards=GUARDS,
    answers={"DEFAULT_4XX": {"parameters": {"gatewayresponse.header.A": "'*'"}}},
    models=MODELS,
    validators={"all": (True, True)},
    policy=POLICY,
    binary=("image/png",),
    compresses_from=1024,
).with_verb("/orders", "POST", auth="token", validator="all", models={"application/json": "Orders"})


@given(apis, SEEDS, SEEDS)
def test_ids_and_orders_make_no_difference(api, seed, other):
    assert fingerprint(read(api, seed)) == fingerprint(read(api, other))


@settings(max_examples=40)
@given(apis, apis)
def test_another_definition_has_another_fingerprint(api, other):
    assert (fingerprint(read(api)) == fingerprint(read(other))) is (read(api) == read(other))


CHANGES = {
    "a route": lambda api: api.with_verb("/orders", "DELETE"),
    "authorization": lambda api: api.with_verb("/orders", "GET", auth="AWS_IAM"),
    "an authorizer of a method": lambda api: api.with_verb("/orders", "GET", auth="token"),
    "an authorizer": lambda api: replace(api, guards={**GUARDS, "token": Guard(ttl=0)}),
    "an API key": lambda api: api.with_verb("/orders", "GET", key=True),
    "a validator of a method": lambda api: api.with_verb("/orders", "GET", validator="all"),
    "a validator": lambda api: replace(api, validators={"all": (True, False)}),
    "a parameter": lambda api: api.with_verb("/orders", "GET", query={"page": False}),
    "a request model": lambda api: api.with_verb("/orders", "GET", models={"application/json": "Order"}),
    "a model": lambda api: replace(api, models={**MODELS, "Order": {"type": "string"}}),
    "a method response": lambda api: api.with_verb("/orders", "GET", responses={"200": ((), {})}),
    "an integration": lambda api: api.with_verb("/orders", "GET", call=Call(uri=lambda_uri("orders-write"))),
    "credentials": lambda api: api.with_verb("/orders", "GET", call=Call(credentials="arn:aws:iam::1:role/x")),
    "an integration response": lambda api: api.with_verb("/orders", "GET", call=Call(responses={"default": ("200", {})})),
    "a template": lambda api: api.with_verb("/orders", "GET", call=Call(templates={"application/json": "{}"})),
    "content handling": lambda api: api.with_verb("/orders", "GET", call=Call(content="CONVERT_TO_TEXT")),
    "a timeout": lambda api: api.with_verb("/orders", "GET", call=Call(timeout=5000)),
    "cache keys": lambda api: api.with_verb("/orders/{id}", "GET", call=Call(cache_keys=("method.request.path.id",))),
    "a shared cache": lambda api: api.with_verb("/orders/{id}", "GET", call=Call(shares_cache_of="/orders")),
    "a gateway response": lambda api: replace(api, answers={}),
    "the policy": lambda api: replace(api, policy=None),
    "binary types": lambda api: replace(api, binary=()),
    "compression": lambda api: replace(api, compresses_from=0),
    "the API keys' source": lambda api: replace(api, key_source="AUTHORIZER"),
    "the endpoint": lambda api: replace(api, is_default_disabled=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_takes_a_deployment_changes_it(change):
    assert fingerprint(read(change(FULL))) != fingerprint(read(FULL))


def test_a_resource_without_methods_changes_it():
    assert fingerprint(Definition(bare_paths=("/health",))) != fingerprint(Definition())


@pytest.mark.parametrize("kind", [Definition, Method, Integration, Authorizer, Endpoint, Validator, Model])
def test_each_field_but_ids_is_in_it(kind):
    needed = {"path": "/", "http_method": "GET", "kind": "MOCK", "name": "x", "content_type": "a/b", "schema": "{}"}
    plain = kind(**{one.name: needed[one.name] for one in fields(kind) if one.name in needed})
    for one in fields(kind):
        changed = replace(plain, **{one.name: ("changed",)})
        assert (fingerprint(changed) == fingerprint(plain)) is (one.name == "id"), one.name


def test_it_tells_the_version_of_its_rules():
    made = fingerprint(Definition())

    assert made.startswith(f"v{VERSION}:")
    assert is_current(made)
    assert not is_current("v1:" + made.partition(":")[2])
    assert not is_current(made.partition(":")[2])


@pytest.mark.parametrize("around", ["{}", "build {}", "build {} of c0ffee"])
def test_it_is_found_in_a_description(around):
    made = fingerprint(Definition())
    assert find_fingerprint(around.format(made)) == made


@pytest.mark.parametrize("text", [None, "", "build", f"build {'a' * 64}", f"build v2:{'a' * 63}", f"xv2:{'a' * 64}"])
def test_what_is_none_is_not_found(text):
    assert find_fingerprint(text) is None


class TestServingAlike:
    def test_what_no_method_uses_makes_no_difference(self):
        spare = replace(FULL, guards={**GUARDS, "spare": Guard()}, validators={**FULL.validators, "spare": (True, True)})
        assert serve_alike(read(replace(spare, models={**MODELS, "Spare": {"type": "object"}})), read_export(FULL))

    def test_a_model_counts_through_another_that_refers_to_it(self):
        changed = replace(FULL, models={**MODELS, "Order": {"type": "string"}})
        assert not serve_alike(read(changed), read_export(FULL))

    def test_a_model_that_a_response_names_counts(self):
        api = FULL.with_verb("/orders", "GET", responses={"404": ((), {"application/json": "Problem"})})
        assert not serve_alike(read(replace(api, models={**MODELS, "Problem": {}})), read(api))

    def test_a_model_that_is_not_there_is_no_difference_to_itself(self):
        api = replace(FULL, models={})
        assert serve_alike(read(api), read_export(api))

    @pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"an authorizer"}))
    def test_what_is_used_makes_one(self, name):
        assert not serve_alike(read(CHANGES[name](FULL)), read_export(FULL))
