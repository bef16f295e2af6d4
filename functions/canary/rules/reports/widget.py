"""The widget of the controller's dashboard: every target in a table, and one rollout as its report shows it.

It is made of the report's own parts, and like the report it is a pure function. It has no buttons: the function behind a button
could not name who pressed it, so a person copies the command instead (docs/aws.md#custom-widgets). It has no script, and only
tags that CloudWatch lets through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.reports import sentences
from canary.rules.reports.charts import evidence_over_time, weight_and_share
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.reports.markup import Markup, tag
from canary.rules.reports.page import first_screen
from canary.rules.reports.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.reports.amounts import LocalTime

DARK = "dark"
ROOT = "canary-widget"
OWN_STYLE = "cwdb-no-default-styles"
"""An element of this class keeps CloudWatch's own style off the widget (docs/aws.md#custom-widgets)."""

_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}")
_VARIABLES = re.compile(r":root\{([^}]*)\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_OF_THE_PAGE = frozenset({":root", "*", "html", "body"})

_MORE = (
    f".{ROOT}{{color:var(--ink);background:var(--paper);padding:.75rem;overflow-x:auto;overflow-wrap:anywhere;"
    f"font-variant-numeric:tabular-nums}}.{ROOT} *{{box-sizing:border-box}}"
    f".{ROOT} table{{color:inherit}}.{ROOT} header,.{ROOT} h3{{margin-top:1.5rem}}.{ROOT} figure h3{{margin-top:0}}"
    f".{ROOT} code{{user-select:all;overflow-wrap:anywhere}}"
    f".{ROOT} .commands li{{margin:.25rem 0;list-style:none}}"
)


@dataclass(frozen=True, slots=True)
class FleetRow:
    """A target: its rollout in progress as a report without its looks, or else a note about the target."""

    target: str
    report: EvidenceReport | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the widget shows. ``shown``: the one rollout that is shown in full; ``notes``: what is left out, and why."""

    rows: tuple[FleetRow, ...]
    shown: EvidenceReport | None = None
    notes: tuple[str, ...] = ()


def to_widget(fleet: Fleet, *, theme: str, local: LocalTime) -> str:
    """The widget's HTML, with the times of a zone."""
    parts = [tag("style", Markup(style_of(theme))), _table(fleet.rows), *(tag("p", one, class_="intro") for one in fleet.notes)]
    if fleet.shown:
        parts += _rollout(fleet.shown, local)
    return str(tag("div", tag("div", class_=OWN_STYLE), *parts, class_=ROOT))


def style_of(theme: str) -> str:
    """The report's style for this widget alone: a dashboard has other widgets, whose style must stay as it is."""
    light, dark = _VARIABLES.findall(STYLE)[:2]
    variables = light if theme != DARK else f"{light};{dark}"
    scoped = (
        f"{','.join(f'.{ROOT} {one}' for one in selectors)}{{{body}}}"
        for selectors, body in ((rule[1].strip().split(","), rule[2]) for rule in _RULE.finditer(_MEDIA.sub("", STYLE)))
        if not _OF_THE_PAGE & {*selectors}
    )
    return f".{ROOT}{{{variables}}}{''.join(scoped)}{_MORE}".replace("\n", "")


def _table(rows: Sequence[FleetRow]) -> Markup:
    heads = ("target", "rollout", "what to do")
    head = tag("tr", *(tag("th", one, scope="col") for one in heads))
    body = [tag("tr", tag("th", row.target, scope="row"), *(tag("td", one) for one in _row(row))) for row in rows]
    empty = tag("tr", tag("td", "No target is registered; deploy one with make deploy TARGETS=<folder>.", colspan="3"))
    return tag("table", tag("thead", head), tag("tbody", *(body or [empty])), class_="fleet")


def _row(row: FleetRow) -> tuple[str, str]:
    if row.report is None:
        return row.note, _command(f"canary history {row.target}")
    stands = f"{sentences.state(row.report)}{sentences.place(row.report)}, rollout {row.report.rollout}"
    verb = "status" if row.report.needs_operator else "watch"
    return stands, _command(f"canary {verb} {row.target}")


def _rollout(report: EvidenceReport, local: LocalTime) -> Iterator[Markup]:
    yield from first_screen(report, local)
    charts = [one for one in (evidence_over_time(report, local), weight_and_share(report, local)) if one]
    if report.metrics:
        drawn = [tag("figure", tag("h3", one.title), tag("figcaption", one.shows), one.drawn) for one in charts]
        yield tag("div", *drawn, class_="charts")
    yield tag("h3", "Commands to copy")
    yield tag("ul", *(tag("li", _command(one)) for one in _commands(report)), class_="commands")


def _commands(report: EvidenceReport) -> Iterator[str]:
    """What someone may want to do next; every verb asks for a reason, and the record keeps who sent it."""
    yield f"canary status {report.target}"
    yield f"canary explain {report.rollout}"
    if report.phase.is_terminal:
        yield f"canary logs {report.target} --rollout {report.rollout} --errors"
        return
    yield f"canary logs {report.target} --arm canary --errors"
    yield f'canary pause {report.target} --reason "..."'
    yield f'canary rollback {report.target} --reason "..."'


def _command(text: str) -> Markup:
    return tag("code", text)
