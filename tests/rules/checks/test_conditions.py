"""A condition is true, false or uncertain; nothing unknown is guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.checks.conditions import agreed, all_of, any_of, holds, is_arn_like, is_like, negate, texts_of

ARN = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/orders"
CONTEXT = {
    "aws:sourcearn": (ARN,),
    "aws:sourceaccount": ("123456789012",),
    "aws:principalorgid": (None,),
    "aws:principalisawsservice": ("true",),
    "lambda:invokedviafunctionurl": ("false", None),
}

TRUTHS = st.sampled_from([True, False, None])
PATTERNS = st.text("ab*?.[", max_size=6)


def one(operator, key, value):
    return holds({operator: {key: value}}, CONTEXT)


@pytest.mark.parametrize(
    ("operator", "value", "truth"),
    [
        ("ArnLike", ARN, True),
        ("ArnLike", f"{ARN}s", False),
        ("ArnLike", "arn:aws:execute-api:*:*:a1b2c3d4e5/*/GET/*", True),
        ("ArnLike", "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/pro?/*", True),
        ("ArnLike", "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*", False),
        ("ArnLike", "arn:aws:*:a1b2c3d4e5/*", None),  # not an ARN: a wildcard stays within its part
        ("ArnLike", "arn:aws:execute-api:*:a1b2c3d4e5/prod/GET/orders:x", False),
        ("ArnLike", "*", None),
        ("arnlike", ARN, True),
        ("ArnLike", ARN.upper(), False),
        ("ArnEquals", "arn:aws:execute-api:*:*:a1b2c3d4e5/*", True),
        ("ArnEquals", "arn:aws:execute-api:*:*:other/*", False),
        ("ArnNotLike", "arn:aws:execute-api:*:*:other/*", True),
        ("ArnNotEquals", "arn:aws:execute-api:*:*:a1b2c3d4e5/*", False),
        ("ArnNotLike", "*", None),
        ("StringEquals", ARN, True),
        ("StringEquals", "arn:aws:execute-api:*:*:a1b2c3d4e5/*", False),
        ("StringNotEquals", ARN, False),
        ("StringEqualsIgnoreCase", ARN.upper(), True),
        ("StringNotEqualsIgnoreCase", ARN.upper(), False),
        ("StringLike", "arn:*/GET/orders", True),
        ("StringLike", "arn:*/POST/orders", False),
        ("StringNotLike", "arn:*/POST/orders", True),
        ("StringEquals", [ARN, "arn:x"], True),
        ("ArnLike", ["arn:aws:execute-api:*:*:x/*", "arn:aws:execute-api:*:*:a1b2c3d4e5/*"], True),
        ("ArnLike", ["*", "arn:aws:execute-api:*:*:a1b2c3d4e5/*"], True),
        ("ArnNotLike", ["arn:aws:execute-api:*:*:x/*", "arn:aws:execute-api:*:*:a1b2c3d4e5/*"], False),
        ("StringEquals", [], False),
        ("StringEquals", {"a": 1}, None),
        ("StringEquals", None, None),
        ("StringEquals", "${aws:PrincipalArn}", None),
        ("ArnLike", ["${aws:PrincipalArn}", ARN], None),
        ("ForAnyValue:ArnLike", ARN, None),
        ("ForAllValues:StringEquals", ARN, None),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", None),
        ("NumericEquals", 1, None),
        ("StringMatches", ARN, None),
        ("NotStringEquals", ARN, None),
        ("ArnLikeIfExists", ARN, True),
        ("ArnLikeIfExists", f"{ARN}s", False),
        ("Null", "false", True),
        ("Null", True, False),
        ("Null", ["true", "false"], None),
        ("Null", "perhaps", None),
    ],
)
def test_a_value_that_is_there_is_compared(operator, value, truth):
    assert one(operator, "AWS:SourceArn", value) is truth


@pytest.mark.parametrize(
    ("operator", "value", "truth"),
    [
        ("StringEquals", "o-abc", False),
        ("StringNotEquals", "o-abc", True),
        ("StringEqualsIfExists", "o-abc", True),
        ("StringNotEqualsIfExists", "o-abc", True),
        ("StringLike", "*", False),
        ("Null", "true", True),
        ("Null", "false", False),
        ("NullIfExists", "true", None),
    ],
)
def test_a_key_that_is_missing_matches_nothing_but_what_asks_for_that(operator, value, truth):
    assert one(operator, "aws:PrincipalOrgID", value) is truth


@pytest.mark.parametrize(("operator", "value"), [("StringEquals", "x"), ("Null", "true"), ("ArnLikeIfExists", ARN)])
def test_a_key_that_is_not_known_is_not_certain(operator, value):
    assert one(operator, "aws:SourceVpc", value) is None


@pytest.mark.parametrize("key", ["AWS:SourceAccount", "aws:sourceaccount", "aws:SourceAccount"])
@pytest.mark.parametrize(("value", "truth"), [("123456789012", True), (123456789012, True), ("999999999999", False)])
def test_keys_are_found_in_any_case_and_numbers_compared_as_text(key, value, truth):
    assert one("StringEquals", key, value) is truth


@pytest.mark.parametrize(
    ("key", "value", "truth"),
    [
        ("aws:PrincipalIsAWSService", True, True),
        ("aws:PrincipalIsAWSService", "True", True),
        ("aws:PrincipalIsAWSService", "false", False),
        ("lambda:InvokedViaFunctionUrl", True, False),
        ("lambda:InvokedViaFunctionUrl", False, None),  # if the key is missing, that is false too
    ],
)
def test_booleans_may_be_written_as_text(key, value, truth):
    assert one("Bool", key, value) is truth


def test_a_condition_holds_when_all_of_it_does():
    fits, fails, odd = {"AWS:SourceArn": ARN}, {"aws:SourceAccount": "9"}, {"aws:SourceVpc": "x"}
    assert holds({}, CONTEXT) is True
    assert holds({"ArnLike": fits, "StringEquals": fails}, CONTEXT) is False
    assert holds({"StringEquals": {**fits, **fails}}, CONTEXT) is False
    assert holds({"StringEquals": {**fits, **odd}}, CONTEXT) is None
    assert holds({"Unheard": fails, "StringEquals": fails}, CONTEXT) is False


@pytest.mark.parametrize("condition", [None, [], "x", {"ArnLike": "x"}, {"ArnLike": [1]}])
def test_what_is_no_condition_is_not_certain(condition):
    assert holds(condition, CONTEXT) is None


@given(st.lists(TRUTHS))
def test_uncertainty_decides_only_where_it_matters(truths):
    def outcomes(how):
        sure = [truth for truth in truths if truth is not None]
        return {how([*sure, *[guess] * (len(truths) - len(sure))]) for guess in (True, False)}

    for combine, certain in ((all_of, all), (any_of, any)):
        possible = outcomes(certain)
        assert combine(truths) is (possible.pop() if len(possible) == 1 else None)


@given(TRUTHS)
def test_a_negation_taken_back_is_what_it_was(truth):
    assert negate(negate(truth)) is truth


@pytest.mark.parametrize(
    ("truths", "said"), [([True, True], True), ([False], False), ([True, False], None), ([None], None), ([], None)]
)
def test_what_differs_is_not_agreed(truths, said):
    assert agreed(truths) is said


@pytest.mark.parametrize(
    ("value", "texts"),
    [("x", ("x",)), (True, ("true",)), (1.5, ("1.5",)), (["a", 2, False], ("a", "2", "false")), (None, None), ([{}], None)],
)
def test_reads_one_value_or_several(value, texts):
    assert texts_of(value) == texts


def slow_match(text, pattern):
    """The meaning of a pattern, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slow_match(text[skipped:], pattern[1:]) for skipped in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and slow_match(text[1:], pattern[1:])


@given(st.text("ab.[*", max_size=6), PATTERNS)
def test_a_pattern_means_what_it_says_letter_by_letter(text, pattern):
    assert is_like(text, pattern) == slow_match(text, pattern)


def test_a_pattern_of_many_wildcards_is_matched_at_once():
    assert not is_like("a" * 200, "*" * 200 + "b")
    assert is_like("two\nlines", "two*lines")


@given(st.lists(st.text("ab/", max_size=3), min_size=6, max_size=6), st.integers(0, 5))
def test_an_arn_is_compared_part_by_part(parts, place):
    starred = ["*" if number == place else part for number, part in enumerate(parts)]
    assert is_arn_like(":".join(parts), ":".join(starred)) is True
    assert is_arn_like(":".join(parts[:5]), ":".join(starred)) is False
    assert is_arn_like(":".join(parts), ":".join(starred[:5])) is None
    assert re.fullmatch(r"(.*:){5}.*", ":".join(parts))
