"""How a report shows what was new: each change with what was there before, and a function's versions with their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.reports.amounts import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.releases.code import PublishedCode
    from canary.rules.reports.amounts import LocalTime
    from canary.rules.reports.evidence_report import EvidenceReport

HEADS = ("what", "name", "before", "after")

SHOWN_OF_SHA256 = 10
"""Characters of a code's hash: enough to tell two apart and to find one in Lambda's console."""


def rows(report: EvidenceReport, local: LocalTime) -> Iterator[tuple[str, str, str, str]]:
    """A row of each change, under `HEADS`."""
    for one in report.news:
        yield (one.what, one.name, _told(one.before, one.code.before, local), _told(one.after, one.code.after, local))


def _told(version: str, code: PublishedCode | None, local: LocalTime) -> str:
    """``6: checks the currency (code 8Kx3bQm0aT, modified 2026-01-31 14:07:33 CET)``."""
    if code is None:
        return version
    facts = [f"code {code.sha256[:SHOWN_OF_SHA256]}"] if code.sha256 else []
    facts += [f"modified {moment(code.modified_at, local)}"] if code.modified_at is not None else []
    named = f"{version}: {code.description}" if code.description else version
    return f"{named} ({', '.join(facts)})" if facts else named
