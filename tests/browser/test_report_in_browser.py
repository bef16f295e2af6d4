"""The report in a real browser: it fits each width, light and dark, loads nothing, and says nothing on the console.

Without Chromium these tests are skipped; the reason says how to install it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.reports.amounts import in_utc
from canary.rules.reports.evidence_report import BrokenRoute
from canary.rules.reports.page import to_html
from canary.rules.reports.widget import Fleet, FleetRow, to_widget
from tests.browser.chromium import INSTALL, BrowserError, browser, find
from tests.browser.measures import CUT_WORDS, FAINT, OVERFLOWING, WIDEST
from tests.rules.reports.past import BAD, GOOD, LATE, SILENT, a_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.chromium import Chromium

pytestmark = pytest.mark.slow

WIDTHS = (360, 800, 1280)
LONG = "x" * 300
HOSTILE = "<script>console.error('run')</script><img src=http://127.0.0.1:9/x onerror=console.error(2)>"
BROKEN = (BrokenRoute(f"POST /{LONG}", 16, 1, LONG, f"KeyError {HOSTILE}"),)
PASTS = {"bad": BAD, "late": LATE, "good": GOOD, "silent": SILENT}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = find()
    if path is None:
        pytest.skip(f"Chromium is not installed; install it with: {INSTALL}")
    with browser(path, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = {name: folder / f"{name}.html" for name in PASTS}
    for name, past in PASTS.items():
        labels = {"commit": "4fa2c1", "hostile": HOSTILE[:200], "long": LONG[:200]}
        report = replace(a_report(past=past, broken=BROKEN), labels=labels)
        files[name].write_text(to_html(report), encoding="utf-8")
    return files


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PASTS)
def test_a_report_fits_and_is_quiet(page: Chromium, pages: dict[str, Path], name: str, width: int, *, is_dark: bool):
    page.open(pages[name], width=width, is_dark=is_dark)

    assert page.ask("document.title").startswith(("Rolled back: orders", "Promoted: orders"))
    assert page.errors == []
    assert page.requests == [pages[name].as_uri()]
    assert page.ask(WIDEST) == width
    assert page.ask(OVERFLOWING) == []
    assert page.ask(CUT_WORDS) == []
    assert page.ask(FAINT) == []
    assert page.picture(height=600).startswith(b"\x89PNG")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS[1:])  # a dashboard is not read on a phone; there the widget scrolls
def test_the_dashboards_widget_fits_and_follows_its_theme(page: Chromium, tmp_path: Path, theme: str, width: int):
    report = replace(a_report(past=LATE, broken=BROKEN), labels={"hostile": HOSTILE[:200], "long": LONG[:200]})
    rows = (FleetRow("orders", report), FleetRow("stock", note=f"{LONG} {HOSTILE}"))
    paper = {"light": "#fff", "dark": "#14181c"}[theme]
    file = tmp_path / "widget.html"
    widget = to_widget(Fleet(rows, report), theme=theme, local=in_utc)
    file.write_text(f'<meta charset="utf-8"><body style="margin:0;background:{paper}">{widget}', encoding="utf-8")
    page.open(file, width=width)

    assert page.errors == []
    assert page.requests == [file.as_uri()]
    assert page.ask(WIDEST) == width
    assert page.ask(OVERFLOWING) == []
    assert page.ask(FAINT) == []


def test_light_and_dark_differ(page: Chromium, pages: dict[str, Path]):
    papers = []
    for is_dark in (False, True):
        page.open(pages["bad"], width=800, is_dark=is_dark)
        papers.append(page.ask("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] == "rgb(255, 255, 255)"
    assert papers[1] != papers[0]


def test_the_figures_of_a_picture_open_with_the_keyboard(page: Chromium, pages: dict[str, Path]):
    page.open(pages["good"], width=800)
    page.ask("document.querySelector('summary').focus()")
    page.press("Enter")
    assert page.ask("document.querySelector('details').open")
    assert page.ask("document.querySelector('details[open] .scroll').tabIndex") == 0
    page.press("Tab")
    assert page.ask("document.activeElement.getAttribute('aria-label')") == "Figures: Difference by metric"


def test_in_print_the_record_is_open_and_the_paper_white(page: Chromium, pages: dict[str, Path]):
    page.open(pages["good"], width=800, is_dark=True)
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.ask("document.querySelector('.block pre').getBoundingClientRect().height") > 0


def test_the_browser_reports_what_goes_wrong(page: Chromium, tmp_path: Path):
    loud = tmp_path / "loud.html"
    loud.write_text("<script>console.error('loud'); missing()</script><img src='none.png'>", encoding="utf-8")
    page.open(loud, width=800)
    assert len(page.errors) >= 2
    assert (tmp_path / "none.png").as_uri() in page.requests
    with pytest.raises(BrowserError):
        page.ask("missing()")
    with pytest.raises(BrowserError):
        page.call("No.such")
