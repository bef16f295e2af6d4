"""The blocks of the report's page: a section, a table, a picture with its caption and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.reports.markup import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canary.rules.reports.charts import Chart


def block(title: str, *content: Markup) -> Markup:
    """A section with its heading."""
    return tag("section", tag("h2", title), *content, class_="block")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, class_: str = "stack") -> Markup:
    """A table of texts."""
    head = tag("tr", *(tag("th", one, scope="col") for one in headers))
    body = [tag("tr", *(tag("td", cell, data_is=name) for name, cell in zip(headers, row, strict=True))) for row in rows]
    return tag("table", tag("thead", head), tag("tbody", *body), class_=class_)


def figure(chart: Chart) -> Markup:
    """A picture, what it shows, and its figures as a table that opens."""
    figures = table(chart.headers, chart.rows, class_="figures")
    scroll = tag("div", figures, class_="scroll", tabindex="0", role="region", aria_label=f"Figures: {chart.title}")
    return tag(
        "figure",
        tag("h3", chart.title),
        tag("figcaption", chart.shows),
        chart.drawn,
        tag("details", tag("summary", "Figures"), scroll),
    )
