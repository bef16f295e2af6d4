"""The page about `canary try`: its transcript is what the command prints, and its options are the command's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from canary_cli.app import run
from laptop.definitions.paths import MOST_RESOURCES
from laptop.functions import MOST
from laptop.trial import FAILING_SHARE
from tests.docs.test_readme import blocks, tables
from tests.docs.trial import BLOCK, EXAMPLE, PAGE, ROOT, comparable, transcript

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_names_the_commands_options(capsys: Any):
    run(["try", "--help"])
    told = capsys.readouterr().out
    own = {*re.findall(r"--[a-z-]+", told.split("Connection and output")[0])} - {"--help"}
    assert {*re.findall(r"^\| `(--[a-z-]+)", TEXT, re.MULTILINE)} == own


def test_the_commands_try_files_that_are_here():
    [commands] = blocks(TEXT, "sh")
    files = [Path(line.split()[2]) for line in commands.splitlines()]
    assert len(files) == 2
    assert all((ROOT / file).is_file() for file in files)


def test_the_readme_shows_the_command_of_the_transcript():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"canary try {EXAMPLE}" in "".join(blocks(readme, "sh"))


def test_the_numbers_on_the_page_are_those_of_the_code():
    assert f"more than {MOST_RESOURCES} resources" in TEXT
    assert f"{FAILING_SHARE * 100:.0f} % of its requests" in TEXT
    assert MOST == 10
    assert "there are at most ten" in TEXT


def test_the_table_has_all_twelve_public_definitions_that_were_tried():
    assert "All twelve good releases were promoted" in TEXT
    tried = next(rows for name, rows in tables(TEXT) if name == "definition")
    assert len(tried) == 12


@pytest.mark.slow
def test_the_transcript_is_what_the_command_prints():
    found = BLOCK.search(TEXT)
    assert found
    assert comparable(found[1]) == comparable(transcript()), "write it again with python -m tests.docs.trial"
