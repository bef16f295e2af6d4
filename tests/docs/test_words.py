"""One meaning per word: old words that README and docs no longer use. `docs/glossary.md` has the new ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
# Each pattern has a bracket that only keeps this file from matching it.
INSTEAD = {
    r"\bways? bac[k]\b": "snapshot; or: recovery rolls back",
    r"\brung[s]?\b": "recovery stage",
    r"\bstray[s]?\b": "drift",
    r"\bjourney[s]?\b": "operation; or execution",
    r"\bfencing number[s]?\b": "fencing token",
    r"\bmend(?:[s]|ed|ing)?\b": "fix",
    r"\bcannot be mean[t]\b": "is invalid",
    r"\bsomebod[y]\b": "someone",
    r"\banybod[y]\b": "anyone",
}
"""What to write instead of a match, in upper or lower case."""


def found(text: str) -> list[str]:
    """The lines with an old word: the line's number, the word, and what to write instead."""
    return [
        f"{number}: {match[0]!r}, write {instead}"
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern, instead in INSTEAD.items()
        for match in re.finditer(pattern, line, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_old_word_comes_back(page: Path) -> None:
    assert found(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "The way bac" + "k is recorded",
        "a run" + "g of its passes",
        "Stra" + "ys are left as found",
        '{"journe' + 'y": "start"}',
        "the fencing numbe" + "r",
        "says what to men" + "d",
        "the value cannot be mean" + "t",
        "Someb" + "ody else",
        "for anyb" + "ody",
    ],
)
def test_an_old_word_would_be_found(line: str) -> None:
    assert len(found(line)) == 1


@pytest.mark.parametrize(
    "line", ["we recommend it", "as amended", "someone else", "the release has sprung a leak", "back all the way"]
)
def test_other_words_are_not_found(line: str) -> None:
    assert found(line) == []
