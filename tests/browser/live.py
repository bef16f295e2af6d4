"""The live demo in a process of its own, and what a person does on its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.chromium import Chromium

ROOT = Path(__file__).parents[2]
STATE = "document.querySelector('[aria-label=orders] .state')?.textContent"


def wait_until(page: Chromium, expression: str, *, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not page.ask(expression):
        assert time.monotonic() < end, f"not in time: {expression}; the page says {page.ask('document.body.innerText')}"
        time.sleep(0.1)


def press(page: Chromium, title: str) -> None:
    words = f"[...document.querySelectorAll('button')].find(one => one.checkVisibility() && one.textContent === '{title}')"
    wait_until(page, f"Boolean({words})")
    page.ask(f"{words}.click()")


@contextmanager
def live_demo() -> Iterator[str]:
    """`make demo LIVE=1`; its address with the token."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")])}
    command = [sys.executable, "-m", "demo", "live", "--port", "0", "--speed", "60"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(process.stdout or ())
        yield next(found[0] for line in lines if (found := re.search(r"http://\S+#token=\S+", line)))
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
