"""Writes the evidence report of each rollout of the demo into a folder, from the records as `canary explain` reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.aws.archive import Archive
from canary.aws.records import Records
from canary.rules.judging.history import from_json
from canary.rules.looks.replay import read_look, replay
from canary.rules.reports.building import report_of
from canary.rules.reports.document import to_document
from canary.rules.reports.markdown import to_markdown
from canary.rules.reports.page import to_html
from canary.rules.rollouts.upgrades import upgrade_history

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.wire.connection import Connect


def write_report(connect: Connect, table: str, rollout_id: str, folder: Path) -> Path | None:
    """Write the rollout's report as HTML, Markdown and JSON; the path of the page, None if nothing was recorded."""
    records, archive = Records(connect("dynamodb"), table), Archive(connect("dynamodb"), table)
    owned = records.find(rollout_id)
    if owned is None:
        return None
    looks = [read_look(one.at, one.verdict, one.reason, one.numbers) for one in archive.list_looks(rollout_id)]
    history = upgrade_history(records.read_history(rollout_id)) if looks else None
    report = report_of(owned.rollout, replay(owned.rollout, from_json(history), looks) if history else ())
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{rollout_id}.html"
    page.write_text(to_html(report), encoding="utf-8")
    page.with_suffix(".md").write_text(to_markdown(report), encoding="utf-8")
    document = to_document(report, owned.rollout, looks, history)
    page.with_suffix(".json").write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    return page
