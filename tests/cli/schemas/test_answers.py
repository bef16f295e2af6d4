"""The published schemas of the command's answers. That each answer fits its schema is checked wherever a test asks for JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jsonschema
import pytest

from canary_cli.app import app
from canary_cli.schemas.__main__ import DOCS, write_answers
from canary_cli.schemas.answers import ANSWERS, schema_of_answer
from canary_cli.schemas.shapes import Optional, Shapes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]


@dataclass
class Pair:
    left: int
    right: "Pair | None"


def test_every_verb_and_the_errors_have_a_schema():
    assert {*ANSWERS} == {*(command.name for command in app.registered_commands), "error"}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_published_schemas_are_the_ones_that_the_types_make(name: str, tmp_path: Path):
    jsonschema.Draft202012Validator.check_schema(schema_of_answer(name))
    write_answers(tmp_path)
    published = (DOCS / f"{name}.schema.json").read_text(encoding="utf-8")
    assert (tmp_path / f"{name}.schema.json").read_text(encoding="utf-8") == published, "run: make schemas"


def test_the_folder_holds_nothing_else():
    assert {path.name for path in DOCS.iterdir()} == {f"{name}.schema.json" for name in ANSWERS}


def test_what_people_read_most_is_answered_as_published(ground: Ground, canary: Canary):
    walk = ground.walk().shift(labels={"commit": "3f9a"})
    for _ in range(3):
        walk.pause(60)
        walk.look()
    for arguments in (
        ["status"],
        ["status", "orders"],
        ["explain", "orders", "--minutes"],
        ["history", "orders"],
        ["history", "orders", "--at", "2026-01-31T12:00Z"],
        ["explain", "orders-nope"],
    ):
        told = canary(*arguments, "--json")
        assert (told.out or told.err).startswith("{"), arguments


def test_a_wrong_answer_would_be_noticed(canary: Canary):
    answer = canary("status", "orders", "--json").json
    validator = jsonschema.Draft202012Validator(schema_of_answer("status"))

    assert validator.is_valid(answer)
    assert validator.is_valid({**answer, "more": 1})
    assert not validator.is_valid({**answer, "read_at": 5})
    assert not validator.is_valid({key: value for key, value in answer.items() if key != "region"})
    assert not validator.is_valid({**answer, "alarms": [{"name": "a"}]})


def test_an_object_may_lack_what_is_optional_and_contain_its_own_kind():
    shapes = Shapes()
    schema = shapes.schema({"pair": Pair, "more": Optional(str)})

    assert schema["required"] == ["pair"]
    assert shapes.defs["Pair"]["properties"]["right"] == {"anyOf": [{"$ref": "#/$defs/Pair"}, {"type": "null"}]}


def test_two_classes_of_one_name_and_unknown_types_are_noticed():
    shapes = Shapes()
    shapes.schema(Pair)
    with pytest.raises(TypeError, match="two classes named Pair"):
        shapes.schema(dataclass(type("Pair", (), {"__annotations__": {"left": int}})))
    for shape in (bytes, list[int]):
        with pytest.raises(TypeError, match="no JSON is known"):
            shapes.schema(shape)
    assert json.dumps(shapes.schema(None)) == '{"type": "null"}'
