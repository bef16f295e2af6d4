import pytest

from laptop.definitions.values import Values


@pytest.mark.parametrize(
    ("base", "own", "made"),
    [
        ({"enum": ["base"]}, {"enum": ["dog"]}, "dog"),
        ({"type": "string"}, {"type": "integer"}, 1),
    ],
)
def test_parts_that_contradict_each_other_give_the_value_of_the_last(base, own, made):
    values = Values({}, is_answer=True)
    parts = [{"type": "object", "properties": {"kind": each}, "required": ["kind"]} for each in (base, own)]
    assert values.value({"allOf": parts}, "here") == {"kind": made}
    assert values.loose == ["here"]


def test_a_schema_that_no_sample_fits_keeps_its_types():
    values = Values({}, is_answer=True)
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "^A{40}$"}, "b": {"type": "integer", "minimum": 5}},
    }
    made = values.value(schema, "here")
    assert {name: type(each) for name, each in made.items()} == {"a": str, "b": int}
    assert values.loose == ["here"]


def test_a_value_that_fits_is_not_named():
    values = Values({}, is_answer=True)
    assert values.value({"type": "integer", "minimum": 5}, "here") == 5
    assert values.loose == []
