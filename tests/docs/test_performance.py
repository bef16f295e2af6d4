"""The page of measurements names commands that exist, and its price is the README's."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_every_measurement_has_its_command():
    chapters = PAGE.split("\n## ")[1:]
    commands = re.findall(r"`python -m (bench\.\w+)`", PAGE)

    assert all("`python -m bench." in chapter for chapter in chapters)
    assert [name for name in commands if importlib.util.find_spec(name) is None] == []


def test_the_price_is_the_one_that_the_readme_tells():
    [counts] = re.findall(
        r"^\| this controller \| \d+ \| \d+ \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) \| 1\.00 \|$", PAGE, re.MULTILINE
    )
    transitions, calls, metrics, dollars = counts

    assert f"{transitions} state transitions, {calls} Lambda calls and {metrics} requested metrics, ${dollars}" in README
