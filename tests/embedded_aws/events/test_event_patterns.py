"""Event patterns that PutRule refuses, with EventBridge's messages, and those that it accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws
from embedded_aws.events.patterns import EventPatternError, check_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def events() -> Iterator[Any]:
    with EmbeddedAws() as aws:
        yield aws.client("events")


def a_pattern(length: int) -> str:
    """A pattern of this many characters."""
    shortest = json.dumps({"source": [""]})
    return json.dumps({"source": ["x" * (length - len(shortest))]})


@pytest.mark.parametrize(
    "value",
    [
        ["a", 1, None, True],
        [{"prefix": "a"}],
        [{"prefix": {"equals-ignore-case": "A"}}],
        [{"suffix": ".png"}],
        [{"equals-ignore-case": "alice"}],
        [{"wildcard": "a*c"}],
        [{"exists": False}],
        [{"numeric": ["=", 100]}],
        [{"numeric": [">", 0, "<=", 5]}],
        [{"anything-but": ["a", 1]}],
        [{"anything-but": {"prefix": "init"}}],
        [{"anything-but": {"equals-ignore-case": ["a", "b"]}}],
        [{"cidr": "10.0.0.0/24"}],
    ],
)
def test_patterns_of_every_kind_are_taken(value: list[Any]):
    check_pattern(json.dumps({"detail": {"state": value}}))
    check_pattern(json.dumps({"detail": {"$or": [{"state": value}, {"other": ["b"]}]}}))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("plain", '"state" must be an object or an array'),
        (42, '"state" must be an object or an array'),
        ([], "Empty arrays are not allowed"),
        ([["nested"]], "Match value must be String, number, true, false, or null"),
        ([{"EXISTS": True}], "Unrecognized match type EXISTS"),
        ([{"exists": "yes"}], "exists match pattern must be either true or false."),
        ([{"prefix": "a", "suffix": "b"}], "Only one key allowed in match expression"),
        ([{"prefix": 123}], "prefix match pattern must be a string"),
        ([{"suffix": [".png"]}], "suffix match pattern must be a string"),
        ([{"equals-ignore-case": {"prefix": "ec2"}}], "equals-ignore-case match pattern must be a string"),
        ([{"wildcard": 123}], "wildcard match pattern must be a string"),
        ([{"wildcard": "a:**:b"}], "Consecutive wildcard characters at pos 3"),
        ([{"numeric": 10}], "Value of numeric must be an array."),
        ([{"numeric": ["~", 1]}], "Unrecognized numeric range operator: ~"),
        ([{"numeric": [">", 0, "<"]}], "Value of < must be numeric"),
        ([{"numeric": [">", 0, ">", 0]}], "Bad numeric range operator: >"),
        ([{"numeric": [">", 0, "<", 5, "<", 9]}], "Too many elements in numeric expression"),
        ([{"anything-but": None}], "Value of anything-but must be an array or single string/number value."),
        ([{"anything-but": []}], "Empty arrays are not allowed"),
        ([{"anything-but": ["a", None]}], "Inside anything but list, start|null|boolean is not supported."),
        ([{"anything-but": {"prefix": 123}}], "prefix/suffix match pattern must be a string"),
        ([{"anything-but": {"suffix": ""}}], "Null prefix/suffix not allowed"),
        ([{"anything-but": {"wildcard": [1]}}], "wildcard match pattern must be a string"),
        ([{"anything-but": {"numeric": ["=", 1]}}], "Unsupported anything-but pattern: numeric"),
        (
            [{"anything-but": {"equals-ignore-case": [1]}}],
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        (
            [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}],
            "Value of anything-but must be an array or single string/number value.",
        ),
        ([{"cidr": ["10.0.0.0/8"]}], "prefix match pattern must be a string"),
        ([{"cidr": "10.0.0.0"}], "Malformed CIDR, one '/' required"),
        ([{"cidr": "10.0.0.0/wide"}], "Malformed CIDR, mask bits must be an integer"),
        ([{"cidr": "xx.11.xx/8"}], "Nonstandard IP address: xx.11.xx"),
    ],
)
def test_what_is_no_pattern_is_refused_by_its_reason(value: object, reason: str):
    with pytest.raises(EventPatternError) as caught:
        check_pattern(json.dumps({"detail": {"state": value}}))
    assert str(caught.value) == reason


@pytest.mark.parametrize(("text", "reason"), [("[1]", "Filter is not an object"), ("{'a': ['b']}", "Invalid JSON: ")])
def test_a_pattern_is_an_object_of_json(text: str, reason: str):
    with pytest.raises(EventPatternError, match=reason):
        check_pattern(text)


def test_a_rule_takes_a_pattern_of_2048_characters_and_no_more(events: Any):
    events.put_rule(Name="long", EventPattern=a_pattern(2_048))
    with pytest.raises(ClientError) as caught:
        events.put_rule(Name="longer", EventPattern=a_pattern(2_049))
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Parameter EventPattern for rule longer exceeds limit of 2048.",
    }
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["long"]


def test_a_rule_takes_no_pattern_beyond_the_model(events: Any):
    with pytest.raises(ClientError, match="'eventPattern' failed to satisfy constraint: Member must have length less than"):
        events.put_rule(Name="longest", EventPattern=a_pattern(4_097))


def test_a_rule_takes_no_invalid_pattern(events: Any):
    with pytest.raises(ClientError) as caught:
        events.put_rule(Name="wrong", EventPattern=json.dumps({"source": [{"EXISTS": True}]}))
    assert caught.value.response["Error"] == {
        "Code": "InvalidEventPatternException",
        "Message": "Event pattern is not valid. Reason: Unrecognized match type EXISTS",
    }
