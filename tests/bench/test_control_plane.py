"""The table of calls matches the page, and no task needs more than its minute."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.control_plane import Visits, measure, table

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
HEAD = "| task | for each function | counted together | seconds for 40 functions, at least |\n|---|---|---|---|\n"


def test_calls_are_reported_for_one_visit_and_one_function():
    calls = {("Look", "GetAlias"): 12, ("Look", "GetPolicy"): 6, ("Check", "GetAlias"): 3}
    visits = Visits(Counter(Check=1, Look=2, Wait=2), Counter(calls), functions=3)

    assert table(visits) == f"{HEAD}| Check | GetAlias 1 | 1 | 2.7 |\n| Look | GetAlias 2, GetPolicy 1 | 2 | 5.3 |\n"


@pytest.mark.slow
def test_the_page_says_what_is_measured():
    assert table(measure()) in PAGE
