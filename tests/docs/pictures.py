"""Draws every picture in `docs`. `make pictures` runs it; it needs Graphviz's `dot` and Chromium.

`PICTURES` is the list: a picture that is not in it has no command that makes it, and a test refuses it. The state machine is
drawn from its definition. The other pictures show one rollout of the demo's release that returns 5xx, on the embedded AWS: what
`canary status` prints during and after it, and its evidence report in a browser.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from canary_machine.diagram import main as draw_machine
from tests.browser.chromium import INSTALL, browser, find
from tests.browser.picture import PICTURE, take
from tests.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from demo.stand import Stand

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MACHINE, REPORT, TERMINAL = "rollout.png", "pictures/report.png", "pictures/terminal.svg"
LIVE = "pictures/dashboard.png"
ROLLOUT = "orders-7"
START = {"target": "orders", "reason": "OPS-125", "labels": {"commit": "4fa2c1"}}
COLUMNS = 124
MINUTE = 60
RELEASE = {"NAME": "errors", "FAILING_SHARE": 0.03}
SHOWN_AFTER_MINUTES, ENDED_AFTER_MINUTES = 5, 8
REPORT_WIDTH = 960
FIRST_SCREEN = "Math.ceil(document.querySelector('table').getBoundingClientRect().bottom + scrollY) + 16"
"""How high the part of the report is that ends with the table of metrics."""

SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's template without its fonts, which a browser would load from elsewhere."""


def draw_rollout() -> None:
    """The terminal and the report, both of one rollout."""
    from demo.evidence import fetch_report  # moto takes seconds to import, and a test only reads the list
    from demo.sample import publish_release
    from demo.stand import WARM_UP_SECONDS, open_stand

    with in_zone("UTC"), open_stand() as stand, TemporaryDirectory() as folder:
        publish_release(stand.aws.client, stand.target, RELEASE)
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        stand.aws.client("stepfunctions").start_execution(
            stateMachineArn=stand.controller.machine_arn, name=ROLLOUT, input=json.dumps(START)
        )
        stand.aws.clock.run_for(SHOWN_AFTER_MINUTES * MINUTE)
        typed = [_typed(stand, "status", "orders")]
        stand.aws.clock.run_for(ENDED_AFTER_MINUTES * MINUTE)
        typed.append(_typed(stand, "status", "orders"))
        (DOCS / TERMINAL).write_text(terminal("\n".join(typed)), encoding="utf-8")
        page = fetch_report(stand.aws.client, stand.controller.reports, stand.target.name, ROLLOUT, Path(folder))
        if page is None:
            raise LookupError(f"no report of the rollout {ROLLOUT} is kept, so there is none to show")
        (DOCS / REPORT).write_bytes(_seen(page, Path(folder) / "profile"))


def _typed(stand: Stand, *arguments: str) -> str:
    """A command and what it prints, in the colours of a terminal."""
    aws = {"AWS_ENDPOINT_URL": stand.aws.endpoint_url, "AWS_DEFAULT_REGION": stand.aws.region}
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ran = subprocess.run(
        [sys.executable, "-m", "canary_cli", *arguments],
        cwd=ROOT,
        env={**kept, **aws, **keys, **colours},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return f"\x1b[1m$ canary {' '.join(arguments)}\x1b[0m\n{ran.stdout}"


def terminal(text: str) -> str:
    """A text with a terminal's colours as SVG; the same text gives the same picture."""
    console = Console(
        file=io.StringIO(), width=COLUMNS, record=True, force_terminal=True, color_system="truecolor", _environ={}
    )
    console.print(Text.from_ansi(text))
    return console.export_svg(title="canary", theme=DIMMED_MONOKAI, code_format=SVG, unique_id="terminal")


def _seen(page: Path, profile: Path) -> bytes:
    """The first screen of a page."""
    path = find()
    if path is None:
        raise LookupError(f"no browser is installed to show the report; install one with: {INSTALL}")
    with browser(path, profile) as opened:
        opened.open(page, width=REPORT_WIDTH)
        return opened.picture(height=opened.ask(FIRST_SCREEN))


def draw_live_page() -> None:
    """The live page of the demo, during a rollout."""
    take(PICTURE)


PICTURES: Mapping[str, Callable[[], None]] = {
    MACHINE: draw_machine,
    TERMINAL: draw_rollout,
    REPORT: draw_rollout,
    LIVE: draw_live_page,
}
"""What draws each picture, by the picture's path in `docs`."""


def main(names: Sequence[str]) -> None:
    """Draw the pictures of these names, without names all of them."""
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        raise SystemExit(f"unknown pictures: {', '.join(unknown)}; the pictures are {', '.join(PICTURES)}")
    for draw in dict.fromkeys(PICTURES[name] for name in names or PICTURES):
        draw()


if __name__ == "__main__":
    main(sys.argv[1:])
