"""CONTRIBUTING names files that exist, and at most three source files for each change."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CHANGES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE))
MOST_FILES = 3


def files_in(text: str) -> list[str]:
    """The files that a text names in backticks."""
    return re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.[a-z]+)`", text)


def anchors() -> set[str]:
    """The page's own headings, as links name them."""
    return {
        re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }


def sources_of(change: str) -> list[str]:
    """The source files of a change: what its list begins with, without tests and pages."""
    return re.findall(r"^- `([^`]+)`", CHANGES[change], re.MULTILINE)


def test_ten_changes_are_described() -> None:
    assert len(CHANGES) == 10


@pytest.mark.parametrize("name", sorted(set(files_in(PAGE))))
def test_every_file_that_is_named_exists(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_needs_at_most_three_source_files(change: str) -> None:
    sources = sources_of(change)

    assert 1 <= len(sources) <= MOST_FILES
    assert all(source in files_in(PAGE) for source in sources)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_has_a_test(change: str) -> None:
    assert any(name.startswith("tests/") for name in files_in(CHANGES[change]))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`make ([a-z-]+)", PAGE))))
def test_every_command_is_one_of_the_makefile(command: str) -> None:
    assert re.search(rf"^{command}:", MAKEFILE, re.MULTILINE)


def test_every_link_on_the_page_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    paths = [target.partition("#")[0] for target in targets]

    assert [path for path in paths if path and not (ROOT / path).exists()] == []
    assert {target[1:] for target in targets if target.startswith("#")} <= anchors()
