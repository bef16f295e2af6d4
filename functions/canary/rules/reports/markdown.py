"""The report as Markdown, for a ticket, a review or a job's summary. Every word from outside is escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canary.rules.reports import novelties, sentences
from canary.rules.reports.amounts import clock, in_utc, moment, weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.reports.amounts import LocalTime
    from canary.rules.reports.evidence_report import EvidenceReport

ACTIVE = re.compile(r"([\\`*_\[\]<>|#~&])")
"""What means something in Markdown. Reasons and names are shown as they are."""


def to_markdown(report: EvidenceReport, *, local: LocalTime = in_utc) -> str:
    """The first screen of the report, its verdicts, and what was new and not covered."""
    return "\n".join(_lines(report, local)) + "\n"


def escaped(text: str) -> str:
    """The text on one line, with nothing that Markdown or a terminal would obey."""
    return ACTIVE.sub(r"\\\1", printable(text))


def printable(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _lines(report: EvidenceReport, local: LocalTime) -> Iterator[str]:
    yield f"# {sentences.state(report)}: {escaped(report.target)}{sentences.place(report)}"
    named = [f"{name} {value}" for name, value in report.labels.items()]
    yield ""
    yield escaped(" / ".join([sentences.when(report, local), *named, f"started by execution {report.started_by}"]))
    broke, sure = sentences.broke(report), sentences.sure(report)
    told_first = (sentences.why(report), sure, sentences.harmed(report), broke and f"What broke: {broke}")
    for told in filter(None, (*told_first, f"{sentences.live(report, local)} {report.to_do}")):
        yield ""
        yield escaped(told)
    if report.metrics:
        yield from _metrics(report, local)
    yield ""
    yield escaped(sentences.shares_line(report))
    broken = [(one.route, f"{one.canary:,}", f"{one.base:,}", one.function, one.error) for one in report.broken]
    yield from _section("What broke", sentences.BROKE_HEADS, broken)
    if report.broken and report.broken_note:
        yield from ("", escaped(report.broken_note))
    verdicts = [
        (clock(one.last_at, local), weight(one.weight_percent), one.verdict.value.replace("_", " ").lower(), one.reason)
        for one in report.decisions
    ]
    yield from _section("Verdicts", ("time", "weight", "verdict", "reason"), verdicts)
    verbs = [(moment(one.at, local), one.verb, one.caller, one.reason) for one in report.verbs]
    yield from _section("Verbs", ("time", "verb", "sent by", "reason"), verbs)
    yield from _section("What was new", novelties.HEADS, list(novelties.rows(report, local)))
    gaps = [(one.kind, one.text) for one in report.gaps]
    yield from _section("What the verdict does not cover", ("kind", "what"), gaps)
    yield ""
    yield escaped(f"Cost {report.cost}. {report.trust} {report.checked}")


def _metrics(report: EvidenceReport, local: LocalTime) -> Iterator[str]:
    yield ""
    yield _row(("metric", "canary", "base", "difference", "evidence", "verdict"))
    yield _row(("---", "---:", "---:", "---:", "---:", "---"))
    for row in report.metrics:
        rates, difference = sentences.rates_of(row), " ".join(sentences.difference_of(row)).strip()
        evidence, verdict = sentences.of_bar(row.log_evidence, report), sentences.verdict_of(row, local)
        yield _row(map(escaped, (row.label, *rates, difference, evidence, verdict)))


def _section(title: str, headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    listed = list(rows)
    if not listed:
        return
    yield from ("", f"## {title}", "", _row(headers), _row(["---"] * len(headers)))
    yield from (_row(map(escaped, cells)) for cells in listed)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
