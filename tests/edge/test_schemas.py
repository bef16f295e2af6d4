import json
import runpy
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from canary.edge import schemas
from canary.edge.policy import policy_to_mapping
from canary.edge.request import parse_advance, parse_authorizer_call, parse_operator_call, parse_request
from canary.edge.schemas import DOCS, MODELS, NOTIFICATION, REPORT, schema_of, write_schemas
from canary.edge.target import parse_target, target_to_json
from canary.rules.targets.policy import SHIPPED

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "statemachine" / "examples").glob("*.json"))
PARSERS = {
    "input": parse_request,
    "advance": parse_advance,
    "target": parse_target,
    "operator": parse_operator_call,
    "authorizer": parse_authorizer_call,
}
STAGE = {"rest_api_id": "a1b2c3d4e5", "stage_name": "prod", "alias_variable": "lambdaAlias"}
STEP = {"weight_percent": 10, "bake_seconds": 900}


def is_valid(name, value):
    return jsonschema.Draft202012Validator(schema_of(MODELS[name])).is_valid(value)


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


@pytest.mark.parametrize("name", [*MODELS, REPORT, NOTIFICATION])
def test_published_schema_is_the_one_the_models_make(name, tmp_path):
    write_schemas(tmp_path)
    made = (tmp_path / f"{name}.schema.json").read_text(encoding="utf-8")
    published = (DOCS / f"{name}.schema.json").read_text(encoding="utf-8")
    assert made == published, "run: python -m canary.edge.schemas"


def test_published_folder_holds_nothing_else():
    names = (*MODELS, REPORT, NOTIFICATION, "traffic")  # the last one is written by demo.schemas
    assert {path.name for path in DOCS.glob("*.json")} == {f"{name}.schema.json" for name in names}


def test_the_schema_is_valid(name):
    jsonschema.Draft202012Validator.check_schema(schema_of(MODELS[name]))


def fields_of(schema):
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part["properties"].items()


def test_every_field_is_described(name):
    assert [field for field, schema in fields_of(schema_of(MODELS[name])) if not schema.get("description")] == []


def test_every_time_has_its_unit_in_the_description():
    for field, schema in fields_of(schema_of(MODELS["target"])):
        if field.endswith("_seconds"):
            assert "seconds" in schema["description"]
        if field.endswith("_ms"):
            assert "milliseconds" in schema["description"]


def test_the_schema_offers_no_null_for_optional_fields(name):
    assert "null" not in json.dumps(schema_of(MODELS[name]))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_inputs_are_valid(path):
    value = json.loads(path.read_text(encoding="utf-8"))
    assert is_valid("advance" if value.get("operation") == "advance" else "input", value)


def test_the_sample_target_is_valid():
    raw = yaml.safe_load((ROOT / "targets" / "orders.yaml").read_text(encoding="utf-8"))
    assert is_valid("target", raw)
    target, _ = parse_target(raw)
    assert is_valid("target", json.loads(target_to_json(target)))


@pytest.mark.parametrize("policy", SHIPPED)
def test_every_shipped_policy_is_valid_by_name_and_in_full(policy):
    assert is_valid("input", {"target": "orders", "policy": policy})
    assert is_valid("input", {"target": "orders", "policy": policy_to_mapping(SHIPPED[policy])})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("input", {}),
        ("input", {"target": "Orders"}),
        ("input", {"target": "orders", "operation": "advance"}),
        ("input", {"target": "orders", "polcy": "standard"}),
        ("input", {"target": "orders", "policy": "standrad"}),
        ("input", {"target": "orders", "policy": {"steps": []}}),
        ("input", {"target": "orders", "policy": {"steps": [{**STEP, "weight_percent": 100}]}}),
        ("input", {"target": "orders", "policy": {"steps": [{**STEP, "weight_percent": "12.345"}]}}),
        ("input", {"target": "orders", "policy": {"steps": [{**STEP, "bake_seconds": 0}]}}),
        ("input", {"target": "orders", "policy": {"alpha": 0.5}}),
        ("input", {"target": "orders", "policy": {"early_advance": "maybe"}}),
        ("input", {"target": "orders", "policy": None}),
        ("input", {"target": "orders", "release": {"functions": {"a": "$LATEST"}}}),
        ("input", {"target": "orders", "release": {"functions": {"fn:live": "7"}}}),
        ("input", {"target": "orders", "release": {"deployment": None}}),
        ("input", {"target": "orders", "reason": 5}),
        ("input", {"target": "orders", "labels": {"commit": 5}}),
        ("input", {"target": "orders", "labels": {"the commit": "x"}}),
        ("input", {"target": "orders", "labels": {f"l{number}": "x" for number in range(11)}}),
        ("input", {"target": "orders", "comment": "x"}),
        ("input", {"target": "orders", "release": {"Comment": "x"}}),
        ("input", {"target": "orders", "release": {"variables": {"new_checkout": "on"}}}),
        ("input", {"target": "orders", "release": {"variables": {"newCheckout": "with a blank"}}}),
        ("input", {"target": "orders", "release": {"variables": {"newCheckout": True}}}),
        ("target", {"name": "orders", "functions": [{"name": "f", "live": "l"}], "alarms": ["a\tb"]}),
        ("target", {"name": "orders", "functions": [{"name": "f", "live": "l"}], "alarms": ["arn:aws:cloudwatch:x:1:alarm:a"]}),
        ("target", {"name": "orders", "functions": []}),
        ("target", {"name": "orders", "functions": [{"name": "f", "live": "7"}]}),
        ("target", {"name": "orders", "functions": [{"name": "f", "live": "l"}], "metrics": {"errors": "4xx"}}),
        ("target", {"name": "orders", "functions": [{"name": "f", "live": "l"}], "stage": {**STAGE, "stage_name": "$"}}),
        ("operator", {"verb": "stop", "target": "orders"}),
        ("operator", {"verb": "abort"}),
    ],
)
def test_the_models_refuse_whatever_the_schema_refuses(schema, value):
    assert not is_valid(schema, value)
    assert PARSERS[schema](value)[0] is None


@pytest.mark.parametrize(
    "value",
    [
        {"target": "orders", "policy": {"steps": [{"weight_percent": "12.5", "bake_seconds": "900"}]}},
        {"target": "orders", "policy": {"early_advance": "true", "alpha": "0.05"}},
        {"target": "orders", "release": {"functions": {"orders-read": 7}, "deployment": "unchanged"}},
    ],
)
def test_strings_from_pipelines_are_valid_too(value):
    assert is_valid("input", value)
    assert parse_request(value)[0] is not None


ADDED = {"Comment": "Insert your JSON here", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:x:1:execution:a:b"}


@pytest.mark.parametrize("schema", ["input", "advance"])
@pytest.mark.parametrize(
    "added", [ADDED, {"Comment": {"any": ["thing"]}}, {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": None}]
)
def test_keys_that_step_functions_adds_to_an_input_change_nothing(schema, added):
    value = {"operation": "advance", "target": "orders"} if schema == "advance" else {"target": "orders"}
    assert is_valid(schema, {**value, **added})
    assert PARSERS[schema]({**value, **added}) == PARSERS[schema](value)


@pytest.mark.parametrize("schema", ["target", "operator"])
def test_nothing_is_added_to_what_is_no_input_of_an_execution(schema):
    assert not {*ADDED} & {*schema_of(MODELS[schema])["properties"]}


def test_a_reason_of_any_length_and_many_lines_is_valid():
    for schema, value in (
        ("input", {"target": "orders"}),
        ("advance", {"operation": "advance", "target": "orders"}),
        ("operator", {"verb": "abort", "target": "orders"}),
    ):
        told = {**value, "reason": "fix: pay\n\n" + "because " * 100}
        assert is_valid(schema, told)
        read, _ = PARSERS[schema](told)
        assert (len(read.reason), read.reason[:16], read.reason[-1]) == (500, "fix: pay because", "…")


def run_module(source, *arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(source), *arguments])
    runpy.run_path(str(source), run_name="__main__")


def test_the_module_writes_the_files_into_the_given_folder(tmp_path, monkeypatch):
    run_module(Path(schemas.__file__), str(tmp_path / "new" / "folder"), monkeypatch=monkeypatch)
    assert {path.stem for path in (tmp_path / "new" / "folder").iterdir()} == {
        f"{name}.schema" for name in (*MODELS, REPORT, NOTIFICATION)
    }


def test_the_module_writes_the_docs_of_its_own_checkout(tmp_path, monkeypatch):
    source = tmp_path / "functions" / "canary" / "edge" / "schemas.py"
    source.parent.mkdir(parents=True)
    shutil.copy(schemas.__file__, source)
    run_module(source, monkeypatch=monkeypatch)
    assert {path.stem for path in (tmp_path / "docs" / "schemas").iterdir()} == {
        f"{name}.schema" for name in (*MODELS, REPORT, NOTIFICATION)
    }
