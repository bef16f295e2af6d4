import pytest

from embedded_aws.dataplane.sample_values import sample
from laptop.definitions.schemas import DEEPEST, MOST_PARTS, Schemas


def plain(schema, *, is_answer=True, **parts):
    return Schemas({"schemas": parts}, is_answer=is_answer).plain(schema, "here")


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string", "example": "tea"}, {"example": "tea"}),
        ({"examples": [{"value": 1}]}, {"example": {"value": 1}}),
        ({"examples": {"one": {"value": 3}}}, {"example": 3}),
        ({"const": 4}, {"enum": [4]}),
        ({"type": ["null", "integer"]}, {"type": "integer"}),
        ({"type": "file"}, {"type": "string"}),
        ({"type": {"a": "b"}}, {"type": "object"}),
        ({"type": [{"a": "b"}], "minLength": 1}, {"type": "string", "minLength": 1}),
        ({"format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        (
            {"type": "number", "maximum": 2, "exclusiveMaximum": True},
            {"type": "number", "maximum": 2, "exclusiveMaximum": True},
        ),
        ({"type": "string", "pattern": "(?<x>a)"}, {"type": "string"}),
        (
            {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
            {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
        ),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, {"type": "boolean"}),
        ({"type": "number", "multipleOf": 0}, {"type": "number"}),
        ({"type": "string", "minLength": "3", "format": 5, "enum": "abc"}, {"type": "string"}),
        (True, {}),
    ],
)
def test_each_dialect_becomes_draft_4(schema, made):
    assert plain(schema) == made


def test_answers_keep_what_only_they_have_and_requests_what_only_they_have():
    schema = {"properties": {"id": {"type": "string", "readOnly": True}, "secret": {"type": "string", "writeOnly": True}}}
    assert [*plain(schema)["properties"]] == ["id"]
    assert [*plain(schema, is_answer=False)["properties"]] == ["secret"]


def test_a_schema_that_refers_to_itself_ends_there():
    tree = {
        "type": "object",
        "required": ["child"],
        "properties": {"child": {"$ref": "#/schemas/Tree"}, "n": {"type": "integer"}},
    }
    made = plain({"$ref": "#/schemas/Tree"}, Tree=tree)
    assert made["properties"]["child"] == {"type": "object"}
    assert sample(made) == {"child": {}, "n": 1}


def test_alternatives_become_their_first_with_what_is_common_to_all():
    schema = {"properties": {"a": {"enum": [1]}}, "oneOf": [{"properties": {"b": {"enum": [2]}}}, {"type": "string"}]}
    assert sample(plain(schema)) == {"a": 1, "b": 2}


def test_a_large_schema_keeps_its_required_properties_and_a_deep_one_ends():
    wide = {"properties": {f"p{n}": {"type": "string"} for n in range(500)}, "required": ["p499"]}
    made = plain(wide)
    assert "p499" in made["properties"]
    assert len(made["properties"]) <= MOST_PARTS
    deep: dict[str, object] = {"type": "string"}
    for _ in range(DEEPEST + 5):
        deep = {"type": "array", "items": deep}
    assert plain(deep) != deep
    assert isinstance(sample(plain(deep)), list)
