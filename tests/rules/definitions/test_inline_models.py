"""A model that AWS named is recognised by its content."""

from dataclasses import replace

import pytest

from canary.rules.definitions.fingerprint import fingerprint
from tests.rules.api_world import ORDERS, read, read_export

ORDER, LINE = {"type": "object", "required": ["id"]}, {"type": "array", "items": {"$ref": "model:MODELd2a00d"}}


def an_api(order, line="MODEL0a1b2c", **models):
    """Two inline models, the second referring to the first, under these names."""
    schemas = {order: ORDER, line: {**LINE, "items": {"$ref": f"model:{order}"}}, **models}
    api = replace(ORDERS, models=schemas)
    return api.with_verb(
        "/orders", "POST", models={"application/json": order}, responses={"200": ((), {"application/json": line})}
    )


@pytest.mark.parametrize("reading", [read, read_export])
def test_names_that_aws_gave_make_no_difference(reading):
    first, second = (reading(an_api(*names)) for names in (("MODELd2a00d", "MODEL0a1b2c"), ("MODELffffff", "MODEL000000")))

    assert first == second
    assert fingerprint(first) == fingerprint(second)
    assert all(name.startswith("inline-") for name in first.models)
    (posted,) = (one for one in first.methods if one.http_method == "POST")
    assert {posted.models["application/json"], posted.responses["200"].models["application/json"]} == set(first.models)


def test_what_they_say_makes_one():
    said = replace(an_api("MODELd2a00d"), models={**an_api("MODELd2a00d").models, "MODELd2a00d": {"type": "string"}})
    assert fingerprint(read(an_api("MODELd2a00d"))) != fingerprint(read(said))


def test_a_reference_follows_the_model():
    found = read(an_api("MODELd2a00d", Orders={"type": "array", "items": {"$ref": "model:MODELd2a00d"}}))
    order = next(name for name, model in found.models.items() if '"required"' in model.schema)
    assert found.models["Orders"].schema == f'{{"items":{{"$ref":"model:{order}"}},"type":"array"}}'


def test_a_reference_to_what_is_not_there_stays():
    found = read(replace(an_api("MODELd2a00d"), models={"MODEL0a1b2c": LINE}))
    assert "model:MODELd2a00d" in next(iter(found.models.values())).schema


@pytest.mark.parametrize("name", ["Order", "MODELOrder", "MODELD2A00D", "MODELd2a00d1"])
def test_a_name_that_someone_chose_is_kept(name):
    assert name in read(an_api(name)).models
