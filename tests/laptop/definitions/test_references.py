import pytest

from laptop.definitions.documents import DefinitionError
from laptop.definitions.references import pointer_of, resolve

ROOT = {
    "a": {"$ref": "#/b/c~1d"},
    "b": {"c/d": {"x": 1}, "list": [{"y": 2}]},
    "loop": {"$ref": "#/loop2"},
    "loop2": {"$ref": "#/loop"},
}


def test_a_reference_is_followed_through_others_and_through_escaped_names():
    assert resolve(ROOT, {"$ref": "#/a"}, "here") == {"x": 1}
    assert resolve(ROOT, {"$ref": "#/b/c%7E1d"}, "here") == {"x": 1}
    assert resolve(ROOT, {"$ref": "#/b/list/0"}, "here") == {"y": 2}


def test_the_models_of_an_api_that_was_not_imported_need_no_definition():
    assert resolve({}, {"$ref": "#/components/schemas/Empty"}, "here") == {}
    assert resolve({"definitions": {"Error": {"x": 1}}}, {"$ref": "#/definitions/Error"}, "here") == {"x": 1}


def test_a_property_named_ref_is_no_reference():
    assert pointer_of({"$ref": {"type": "string"}}) is None


@pytest.mark.parametrize(
    ("pointer", "text", "fix"),
    [
        ("paths/menu.yaml", "leads to another file", "redocly/cli bundle"),
        ("https://example.com/a.json#/b", "leads to another file", "redocly/cli bundle"),
        ("#Order", "names an anchor, which is not followed", "#/components/schemas/Order"),
        ("#/b/none", "leads to nothing: there is no none", "correct the reference"),
        ("#/b/list/7", "leads to nothing: there is no 7", "correct the reference"),
        ("#/loop", "leads back to itself", "write the part in its place"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_by_name(pointer, text, fix):
    with pytest.raises(DefinitionError, match=f"^GET /a: the reference .*{text}") as told:
        resolve(ROOT, {"$ref": pointer}, "GET /a")
    assert fix in told.value.fix
