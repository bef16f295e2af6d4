import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.edge.labels import LONGEST_NAME, LONGEST_VALUE, MOST_LABELS
from canary.edge.model import require
from canary.edge.request import parse_request

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def problems_of(labels):
    request, problems = parse_request({"target": "orders", "labels": labels})
    assert request is None
    return [str(problem) for problem in problems]


def test_reads_labels_as_they_are():
    labels = {"commit": "9f3c1e0", "build-url": "https://ci.example.com/7?a=b", "ticket": "OPS-123", "author": "Zoë Å."}
    request = require(parse_request({"target": "orders", "labels": labels}))
    assert dict(request.labels) == labels


def test_an_input_needs_no_labels():
    assert dict(require(parse_request({"target": "orders"})).labels) == {}


@given(
    st.dictionaries(
        st.text(LETTERS, min_size=1, max_size=LONGEST_NAME),
        st.text(LETTERS, min_size=1, max_size=LONGEST_VALUE),
        max_size=MOST_LABELS,
    )
)
def test_takes_whatever_is_within_the_bounds(labels):
    assert dict(require(parse_request({"target": "orders", "labels": labels})).labels) == labels


def test_refuses_more_labels_than_ten():
    eleven = {f"l{number}": "x" for number in range(11)}
    assert problems_of(eleven) == ["labels: there are at most 10 labels, got 11; drop some"]


@pytest.mark.parametrize(
    ("labels", "answer"),
    [
        (
            {"the commit": "9f3c1e0"},
            (
                "labels.the commit: not a label's name (letters, digits and ._-/, a letter or digit first, at most 40), "
                'got "the commit"; write it like commit or build-url'
            ),
        ),
        ({"c" * 41: "x"}, f"labels.{'c' * 41}: not a label's name ("),
        ({"commit": ""}, 'labels.commit: a label\'s value must be one line of 1 to 200 characters, got 0: ""; write one'),
        ({"commit": "x" * 201}, "labels.commit: a label's value must be one line of 1 to 200 characters, got 201: "),
        ({"commit": "two\nlines"}, "labels.commit: a label's value must be one line of 1 to 200 characters, got 9: "),
        ({"build": 7}, "labels.build: not text, got 7; put it in quotes"),
        (["commit"], "labels: not a mapping, got a list of 1; give a mapping"),
        (None, "labels: not a mapping, got null; give a mapping"),
    ],
)
def test_refuses_a_label_with_its_field_the_value_and_a_fix(labels, answer):
    (found,) = problems_of(labels)
    assert found.startswith(answer)
