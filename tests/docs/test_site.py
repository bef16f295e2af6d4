"""The pages of the site: each is in the navigation, each link and anchor leads somewhere, each picture has its command."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from tests.browser.chromium import INSTALL, find
from tests.docs import pictures
from tests.docs.pictures import PICTURES, RELEASE, REPORT, SHOWN_AFTER_MINUTES, TERMINAL
from tests.docs.test_readme import NUMBERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FIRST = DOCS / "index.md"
PAGES = sorted(DOCS.rglob("*.md"))
LINKING = sorted([*ROOT.glob("*.md"), *PAGES])
LARGEST_PICTURE = 180_000


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def navigation(page: Path) -> list[str]:
    """The pages in the tables of contents of a page, in their order."""
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    entries = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    here = page.parent
    return [name_of(found) for entry in entries for found in sorted(here.glob(f"{entry}.md")) or [here / f"{entry}.md"]]


def prose(page: Path) -> str:
    """A page without its code blocks and spans."""
    text = re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`]*`", lambda code: code[0] if "](" not in code[0] else "", text)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub and the site name them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    named = Counter[str]()
    found = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "]", heading).lower().strip()).replace(" ", "-")
        found.add(f"{slug}-{named[slug]}" if named[slug] else slug)
        named[slug] += 1
    return frozenset(found)


def broken(page: Path) -> list[str]:
    """The links of a page to an anchor that is not there."""
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", prose(page))
    led = [(page.parent / path if path else page, anchor) for path, anchor in links if "://" not in path]
    return [f"{target.name}#{anchor}" for target, anchor in led if anchor not in anchors(target.resolve())]


@pytest.mark.parametrize("page", [page for page in PAGES if page != FIRST], ids=name_of)
def test_every_page_is_in_the_navigation(page: Path) -> None:
    entries = [*navigation(FIRST), *navigation(DOCS / "decisions" / "index.md")]

    assert entries.count(name_of(page)) == 1, (
        f"add the line {name_of(page)} once to a toctree at the end of docs/index.md, below the caption that fits its reader"
    )


def test_the_navigation_names_only_pages_that_exist() -> None:
    assert [name for name in navigation(FIRST) if not (DOCS / f"{name}.md").exists()] == []


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_anchor_that_is_linked_exists(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_anchor_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `name`, twice\n## Part\n## Part\n[good](#part-1) [as well](page.md#a-name-twice) [bad](#parts)\n", encoding="utf-8"
    )

    assert broken(page) == ["page.md#parts"]


def test_every_picture_has_the_command_that_draws_it() -> None:
    kinds = {".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp"}
    kept = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.suffix in kinds}

    assert kept == {*PICTURES}, "the pictures in docs and PICTURES of tests/docs/pictures.py must be the same"


def test_the_first_page_tells_what_its_picture_shows() -> None:
    shown = unescape(re.sub(r"<[^>]*>", "", (DOCS / TERMINAL).read_text(encoding="utf-8"))).replace("\xa0", " ")
    [(minutes, evidence, harmed)] = re.findall(
        r"After (\w+) minutes E, .*? is ([\d.]+), .*?(\w+) requests failed", FIRST.read_text(encoding="utf-8"), re.DOTALL
    )
    words = {name: number for number, name in NUMBERS.items()}

    assert RELEASE["FAILING_SHARE"] == 0.03
    assert words[minutes] == SHOWN_AFTER_MINUTES
    assert f"evidence  E {evidence}; at 100 the canary is rolled back" in shown
    assert f"requests harmed: {words[harmed.lower()]}" in shown
    assert "is shifting, step 1" in shown


@pytest.mark.slow
@pytest.mark.skipif(find() is None, reason=f"no browser is installed; install one with: {INSTALL}")
def test_the_pictures_of_a_rollout_are_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pictures").mkdir()
    monkeypatch.setattr(pictures, "DOCS", tmp_path)
    pictures.draw_rollout()

    assert (tmp_path / TERMINAL).read_text(encoding="utf-8") == (DOCS / TERMINAL).read_text(encoding="utf-8")
    assert (tmp_path / REPORT).stat().st_size > 50_000


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_small_shown_and_loads_nothing(name: str) -> None:
    picture = DOCS / name
    link = re.compile(rf"!\[[^\]]{{20,}}\]\([^)]*{re.escape(name)}\)")
    shown = [page for page in LINKING if link.search(page.read_text(encoding="utf-8"))]

    assert shown, f"no page shows {name} with a text that says what is in it"
    assert picture.stat().st_size <= LARGEST_PICTURE
    if picture.suffix == ".svg":
        assert re.findall(r"(?:href|url|src)\s*[=(]\s*[\"']?(?!#)[^\s)]+", picture.read_text(encoding="utf-8")) == []
