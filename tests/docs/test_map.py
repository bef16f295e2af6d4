"""The map of the repository shows what exists, and has a row for each task of the machine."""

import re
from pathlib import Path

import pytest

from canary_machine.definition import load, states_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
FUNCTIONS = ROOT / "functions" / "canary"
TASKS = sorted(name for name, state in states_of(load()) if state["Type"] == "Task")


def drawn() -> list[str]:
    """The folders in the drawing, as paths."""
    [drawing] = re.findall(r"^```\n(app.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    found, above = [], {}
    for indent, folder in re.findall(r"^( *)([a-z_/]+)/ ", drawing, re.MULTILINE):
        depth = len(indent)
        above[depth] = f"{above[depth - 2]}/{folder}" if depth else folder
        found.append(above[depth])
    return found


def named() -> list[str]:
    """The files that the page names."""
    return sorted(set(re.findall(r"`([a-z_/]+/[a-z_.]+\.(?:py|yaml))`", PAGE)))


@pytest.mark.parametrize("folder", drawn())
def test_every_folder_that_is_drawn_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_every_folder_of_code_is_drawn() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/*.py")}

    assert found <= set(drawn())


@pytest.mark.parametrize("name", named())
def test_every_file_that_is_named_is_there(name: str) -> None:
    assert (ROOT / name).is_file() or (FUNCTIONS / name).is_file()


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_row(task: str) -> None:
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", task).lower()

    assert f"\n| `{task}` | `functions/canary/tasks/{module}.py` |" in PAGE
