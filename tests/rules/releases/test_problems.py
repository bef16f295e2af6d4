import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.releases.problems import LONGEST_SHOWN, MOST_LISTED, Problem, RefusedError, cut, nearest, show

FALLING = Problem("policy.steps[1].weight_percent", "step weights must rise, got 50 then 10", "reorder policy.steps")


def test_reads_as_field_rule_value_and_fix():
    assert str(FALLING) == ("policy.steps[1].weight_percent: step weights must rise, got 50 then 10; reorder policy.steps")


def test_refusal_lists_every_problem():
    error = RefusedError([FALLING, Problem("target", "is missing", "give the name of a registered target")])
    assert str(error) == f"{FALLING}. target: is missing; give the name of a registered target"
    assert error.problems[0] == FALLING


def test_refusal_counts_what_a_fail_state_could_not_hold():
    error = RefusedError([FALLING] * (MOST_LISTED + 12))
    assert str(error).endswith(". and 12 more")
    assert str(error).count("reorder") == MOST_LISTED
    assert len(error.problems) == MOST_LISTED + 12


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_refusal_survives_being_copied(again):
    error = again(RefusedError([FALLING]))
    assert error.problems == (FALLING,)
    assert str(error) == str(FALLING)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        ("15m", '"15m"'),
        ("größer", '"größer"'),
        (12.5, "12.5"),
        (7, "7"),
        pytest.param(10**5000, "a number of more than 20 digits", id="huge"),
        ({"a": 1}, "a mapping"),
        ([1, 2], "a list of 2"),
        ({1}, "a list of 1"),
        (b"x", "b'x'"),
    ],
)
def test_shows_a_value_in_the_words_of_json(value, shown):
    assert show(value) == shown


def test_cuts_what_is_too_long_to_repeat():
    assert len(show("x" * 1000)) == LONGEST_SHOWN
    assert show("x" * 1000).endswith("...")


@given(st.text(st.characters(), max_size=200))
def test_whatever_is_shown_can_be_written_as_utf8(text):
    for shown in (show(text), cut(text)):
        assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("word", "meant"), [("polcy", "policy"), ("Target", "target"), ("qqq", None), ("targetted" * 1000, None)]
)
def test_finds_the_nearest_known_name(word, meant):
    assert nearest(word, ["target", "policy", "reason"]) == meant


def test_several_problems_are_one_sentence_each():
    problems = [Problem("a", "1", "did you mean b?"), Problem("c", "2", "drop it"), Problem("d", "3", "did you mean e?")]
    assert str(RefusedError(problems)) == "a: 1; did you mean b? c: 2; drop it. d: 3; did you mean e?"
