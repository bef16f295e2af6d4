from dataclasses import replace

import pytest

from canary.rules.checks.api_callers import callers_of_release
from canary.rules.checks.callers import Caller
from canary.rules.definitions.routes import routes_of
from canary.rules.releases.readings import Deployed
from canary.rules.releases.release import UNCHANGED
from tests.builders import STAGE, a_definitions
from tests.rules.api_world import ORDERS, Guard, as_answers, lambda_uri, read

WIDER = replace(ORDERS, guards={"auth": Guard(uri=lambda_uri("orders-auth"))})
WIDER = WIDER.with_verb("/orders", "GET", auth="auth").with_verb("/", "ANY")


def test_each_method_presents_its_stage_verb_and_path():
    assert callers_of_release(None, a_definitions(), STAGE) == {
        "orders-read": (Caller("orders-read", "prod/GET/orders"), Caller("orders-read", "prod/GET/orders/{id}")),
        "orders-write": (Caller("orders-write", "prod/POST/orders"),),
    }


def test_an_authorizer_presents_its_own_id():
    number = as_answers(WIDER).authorizers[0]["id"]
    found = callers_of_release(None, a_definitions(present=read(WIDER)), STAGE)
    assert found["orders-auth"] == (Caller("orders-auth", f"authorizers/{number}"),)
    assert Caller("orders-read", "prod/ANY/") in found["orders-read"]


@pytest.mark.parametrize(
    ("deployment", "definitions"),
    [
        (UNCHANGED, a_definitions(base=read(WIDER))),
        (None, a_definitions(present=read(WIDER), is_promoted=True)),
        ("dep-9", a_definitions(named=Deployed("dep-9", read(WIDER), routes=routes_of(read(WIDER))))),
    ],
    ids=["unchanged", "promoted last", "named"],
)
def test_the_id_of_an_authorizer_in_an_existing_deployment_is_a_guess(deployment, definitions):
    number = as_answers(WIDER).authorizers[0]["id"]
    found = callers_of_release(deployment, definitions, STAGE)
    assert found["orders-auth"] == (Caller("orders-auth", f"authorizers/{number}", is_id_guessed=True),)
    assert Caller("orders-read", "prod/ANY/") in found["orders-read"]


def test_a_caller_with_its_own_credentials_needs_no_other_permission():
    role = "arn:aws:iam::123456789012:role/api"
    api = replace(WIDER, guards={"auth": replace(WIDER.guards["auth"], credentials=role)})
    api = api.with_verb("/orders", "POST", call=replace(api.verbs["/orders", "POST"].call, credentials=role))
    found = callers_of_release(None, a_definitions(present=read(api)), STAGE)
    assert (found["orders-auth"], found["orders-write"]) == ((), ())


def test_an_unchanged_deployment_is_called_as_base_is():
    definitions = a_definitions(present=read(WIDER))
    assert "orders-auth" not in callers_of_release(UNCHANGED, definitions, STAGE)


def test_nothing_is_known_of_a_definition_that_cannot_be_read():
    definitions = a_definitions(named=Deployed("dep-9", unreadable="AccessDenied"))
    assert callers_of_release("dep-9", definitions, STAGE) == {}
