"""The page about the live page: its commands have the options that it names, and its picture is what the command writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from canary_cli.app import run
from canary_cli.dashboard.source import PageVerb
from tests.browser.picture import PICTURE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "dashboard.md").read_text(encoding="utf-8")


def test_the_command_has_the_options_on_the_page(capsys: Any):
    run(["dashboard", "--help"])
    told = capsys.readouterr().out
    options = {*re.findall(r"canary dashboard (--[\w-]+)", PAGE)}
    assert options == {"--port", "--allow-verbs"}
    assert all(option in told for option in options)


def test_the_page_names_every_button():
    assert {*re.findall(r"\*([A-Z][a-z ]+)\*", PAGE)} - {"Read the report"} == {
        "Roll back" if verb is PageVerb.ROLLBACK else verb.capitalize() for verb in PageVerb
    }


def test_the_picture_is_the_one_that_the_command_takes():
    shown = re.search(r"!\[[^]]+\]\((\S+)\)", PAGE)
    assert shown
    assert DOCS / shown[1] == PICTURE
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
    assert "`python -m tests.browser.picture`" in PAGE
