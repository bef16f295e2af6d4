"""How Sphinx builds the site from the pages in `docs`. `make docs` runs it; a warning, such as of a broken link, ends it.

The pages are written for readers of the repository, so a few links lead out of `docs`. The site cannot follow them: a file is
copied beside the page, a folder is only named. The site loads nothing from elsewhere and works from files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PAGES = {"bench/results.md": "benchmark.md"}
"""Files outside `docs` that a page of the site includes."""

project = "canary"
root_doc = "index"
extensions = ["myst_parser"]
exclude_patterns = ["schemas"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # Mermaid has no lexer; the access-log line is no JSON before it is filled in
smartquotes = False  # a quote in a command stays as it is typed

html_theme = "furo"
html_title = "canary"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["search_from_files.js"]
html_show_copyright = False
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_use_index = False


def lead_somewhere(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the links that lead out of `docs`, or to a folder."""
    folder = (DOCS / docname).parent

    def replaced(link: re.Match[str]) -> str:
        text, path = link["text"], (folder / link["path"]).resolve()
        is_page = path.is_relative_to(DOCS) and not path.is_dir()
        if is_page or not path.is_relative_to(ROOT) or not path.exists():
            return link[0]
        name = path.relative_to(ROOT).as_posix()
        if name in PAGES:
            return f"[{text}]({PAGES[name]}{link['anchor'] or ''})"
        if path.is_dir():
            return f"`{text}`" if text == name else f"{text} (`{name}`)"
        return f"{{download}}`{text} <{link['path']}>`"

    source[0] = re.sub(r"\[(?P<text>[^\]`]+)\]\((?P<path>[\w./-]+)(?P<anchor>#[^)\s]+)?\)", replaced, source[0])


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("source-read", lead_somewhere)
