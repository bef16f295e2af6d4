from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from canary.rules.reports.markup import Markup, joined, tag, text


class Seen(HTMLParser):
    """What a browser makes of a page: its tags with their attributes, and its words."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.words = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_data(self, words):
        self.words.append(words)


def test_a_tag_holds_its_parts_and_attributes():
    assert tag("p", "a & b", tag("b", "c"), class_="x", aria_label="y", id=None) == (
        '<p class="x" aria-label="y">a &amp; b<b>c</b></p>'
    )
    assert tag("circle", r=3.5, cx=10.0, viewBox="0 0 1 1") == '<circle r="3.5" cx="10" viewBox="0 0 1 1"/>'
    assert joined(["<", Markup("<br/>")]) == "&lt;<br/>"


def test_a_control_character_is_replaced():
    assert text("a\x00\x1b[31mb\nc") == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31mb\nc"


@given(st.text(), st.text())
def test_no_words_become_markup(words, value):
    seen = Seen(tag("p", words, title=value))
    shown = "".join(letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in words)
    assert [name for name, _ in seen.tags] == ["p"]
    assert list(seen.tags[0][1]) == ["title"]
    assert "".join(seen.words) == shown
