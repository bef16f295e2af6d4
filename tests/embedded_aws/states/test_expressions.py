from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.states.expressions import ExpressionError, evaluate

GIVEN = {"nothing": None, "items": [{"n": 1}, {"n": 2}], "one": [{"n": 1}], "whole": 10.0, "text": 'it\'s "x"\\\n'}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def value_of(text, **variables):
    return evaluate(text, {"states": {"input": GIVEN}, **variables}, random.Random(1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$states.input.nothing", None),
        ("$states.input.nothing = null", True),
        ("$exists($states.input.nothing)", True),
        ("$exists($states.input.gone)", False),
        ("$states.input.items.n", [1, 2]),
        ("$states.input.one.n", 1),
        ("[$states.input.one.n]", [1]),
        ("$states.input.text", GIVEN["text"]),
        ("$states.input.whole", 10),
        ("10 / 4", 2.5),
        ("10 / 5", 2),
        ("{'a': $states.input.gone, 'b': null}", {"b": None}),
        ("$parse('[1, {\"a\": null}]')", [1, {"a": None}]),
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([], 2)", []),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(3, 1, 1)", []),
        ("$hash('canary', 'MD5')", "1a93b59c9a4c9da9b85259447e678c76"),
        ("$hash('', 'SHA-256')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("$random(7) = $random(7)", True),
        ("$random(7) = $random(8)", False),
        ("$random() < 1", True),
        ("$substring($uuid(), 14, 1)", "4"),
    ],
)
def test_an_expression_has_the_value_that_step_functions_gives_it(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$states.input.gone", "undefined"),
        ("$never", "undefined"),
        ("$", "undefined"),
        ("field", "undefined"),
        ("'a' + 1", "T2001"),
        ("$error('boom')", "boom"),
        ("$eval('1')", "non-function"),
        ("1/0", "division"),
        ("function($x){$x}", "unsupported result type"),
        ("((", "S0203"),
        ("$hash('a', 'CRC')", "supports MD5"),
        ("$partition([1], 0)", "at least 1"),
        ("$range(1, 2, 0)", "other than 0"),
        ("$parse('nope')", "Expecting value"),
    ],
)
def test_what_has_no_value_says_why(text, why):
    with pytest.raises(ExpressionError, match=why):
        value_of(text)


@given(value=json_values)
def test_any_json_value_passes_through_a_variable_unchanged(value):
    assert value_of("$given", given=value) == value


def test_what_comes_out_shares_nothing_with_the_variables():
    given_list = [[1], {"a": [2]}]
    out = value_of("$given", given=given_list)
    out[1]["a"].append(3)
    assert given_list == [[1], {"a": [2]}]


def test_equal_seeds_draw_equal_numbers():
    assert value_of("[$random(), $uuid()]") == value_of("[$random(), $uuid()]")


def test_now_is_the_time_of_the_evaluation_and_not_of_the_parse(time_machine):
    time_machine.move_to(1_000_000_000, tick=False)
    assert value_of("$millis()") == 1_000_000_000_000
    value_of("1 + 1")
    time_machine.move_to(1_000_000_060, tick=False)
    assert value_of("$millis()") == 1_000_000_060_000
