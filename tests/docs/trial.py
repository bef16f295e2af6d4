"""`python -m tests.docs.trial` writes the transcript in docs/try.md again: what `canary try` prints for the example.

Looks that only continue are left out, as the page says. Times in real seconds differ from run to run; they are not compared.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tests.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "try.md"
EXAMPLE = Path("examples/openapi/openapi.yaml")
BLOCK = re.compile(r"```text\n(.*?)```", re.DOTALL)
_SECONDS = re.compile(r"\b(in|took +)[\d. ]+ s\b")
_RULE = re.compile(r" ─+$", re.MULTILINE)
WIDTH = 400


def transcript() -> str:
    """What the command prints for the example, without the looks that continue."""
    from canary_cli.trying.asked import Asked
    from laptop.trial import try_definition

    console = Console(file=io.StringIO(), width=WIDTH, highlight=False, color_system=None, _environ={})
    with in_zone("UTC"), _folder_with_example():
        try_definition(Asked(EXAMPLE), console)
        printed = console.file.getvalue()
    kept = [line.rstrip() for line in _RULE.sub("", printed).splitlines() if ": CONTINUE: " not in line]
    return "\n".join(kept) + "\n"


def comparable(text: str) -> str:
    """The text without its real seconds."""
    return _SECONDS.sub(r"\1 N s", text)


@contextmanager
def _folder_with_example() -> Iterator[None]:
    """Work in a folder of its own, in which the example has the path that it has here."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / EXAMPLE.parent).mkdir(parents=True)
        shutil.copy(ROOT / EXAMPLE, Path(folder) / EXAMPLE)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda _: f"```text\n{transcript()}```", page, count=1), encoding="utf-8")
