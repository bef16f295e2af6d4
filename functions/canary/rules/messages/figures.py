"""The numbers of a message, from the evidence report: the report's own figures, in one short line.

Without a report, the event's own count of harmed requests is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.failures.safe_text import safe
from canary.rules.looks.findings import Finding
from canary.rules.reports.amounts import lasting, percent, plural, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.messages.notification import Notification
    from canary.rules.reports.evidence_report import EvidenceReport, MetricRow


@dataclass(frozen=True, slots=True)
class DecidingMetric:
    """The metric that the message is about, with both arms' rates as fractions; the rates are null before any comparison."""

    metric: str
    label: str
    finding: Finding
    canary_rate: float | None
    base_rate: float | None


def deciding_of(report: EvidenceReport | None) -> DecidingMetric | None:
    """The metric of the report's first lines; None without a report, or before anything was compared."""
    lead = report.lead if report else None
    if lead is None:
        return None
    canary, base = lead.rates or (None, None)
    return DecidingMetric(lead.metric, lead.label, lead.finding, canary, base)


def is_worse(report: EvidenceReport | None) -> bool:
    """Whether a metric showed that the canary is worse."""
    return report is not None and report.lead is not None and report.lead.finding is Finding.WORSE


def condemning(report: EvidenceReport, lead: MetricRow) -> str:
    """How much worse, how soon that was sure, and whom it harmed: ``5xx 2.9 % vs 0.05 % (58x), sure after 4 min · ...``."""
    canary, base = lead.rates or (0.0, 0.0)
    often = f" ({times(canary / base)}x)" if base else ""
    sure = f", sure after {lasting(report.decisions[-1].last_at - report.weights[-1].at)}" if report.weights else ""
    return " · ".join([f"{lead.label} {percent(canary)} vs {percent(base)}{often}{sure}", *_harmed(report)])


def acquitting(report: EvidenceReport) -> str:
    """That no metric was worse, and the first one's rates; empty before anything was compared."""
    lead = report.lead
    if lead is None or lead.rates is None:
        return ""
    canary, base = lead.rates
    return f"{lead.label} {percent(canary)} vs {percent(base)}, no metric was worse"


def harmed_by_record(notification: Notification) -> str:
    """Whom the canary harmed, as the event counts it: ``18 requests failed``; empty if chance explains it."""
    requests = int(notification.number("requests_harmed"))
    return f"{plural(requests, 'request')} failed" if requests and notification.detail.get("harm_beyond_chance") else ""


def broke(report: EvidenceReport) -> str:
    """The route with the most failed canary requests, who answers it, and what it logged; empty if that is not known."""
    known = [one for one in report.broken if one.canary]
    if not known:
        return ""
    first, total = max(known, key=lambda one: one.canary), sum(one.canary for one in known)
    answered = f" -> {safe(first.function)}" if first.function else ""
    said = f": {safe(first.error)}" if first.error else ""
    return f"{safe(first.route)}{answered}{said} ({first.canary:,} of {total:,})"


def _harmed(report: EvidenceReport) -> Iterator[str]:
    harm = report.harm
    if harm and harm.requests and harm.is_beyond_chance:
        yield f"{plural(harm.requests, 'request')} {harm.bad_are}"
