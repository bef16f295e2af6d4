import pytest

from laptop.definitions.documents import DefinitionError, parse_document, read_document


def refused(raw: bytes) -> tuple[str, str]:
    with pytest.raises(DefinitionError) as told:
        parse_document(raw)
    return told.value.text, told.value.fix


def test_yaml_has_the_types_of_json_so_a_date_stays_text_and_a_key_too():
    assert parse_document(b"a: 2024-05-01\n200: {on: 1.5, yes: true}") == {"a": "2024-05-01", "200": {"on": 1.5, "yes": True}}


def test_json_and_yaml_in_braces_are_read_with_or_without_a_mark():
    assert parse_document(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}
    assert parse_document(b"{a: [1]}") == {"a": [1]}


def test_a_merged_anchor_is_no_key_given_twice():
    assert parse_document(b"a: &x {k: 1}\nb: {<<: *x, l: 2}") == {"a": {"k": 1}, "b": {"k": 1, "l": 2}}


def test_short_tags_of_cloudformation_become_mappings():
    assert parse_document(b"a: !Ref X\nb: !GetAtt Y.Arn") == {"a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["Y", "Arn"]}}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "the file is empty"),
        (b"  \n", "the file is empty"),
        (b"a: 1\nb: \xff", "line 2: the byte 0xff is not UTF-8"),
        (b"a:\n\tb: 1", "line 2, column 1: a tab, where YAML takes only spaces"),
        (b"a: [1", "line "),
        (b"a: 1\nb: 2\na: 3", "line 3: the key a is given twice"),
        (b'{"a": {"b": 1, "b": 2}}', "the key b is given twice (beside b)"),
        (b"? [1]\n: 2", "line 1: a key must be text"),
        (b"- a", "the document must be a mapping, got a list"),
        (b"just text", "the document must be a mapping, got a single value"),
    ],
)
def test_what_is_no_definition_is_named_with_its_place(raw, text):
    told, fix = refused(raw)
    assert told.startswith(text)
    assert fix


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DefinitionError, match=r"none\.yaml cannot be read: No such file"):
        read_document(tmp_path / "none.yaml")
