"""docs/aws.md has an entry for each fact that is cited, and no entry that nothing cites."""

import re
from itertools import chain
from pathlib import Path

import pytest

from embedded_aws.wire.unknowns import Question
from verify.questions.unknowns import QUESTIONS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
CITING = (
    "canary_cli",
    "functions",
    "canary_machine",
    "demo",
    "embedded_aws",
    "statemachine",
    "tests",
    "examples",
    "infra",
    "bench",
    "verify",
)
CITATION = re.compile(r"docs/aws\.md#([a-z0-9-]+)")
UNKNOWN_CHAPTER = "What nobody has recorded"
SURE = ("recorded", "service model", "documented", "reported", "inferred", "unknown")
SAYS_HOW_SURE = re.compile(rf"[([](?:{'|'.join(SURE)})\b")


def entries_of(text: str) -> dict[str, str]:
    """The entries under level-three headings by slug."""
    parts = re.split(r"^### (.+)\n", re.sub(r"^#{1,2} .*\n", "### \n", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return {slug: body for slug, body in zip(parts[1::2], parts[2::2], strict=True) if slug}


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


FACTS, UNKNOWN = (entries_of(part) for part in TEXT.split(f"\n## {UNKNOWN_CHAPTER}\n"))


def cited() -> set[str]:
    sources = chain.from_iterable((ROOT / folder).rglob("*") for folder in CITING)
    texts = (path.read_text(encoding="utf-8") for path in sources if path.suffix in {".py", ".yaml", ".json", ".md"})
    return {slug for text in texts for slug in CITATION.findall(text)}


def numbered(entry: str) -> list[str]:
    """The facts of an entry, one text each."""
    return re.split(r"^\d+\. ", entry, flags=re.MULTILINE)[1:]


def test_citations_are_found() -> None:
    assert {"patch-table", "metric-delay", "prices"} <= cited()


def test_every_citation_has_its_entry() -> None:
    assert sorted(cited() - FACTS.keys() - UNKNOWN.keys()) == []


def test_every_fact_is_cited() -> None:
    assert sorted(FACTS.keys() - cited()) == []


def test_every_anchor_is_the_only_one_of_its_name() -> None:
    anchors = [anchor_of(heading) for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)]

    assert sorted(anchor for anchor in set(anchors) if anchors.count(anchor) > 1) == []


def test_every_link_inside_the_page_leads_somewhere() -> None:
    anchors = {anchor_of(heading) for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}

    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


@pytest.mark.parametrize("slug", FACTS)
def test_every_fact_says_how_sure_it_is(slug: str) -> None:
    facts = numbered(FACTS[slug])

    assert facts
    assert [fact for fact in facts if not SAYS_HOW_SURE.search(fact)] == []


def test_facts_are_numbered_in_order() -> None:
    for entry in FACTS.values():
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", entry, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_way_of_being_sure_is_explained() -> None:
    assert tuple(re.findall(r"^\| ([a-z ]+) \| .+ \|$", TEXT.partition("\n## ")[0], re.MULTILINE)[1:]) == SURE


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.slug)
def test_every_open_question_has_its_entry(question: Question) -> None:
    text, _, answers = UNKNOWN[question.slug].strip().partition("\n\n")
    shown = [f"`{one}`{' (assumed)' if one == question.assumed else ''}" for one in question.answers]

    assert " ".join(text.replace("`", "").split()).lower() == question.text.lower()
    assert answers.startswith(f"Plausible: {', '.join(shown)}. ")
    assert ("The embedded AWS: 501." in " ".join(answers.split())) == (question.assumed is None)


def test_no_other_question_is_open() -> None:
    assert UNKNOWN.keys() == {"not-recorded", *(question.slug for question in QUESTIONS)}
