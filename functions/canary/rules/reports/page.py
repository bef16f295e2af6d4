"""The report as one self-contained HTML page: no script, nothing loaded, every word from outside escaped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.rules.looks.findings import Finding
from canary.rules.reports import novelties, sentences
from canary.rules.reports.amounts import in_utc, moment, weight
from canary.rules.reports.charts import differences, evidence_over_time, latency, rates, weight_and_share
from canary.rules.reports.markup import Markup, joined, tag
from canary.rules.reports.page_parts import block, figure, table
from canary.rules.reports.style import STYLE
from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.reports.amounts import LocalTime
    from canary.rules.reports.charts import Chart
    from canary.rules.reports.evidence_report import EvidenceReport, MetricRow

RATES = (
    "Lines: the part of each arm's requests that was bad, from the start to each look, over the minutes that can be compared; "
    "shaded, 95 % confidence sequences. Dots: the canary in each minute, also right after a weight change."
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The page may load nothing, so no text in it can make a browser send a request."""


def to_html(report: EvidenceReport, *, local: LocalTime = in_utc) -> str:
    """The whole page, with the times of a zone."""
    title = f"{sentences.state(report)}: {report.target}, rollout {report.rollout}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    main = tag("main", *first_screen(report, local), *_pictures(report, local), *_details(report, local))
    return f"<!doctype html>\n{tag('html', head, tag('body', main, _foot(report)), lang='en')}\n"


def first_screen(report: EvidenceReport, local: LocalTime) -> Iterator[Markup]:
    """How it ended or stands, why, whom it harmed, what to do, and what each metric has shown."""
    named = [f"{name} {value}" for name, value in report.labels.items()]
    about = [sentences.when(report, local), *named, f"started by execution {report.started_by}"]
    yield tag(
        "header",
        tag("p", sentences.state(report), class_=f"state {_tone(report)}"),
        tag("h1", report.target, tag("span", sentences.place(report), class_="at")),
        tag("ul", *(tag("li", one) for one in about), class_="meta"),
    )
    told = {"Sure": sentences.sure(report), "Harmed": sentences.harmed(report), "Broke": sentences.broke(report)}
    between = [part for name, said in told.items() if said for part in (tag("dt", name), tag("dd", said))]
    yield tag(
        "dl",
        *(tag("dt", "Why"), tag("dd", sentences.why(report), class_="why")),
        *between,
        *(tag("dt", "Now"), tag("dd", f"{sentences.live(report, local)} ", tag("strong", report.to_do))),
        class_="facts",
    )
    if report.metrics:
        yield _metrics(report, local)
    yield tag("p", tag("span", sentences.shares_line(report)), class_="below")
    yield tag("p", sentences.HOW_RATES_ARE_COMPARED, class_="intro")


def _metrics(report: EvidenceReport, local: LocalTime) -> Markup:
    at = f"verdict at {weight(report.decisions[-1].weight_percent)}" if report.decisions else "verdict"
    heads = ("metric", "canary", "base", "difference, points", "evidence / bar", at)
    head = tag("tr", *(tag("th", one, scope="col", class_="n" if one in heads[1:5] else None) for one in heads))
    total = report.evidence
    foot = tag(
        "tr",
        tag("th", "all metrics", scope="row", colspan="4"),
        tag("td", sentences.of_bar(total.log_e, report), class_="n", data_is="evidence") if total else Markup(),
        tag("td", class_="verdict"),
    )
    body = [_metric(row, report, local) for row in report.metrics]
    caption = tag("caption", "What each metric has shown", class_="hidden")
    return tag("table", caption, tag("thead", head), tag("tbody", *body), tag("tfoot", foot), class_="metrics")


def _metric(row: MetricRow, report: EvidenceReport, local: LocalTime) -> Markup:
    rates, counts = sentences.rates_of(row), sentences.counts_of(row)
    difference, interval = sentences.difference_of(row)
    worse = " worse" if row.finding is Finding.WORSE else ""
    return tag(
        "tr",
        tag("th", row.label, scope="row"),
        tag("td", rates[0], tag("small", counts[0]), class_="n", data_is="canary"),
        tag("td", rates[1], tag("small", counts[1]), class_="n", data_is="base"),
        tag("td", difference, tag("small", interval), class_="n", data_is="difference"),
        tag("td", sentences.of_bar(row.log_evidence, report), class_="n", data_is="evidence"),
        tag("td", sentences.verdict_of(row, local), class_=f"verdict{worse}"),
    )


def _pictures(report: EvidenceReport, local: LocalTime) -> Iterator[Markup]:
    if not report.metrics:
        return
    several: list[Chart | None] = [
        differences(report.metrics),
        evidence_over_time(report, local),
        weight_and_share(report, local),
        latency(report.metrics),
    ]
    yield tag("h2", "What was measured")
    yield tag("div", *(figure(one) for one in several if one), class_="charts first")
    if report.rates:
        yield tag("h2", "Rates by arm")
        yield tag("p", RATES, class_="intro")
        drawn = [rates(one, report, local, number=number) for number, one in enumerate(report.rates)]
        yield tag("div", *map(figure, drawn), class_="charts")


def _details(report: EvidenceReport, local: LocalTime) -> Iterator[Markup]:
    if report.broken:
        rows = [(one.route, f"{one.canary:,}", f"{one.base:,}", one.function, one.error) for one in report.broken]
        yield block("What broke", table(sentences.BROKE_HEADS, rows), tag("p", report.broken_note, class_="intro after"))
    yield block("Verdicts", _decisions(report, local))
    verbs = [(moment(one.at, local), one.verb, one.caller or "not recorded", one.reason) for one in report.verbs]
    yield block("Verbs", table(("time", "verb", "sent by", "reason"), verbs) if verbs else tag("p", "None was sent."))
    news = list(novelties.rows(report, local))
    yield block("What was new", table(novelties.HEADS, news) if news else tag("p", "Nothing."))
    gaps = [(one.kind, one.text) for one in report.gaps]
    yield block("What the verdict does not cover", table(("kind", "what"), gaps) if gaps else tag("p", "Nothing was left out."))
    yield block("Cost", tag("p", report.cost))
    yield block("Record", tag("p", f"{report.trust} {report.checked}", class_="intro"), *_raw(report))


def _decisions(report: EvidenceReport, local: LocalTime) -> Markup:
    rows = [
        (
            local(one.first_at).strftime("%H:%M:%S") + (f"\N{EN DASH}{local(one.last_at):%H:%M:%S}" if one.looks > 1 else ""),
            weight(one.weight_percent),
            one.verdict.value.replace("_", " ").lower(),
            one.reason,
        )
        for one in report.decisions
    ]
    return (
        table(("time", "weight", "verdict", "reason"), rows, class_="stack verdicts") if rows else tag("p", "No look was made.")
    )


def _raw(report: EvidenceReport) -> Iterator[Markup]:
    for title, value in (("Snapshot", report.snapshot), ("Policy", report.policy), ("Target", report.settings)):
        shown = tag("pre", json.dumps(value, indent=2, ensure_ascii=False, default=dict))
        yield tag("details", tag("summary", title), shown)


def _tone(report: EvidenceReport) -> str:
    if report.needs_operator or report.reverted_by or report.phase is Phase.ROLLED_BACK:
        return "bad"
    return "good" if report.phase in {Phase.WATCHING, Phase.PROMOTED} else "warn"


def _foot(report: EvidenceReport) -> Markup:
    return tag("footer", joined([tag("p", f"Rollout {report.rollout}, execution {report.execution}")]))
