from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser import Field

from canary.edge.model import Clash, Strict, parse, require
from canary.rules.releases.problems import RefusedError


class Inner(Strict):
    size: int = Field(description="how big it is")


class Outer(Strict):
    ignored = MappingProxyType({"Note": "what nobody reads"})
    shape = "a name, or a mapping"

    first: Inner = Field(description="the first one")
    others: tuple[Inner, ...] = Field(default=(), description="the others")
    sizes: dict[str, int] = Field(default_factory=dict, description="sizes by name")

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]):
        if raw.get("first") == raw.get("others"):
            yield Clash(("others",), "both are alike", "make them differ")


def problems_of(raw, at=""):
    value, problems = parse(Outer, raw, at=at)
    assert value is None
    return [str(problem) for problem in problems]


def test_gives_the_value_where_nothing_is_wrong():
    value, problems = parse(Outer, {"first": {"size": 1}})
    assert value.first.size == 1
    assert problems == ()


def test_ignores_keys_that_others_add_whatever_they_hold():
    value, problems = parse(Outer, {"first": {"size": 1}, "Note": [object()]})
    assert (value, problems) == (Outer(first=Inner(size=1)), ())


def test_refuses_these_keys_anywhere_else():
    assert problems_of({"first": {"size": 1, "Note": 1}}) == [
        "first.Note: unknown field, got 1; remove it; the fields here are size"
    ]


def test_names_what_is_missing_by_its_description():
    assert problems_of({}) == ["first: is missing; give the first one", "others: both are alike; make them differ"]


def test_reports_clashes_beside_the_fields_own_problems_at_every_depth():
    assert problems_of({"first": {"size": "big"}, "others": [{}, 5], "frist": 1}) == [
        'first.size: input should be a valid integer, unable to parse string as an integer, got "big"; correct it',
        "others[0].size: is missing; give how big it is",
        "others[1]: not a mapping, got 5; give a mapping with size",
        "frist: unknown field, got 1; did you mean first?",
    ]


def test_reports_a_clash_alone():
    same = {"size": 1}
    assert problems_of({"first": same, "others": same})[-1] == "others: both are alike; make them differ"


@pytest.mark.parametrize(("raw", "got"), [(None, "null"), ([], "a list of 0"), ("orders", '"orders"'), (7, "7")])
def test_asks_for_a_mapping_and_names_its_fields(raw, got):
    answer = f"input: not a mapping, got {got}; give a name, or a mapping with first, others, sizes"
    assert problems_of(raw) == [answer]


def test_asks_for_a_list_or_a_mapping():
    assert problems_of({"first": {"size": 1}, "others": "x", "sizes": 5}) == [
        'others: not a list, got "x"; give a list',
        "sizes: not a mapping, got 5; give a mapping",
    ]


def test_lists_the_fields_for_an_unknown_one_that_resembles_none():
    assert problems_of({"first": {"size": 1}, "zzz": None}) == [
        "zzz: unknown field, got null; remove it; the fields here are first, others, sizes"
    ]


def test_refuses_keys_that_are_no_text():
    assert problems_of({"first": {"size": 1}, 7: 8}) == [
        "[7]: unknown field, got 7; remove it; the fields here are first, others, sizes"
    ]


def test_prefixes_the_fields_paths_with_its_own():
    assert problems_of({"first": {}}, at="target")[0] == "target.first.size: is missing; give how big it is"
    assert problems_of(None, at="target")[0].startswith("target: not a mapping")


def test_cuts_names_that_are_too_long_to_repeat():
    (answer,) = problems_of({"first": {"size": 1}, "z" * 10_000: 1})
    assert len(answer) < 200


def test_reports_a_key_that_does_not_fit_on_its_own():
    (answer, *_) = problems_of({"first": {"size": 1}, "sizes": {7: 8}})
    assert answer.startswith(("sizes[7]: ", "sizes.7: "))


def test_raises_every_problem_at_once():
    with pytest.raises(RefusedError) as caught:
        require(parse(Outer, {"zzz": 1}))
    assert [problem.field for problem in caught.value.problems] == ["first", "zzz", "others"]


def test_hands_over_what_was_parsed():
    assert require(("value", ())) == "value"
