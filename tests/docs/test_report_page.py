"""The page about the report: its program checks a report, and its commands have the options that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from canary.rules.judging.history import to_json
from canary.rules.reports.document import to_document
from canary_cli.app import run
from tests.rules.reports.past import EVIDENCE, LATE, a_report

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_program_on_the_page_prints_every_verdict_twice(tmp_path: Path, monkeypatch: Any, capsys: Any):
    rollout, looks = LATE
    document = to_document(a_report(past=LATE), rollout, looks, to_json(EVIDENCE.history))
    (tmp_path / "orders.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    program = re.search(r"```python\n(.+?)```", PAGE, re.DOTALL)
    assert program
    exec(program[1], {})  # noqa: S102 - the page's own program
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(looks)
    assert " ROLL_BACK ROLL_BACK the canary is worse than base in errors" in lines[-1]


def test_the_command_has_the_options_on_the_page(capsys: Any):
    run(["explain", "--help"])
    told = capsys.readouterr().out
    options = {*re.findall(r"canary explain orders (--\w+)", PAGE)}
    assert options == {"--html", "--markdown", "--report"}
    assert all(option in told for option in options)
