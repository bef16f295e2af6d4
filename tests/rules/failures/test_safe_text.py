"""Text from logs is printed as one short line that does nothing to a terminal and shows no query string."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.failures.safe_text import LONGEST, NO_TEXT, safe, safe_error


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("KeyError: 'id'", "KeyError: 'id'"),
        ("Größe ungültig, 日本", "Größe ungültig, 日本"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "click"),
        ("\x1b]0;title", ""),
        ("\x1bcreset", "reset"),
        ("\x9b31mred", "red"),
        ("end\x1b", "end"),
        ("a\x00b\x07c", "a?b?c"),
        ("one\r\ntwo\tthree", "one two three"),
        ("left\u202eright", "left?right"),
        ("line\u2028end", "line?end"),
        ("[bold]markup[/bold] <b>&", "[bold]markup[/bold] <b>&"),
        ("GET /orders?token=secret&x=1 failed", "GET /orders?... failed"),
        ("what? nothing", "what? nothing"),
        ("really?! a=b", "really?! a=b"),
        ("x" * 500, "x" * (LONGEST - 3) + "..."),
    ],
)
def test_a_text_becomes_one_harmless_line(text, printed):
    assert safe(text) == printed


@given(st.text(max_size=400))
def test_no_text_changes_a_terminal(text):
    printed = safe(text)
    assert len(printed) <= LONGEST
    assert not [one for one in printed if unicodedata.category(one)[0] in "CZ" and one != " "]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  secret", "[ERROR] KeyError: 'id'"),
        ('{"event": {"headers": {"Authorization": "secret"}}}', NO_TEXT),
        (' [{"body": "secret"}]', NO_TEXT),
        ("\n  \n", ""),
    ],
)
def test_of_an_error_only_the_first_line_is_told_and_never_whole_json(text, printed):
    assert safe_error(text) == printed
