import enum
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from canary.edge.kinds import Flag, Line, OneOf, Prose, Rate, Text, Whole, read_number

COUNT = Whole("a count", 1, 900, "give one")
SHARE = Rate("a share", 0, 0.5, "give one")
NAME = Text("a name", "[a-z]{1,5}", "give one")
LINE = Prose("a line", 1, 10)


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark_blue"


def refused(kind, value):
    with pytest.raises(PydanticCustomError) as caught:
        kind.read(value)
    return caught.value.message()


@pytest.mark.parametrize("value", [900, "900", " 900 ", 900.0, "900.0", "9e2", Decimal(900)])
def test_takes_a_whole_number_however_a_pipeline_writes_it(value):
    count = COUNT.read(value)
    assert (count, type(count)) == (900, int)


@pytest.mark.parametrize(
    "value",
    [
        0,
        901,
        -1,
        1.5,
        "1.5",
        True,
        None,
        "",
        "x",
        "15m",
        "1_0",
        "٣",
        [1],
        {},
        "9" * 50,
        pytest.param(10**5000, id="huge"),
        float("nan"),
    ],
)
def test_refuses_a_value_that_is_not_a_whole_number_within_bounds(value):
    assert refused(COUNT, value).startswith("not a count from 1 to 900, got ")


def test_says_the_value_and_what_to_do():
    assert refused(COUNT, "15m") == 'not a count from 1 to 900, got "15m"; give one'


@pytest.mark.parametrize("value", [0.01, "0.01", "1e-2", Decimal("0.01")])
def test_takes_a_share_however_it_is_written(value):
    assert SHARE.read(value) == 0.01


@pytest.mark.parametrize("value", [0, 0.5, 1, -0.1, "nan", "inf", float("inf"), True, "1e999999", None])
def test_refuses_a_share_on_or_beyond_its_bounds(value):
    assert refused(SHARE, value).startswith("not a share above 0 and below 0.5, got ")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reads_a_float_exactly_as_it_is_written(value):
    number = read_number(value)
    assert number == Decimal(repr(value))
    assert float(number) == value


@given(st.integers() | st.booleans() | st.none() | st.text(max_size=60) | st.floats() | st.binary(max_size=3))
def test_reads_a_number_or_nothing_from_anything(value):
    number = read_number(value)
    assert number is None or number.is_finite()


@pytest.mark.parametrize(("value", "read"), [(True, True), (False, False), ("true", True), ("False", False), (" TRUE ", True)])
def test_takes_truth_values_and_their_strings(value, read):
    assert Flag().read(value) is read


@pytest.mark.parametrize("value", ["maybe", "yes", "", 1, 0, None, []])
def test_refuses_a_value_that_is_neither_true_nor_false(value):
    assert refused(Flag(), value).startswith("neither true nor false, got ")


def test_takes_one_of_the_words():
    assert OneOf(Colour).read("dark_blue") is Colour.DARK_BLUE


def test_suggests_the_word_for_a_mistyped_one():
    assert refused(OneOf(Colour), "darkblue") == 'not one of red, dark_blue, got "darkblue"; did you mean dark_blue?'


@pytest.mark.parametrize("value", ["zzz", 5, None, ["red"]])
def test_lists_all_words_for_anything_else(value):
    assert refused(OneOf(Colour), value).endswith("; write red or dark_blue")


def test_takes_text_that_fits():
    assert NAME.read("abc") == "abc"


@pytest.mark.parametrize("value", ["", "abcdef", "ABC", "abc\n", " abc", "ä"])
def test_refuses_text_that_does_not_fit(value):
    assert refused(NAME, value).startswith("not a name, got ")


@pytest.mark.parametrize("value", [5, 5.5, True])
def test_refuses_a_number_for_text_because_it_may_have_had_leading_zeros(value):
    assert refused(NAME, value).endswith("; put it in quotes")


@pytest.mark.parametrize("value", [None, [], {}])
def test_refuses_a_value_that_is_not_text(value):
    assert refused(NAME, value).endswith("; write text, or remove the field")


def test_takes_a_line_without_the_spaces_around_it():
    assert LINE.read("  OPS-123 ") == "OPS-123"


@pytest.mark.parametrize("value", ["", "   ", "a\nb", "x" * 11, "\ud800"])
def test_refuses_text_that_is_not_one_printable_line(value):
    assert refused(LINE, value).startswith("a line must be one line of 1 to 10 characters, got ")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("OPS-123", "OPS-123"),
        ("", ""),
        (" \r\n ", ""),
        ("fix: pay\n\n- no retry\r\n\t- no loop\n", "fix: pay - no retry - no loop"),
        ("a\x00b\x1b[31mc\x7f\x85\u2028d\u2029e\u00a0f", "a b [31mc d e f"),
        ("left\u202eright\ufeff", "left right"),
        ("half \ud83d of an emoji", "half of an emoji"),
        ("\U0001f468\u200d\U0001f469 größer \u65e5\u672c", "\U0001f468\u200d\U0001f469 größer \u65e5\u672c"),
    ],
)
def test_makes_one_line_of_any_text(value, line):
    assert Line(40).read(value) == line


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("x" * 10, "x" * 10),
        ("x" * 11, f"{'x' * 9}…"),
        ("x" * 300_000, f"{'x' * 9}…"),
        ("12345678  tail", "12345678…"),
        (" \n" * 50 + "end", "end"),
    ],
)
def test_cuts_a_line_that_is_too_long(value, line):
    assert Line(10).read(value) == line


@given(st.text(st.characters(), max_size=80))
def test_a_line_is_short_and_without_controls_and_can_be_sent(value):
    line = Line(20).read(value)
    assert len(line) <= 20
    assert line == line.strip() == " ".join(line.split())
    assert line.encode().decode() == line
    assert not {*line} & {chr(code) for code in (*range(0x20), 0x7F)}
    assert Line(20).read(line) == line


@pytest.mark.parametrize(("value", "answer"), [(5, "not text, got 5; put it in quotes"), (None, "not text, got null; write")])
def test_makes_a_line_only_of_text(value, answer):
    assert refused(Line(10), value).startswith(answer)
