"""One meaning per word: old words that neither the pages nor the code use. `docs/glossary.md` has the new ones."""

import re
from pathlib import Path

import pytest

from tests.docs.test_repository import files

ROOT = Path(__file__).parents[2]
CODE = {
    *("app.py", "functions", "infra", "canary_cli", "canary_machine", "statemachine", "embedded_aws"),
    *("demo", "laptop", "verify", "bench", "examples", "targets", "tests"),
}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("embedded_aws/*.md")])
# Each pattern has a bracket that only keeps this file from matching it. Names are searched too, so "_" ends a word.
INSTEAD = {
    r"(?<![a-z])ways?[ _-]bac[k](?![a-z])": "snapshot; or: recovery rolls back",
    r"(?<![a-z])run[g]s?(?![a-z])": "recovery stage",
    r"(?<![a-z])stra[y]s?(?![a-z])": "drift",
    r"(?<![a-z])journe[y]s?(?![a-z])": "operation; or execution",
    r"(?<![a-z])fencing[ _]numbe[r]s?(?![a-z])": "fencing token",
    r"(?<![a-z])men[d](?:s|ed|ing)?(?![a-z])": "fix",
    r"cannot be mean[t]": "is invalid",
    r"(?<![a-z])somebod[y]": "someone",
    r"(?<![a-z])anybod[y]": "anyone",
    r"\b(?:an?|the|its|each|every|of|our|their|per) notic[e]s?\b": "notification",
    r"\bnotic[e]s?_\w|\w_notic[e]s?\b": "notification",
}
"""What to write instead of a match, in upper or lower case."""

QUICK = re.compile("ways?[ _-]bac|run[g]|stra[y]|journe|fencing|men[d]|be mean|bod[y]|notic[e]")
"""Finds every line that a pattern may match, and some others."""

OLD_RECORDS = {"functions/canary/rules/rollouts/upgrades.py", "tests/rules/rollouts/test_upgrades.py"}
"""They name the fields of earlier schemas."""


def code() -> list[str]:
    """The files of code that belong to the repository, by their paths."""
    names = [path.relative_to(ROOT).as_posix() for path in files()]
    return [name for name in names if name.split("/")[0] in CODE and Path(name).suffix in {".py", ".yaml"}]


def found(text: str) -> list[str]:
    """The lines with an old word: the line's number, the word, and what to write instead."""
    return [
        f"{number}: {match[0]!r}, write {instead}"
        for number, line in enumerate(text.lower().splitlines(), start=1)
        if QUICK.search(line)
        for pattern, instead in INSTEAD.items()
        for match in re.finditer(pattern, line)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_old_word_comes_back(page: Path) -> None:
    assert found(page.read_text(encoding="utf-8")) == []


def test_no_old_word_comes_back_in_the_code() -> None:
    names = [name for name in code() if name not in OLD_RECORDS]

    assert {"app.py", "statemachine/rollout.asl.yaml", "tests/docs/test_words.py"} <= set(names)
    assert {name: lines for name in names if (lines := found((ROOT / name).read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "The way bac" + "k is recorded",
        "way_bac" + "k = snapshot",
        "a run" + "g of its passes",
        "next_run" + "g = 1",
        "Stra" + "ys are left as found",
        '{"journe' + 'y": "start"}',
        "the fencing numbe" + "r",
        "says what to men" + "d",
        "the value cannot be mean" + "t",
        "Someb" + "ody else",
        "for anyb" + "ody",
        "def test_what_someb" + "ody_changed",
        "it sends a notic" + "e",
        "notic" + "e_text = ''",
        "send_notic" + "e(event)",
    ],
)
def test_an_old_word_would_be_found(line: str) -> None:
    assert len(found(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "we recommend it",
        "as amended",
        "someone else",
        "the release has sprung a leak",
        "back all the way",
        "models.apigateway_backends",
        "a test notices it",
        "def test_a_clock_would_be_noticed",
    ],
)
def test_other_words_are_not_found(line: str) -> None:
    assert found(line) == []
