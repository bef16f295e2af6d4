"""`python -m tests.browser.picture`: takes docs/pictures/dashboard.png of the live demo in Chromium."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import INSTALL, browser, find
from tests.browser.live import ROOT, STATE, live_demo, press, wait_until

PICTURE = ROOT / "docs" / "pictures" / "dashboard.png"
RELEASE, ENOUGH = "Slow tail", 5
"""The release that is started, and the evidence at which the picture is taken, or later."""
NUMBER = "parseFloat(document.querySelector('.chart strong')?.textContent)"


def take(path: Path) -> None:
    """Start a slow release, wait until there is evidence against it, and write the picture."""
    chromium = find()
    if chromium is None:
        sys.exit(f"Chromium is not installed; install it with: {INSTALL}")
    with tempfile.TemporaryDirectory() as profile, browser(chromium, Path(profile)) as page, live_demo() as address:
        page.visit(address, width=1280)
        wait_until(page, f"{STATE} === 'At rest'")
        press(page, RELEASE)
        wait_until(page, f"{NUMBER} >= {ENOUGH}", seconds=150)
        path.write_bytes(page.picture())


if __name__ == "__main__":
    take(PICTURE)
