"""The site of the docs: it builds without a warning, and works from files at each width, light and dark.

Without the packages of `make docs` the tests are skipped, and so is what needs a browser without Chromium.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import INSTALL, browser, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.chromium import Chromium

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SPHINX = ROOT / ".venv" / "docs" / "bin" / "python"
BUILD = ("-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet")
WIDTHS = (360, 1280)
SHOWN = ("index", "input", "map", "decisions/index")
WIDEST = "document.documentElement.scrollWidth"
PAPER = "getComputedStyle(document.body).backgroundColor"
FOUND = "document.querySelector('#search-results').innerText"
SECONDS = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    if not SPHINX.exists():
        pytest.skip("the packages that build the site are not installed; install them with: make docs")
    folder = tmp_path_factory.mktemp("site") / "in a folder"
    told = subprocess.run([SPHINX, *BUILD, ROOT / "docs", folder], cwd=ROOT, capture_output=True, check=False, encoding="utf-8")
    assert told.returncode == 0, told.stderr
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = find()
    if path is None:
        pytest.skip(f"Chromium is not installed; install it with: {INSTALL}")
    with browser(path, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_every_page_is_built(site: Path) -> None:
    written = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}

    assert written <= built


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_fit_are_quiet_and_load_only_files(page: Chromium, site: Path, width: int) -> None:
    for name in SHOWN:
        page.open(site / f"{name}.html", width=width)

        assert page.errors == []
        assert [url for url in page.requests if not url.startswith((site.as_uri(), "data:"))] == []
        assert page.ask(WIDEST) == width, name


def test_light_and_dark_differ(page: Chromium, site: Path) -> None:
    papers = set()
    for is_dark in (False, True):
        page.open(site / "index.html", width=800, is_dark=is_dark)
        papers.add(page.ask(PAPER))

    assert len(papers) == 2


def test_the_search_works_from_files(page: Chromium, site: Path) -> None:
    page.open(site / "search.html", width=800, query="?q=snapshot")
    until = time.monotonic() + SECONDS
    while "What happens when it breaks" not in (told := page.ask(FOUND)) and time.monotonic() < until:
        time.sleep(0.1)

    assert "What happens when it breaks" in told
    assert page.errors == []
