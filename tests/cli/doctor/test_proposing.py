"""Which target an API could be, from what it already uses."""

import pytest
import yaml

from canary.edge.target import require_target
from canary.rules.definitions.integrations import FunctionName, Place
from canary_cli.doctor.proposing import file_of, propose, target_of

HERE = Place("aws", "eu-west-1", "123456789012")
VARIABLE = "${stageVariables.lambdaAlias}"


def called(*names):
    """Functions by name and qualifier: `orders-read`, `orders-read:live`."""
    return [FunctionName(HERE, name, qualifier or None) for name, _, qualifier in (one.partition(":") for one in names)]


def proposed(*names, api_name="Orders API", variables=(), log_group=""):
    return target_of(propose(api_name, "a1b2c3d4e5", "prod", called(*names), dict(variables), log_group))


def test_an_api_without_anything_gets_the_documented_names():
    target = proposed("orders-read", "orders-write", "orders-read")

    assert target.name == "orders-api"
    assert target.stage.alias_variable == "lambdaAlias"
    assert [(one.name, one.live, one.canary) for one in target.functions] == [
        ("orders-read", "live", "canary"),
        ("orders-write", "live", "canary"),
    ]
    assert target.access_log_group == "/aws/apigateway/orders-api-prod"


def test_what_the_api_uses_stays():
    target = proposed(
        "orders-read:${stageVariables.stageAlias}",
        "orders-write:${stageVariables.stageAlias}",
        "orders-old:7",
        variables={"stageAlias": "blue"},
        log_group="/logs/orders",
    )

    assert (target.stage.alias_variable, target.access_log_group) == ("stageAlias", "/logs/orders")
    assert {one.live for one in target.functions} == {"blue"}


@pytest.mark.parametrize(
    ("qualifiers", "live", "canary"),
    [
        (("prod", "prod"), "prod", "canary"),
        (("prod", "test"), "live", "canary"),
        (("7", "7"), "live", "canary"),
        (("canary", "canary"), "canary", "next"),
    ],
)
def test_an_alias_that_every_call_names_is_the_live_one(qualifiers, live, canary):
    target = proposed(*(f"f{number}:{one}" for number, one in enumerate(qualifiers)))

    assert {(one.live, one.canary) for one in target.functions} == {(live, canary)}


def test_a_name_in_a_variable_is_filled_in_and_an_unknown_one_is_left_out():
    names = ("${stageVariables.readFunction}", "${stageVariables.nope}")
    target = proposed(*names, variables={"readFunction": "orders-read:live"})

    assert [one.name for one in target.functions] == ["orders-read"]
    assert propose("x", "a1b2c3d4e5", "prod", called(names[1]), {}, "") is None


@pytest.mark.parametrize(("api_name", "name"), [("2nd API!", "api-2nd-api"), ("Ärger", "rger"), ("x" * 60, "x" * 40)])
def test_a_target_has_a_name_that_is_allowed(api_name, name):
    assert proposed("f", api_name=api_name).name == name


def test_the_file_is_the_target():
    found = propose("Orders", "1234567890", "prod", called("orders-read"), {}, "")

    assert require_target(yaml.safe_load(file_of(found))) == target_of(found)
