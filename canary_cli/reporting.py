"""Writes the evidence report of a rollout to a file: as HTML for people, as JSON for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from canary.aws.errors import AwsRefusedError
from canary.aws.reports.kept import KeptReports
from canary.rules.reports.document import to_document
from canary.rules.reports.links import has_kept_report, report_link
from canary.rules.reports.page import to_html
from canary_cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from canary.aws.reports.recorded import Recorded
    from canary.rules.reports.evidence_report import EvidenceReport
    from canary.rules.rollouts.rollout import Rollout
    from canary_cli.connection import Connection


def local_time(at: float) -> datetime:
    """An instant in this machine's zone."""
    return datetime.fromtimestamp(at, UTC).astimezone()


def find_kept_report(connection: Connection, rollout: Rollout) -> tuple[str | None, str]:
    """The link to the report that the controller kept of the rollout, or why there is none although there should be one."""
    if not has_kept_report(rollout):
        return None, ""
    target, rollout_id = rollout.target.name, rollout.rollout_id
    try:
        place = connection.read_reports()
        link = report_link(place, target, rollout_id)
        if link is None:
            return None, ""
        if KeptReports(connection.client("s3"), place.bucket).has(target, rollout_id):
            return link, ""
    except AwsRefusedError as error:
        return None, f"whether the rollout's report is kept cannot be seen: {error}"
    instead = f"write it with canary explain {rollout_id} --html FILE"
    return None, f"no report of this rollout is kept in s3://{place.bucket}: it is made within minutes of the end; or {instead}"


def write_page(file: Path, report: EvidenceReport) -> None:
    """Write the report as one HTML page.

    Raises:
        CommandError: the file cannot be written.

    """
    _write(file, to_html(report, local=local_time))


def write_document(file: Path, report: EvidenceReport, rollout: Rollout, recorded: Recorded) -> None:
    """Write the report as JSON, with all that it was computed from.

    Raises:
        CommandError: the file cannot be written.

    """
    document = to_document(report, rollout, recorded.looks, recorded.history)
    _write(file, json.dumps(document, ensure_ascii=False) + "\n")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            "ReportNotWritten",
            f"the report cannot be written to {file}: {error.strerror}",
            "name a file in a folder that exists and that you may write to",
            ExitCode.USAGE,
        ) from error
