"""The page about drills: its commands have the options that it names, and its exercises are those of the command.

tests/cli/drilling runs the drill whose score sheet the page shows.
"""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from canary_cli.app import run
from canary_cli.drilling.exercises import EXERCISES
from canary_cli.drilling.releases import REFUSE_AFTER_SECONDS, REFUSE_SECONDS, VARIABLE, WEIGHT_PERCENT
from tests.docs.test_readme import blocks, tables

PAGE = (Path(__file__).parents[2] / "docs" / "drill.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line) for block in blocks(PAGE, "sh") for line in block.splitlines()]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_has_the_options_that_the_page_gives_it(words: list[str], capsys: pytest.CaptureFixture[str]):
    run([*words[1:2], "--help"])
    told = capsys.readouterr().out
    assert words[:2] == ["canary", "drill"]
    assert [option for option in words if option.startswith("--") and option not in told] == []


def test_every_exercise_is_on_the_page_and_those_that_are_picked_exist():
    names = [exercise.name for exercise in EXERCISES]
    [rows] = [rows for name, rows in tables(PAGE) if name == "exercise"]
    assert [row[0] for row in rows] == [f"`{name}`" for name in names]
    picked = {word for words in COMMANDS for before, word in pairwise(words) if before == "--only"}
    assert picked <= {*names}


def test_the_numbers_on_the_page_are_those_of_the_drill():
    minutes = {120: "two minutes", 480: "eight minutes"}
    assert f"from {minutes[REFUSE_AFTER_SECONDS]} after the start on, for {minutes[REFUSE_SECONDS]}" in PAGE
    assert f"{WEIGHT_PERCENT} % of the requests" in PAGE
    assert re.findall(r"`(canary[A-Z]\w+)`", PAGE) == [VARIABLE] * 2
