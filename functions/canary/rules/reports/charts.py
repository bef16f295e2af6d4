"""The report's pictures: differences, rates, evidence, weight and share, latency. Each with the sentence that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from canary.rules.judging.families import Family
from canary.rules.looks.findings import Finding
from canary.rules.reports.amounts import evidence, percent, power_of_ten, weight
from canary.rules.reports.evidence_report import Estimate
from canary.rules.reports.markup import Markup, joined, tag
from canary.rules.reports.plot import (
    LEFT,
    RIGHT,
    WIDTH,
    Axis,
    band,
    frame,
    label,
    line,
    picture,
    round_ticks,
    rule,
    step_marks,
    steps,
    time_ticks,
    together,
    value_ticks,
)
from canary.rules.reports.sentences import difference_of, effect_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.reports.amounts import LocalTime
    from canary.rules.reports.evidence_report import EvidenceReport, MetricRow, RateLine, RatePoint
    from canary.rules.reports.plot import Frame

ROW = 50.0
ZERO_PART = 0.4
"""Where zero lies in the picture of differences, as a part of its width; each row has a scale of its own around it."""

HEADROOM = 1.6
"""The rates' scale ends so far above the newest interval: the first ones are wider than any scale."""

NEWEST_MINUTES = 3
LOG_FLOOR = log(0.01)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its title, what it shows in words, and its figures as a table."""

    title: str
    shows: str
    drawn: Markup
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def differences(rows: Sequence[MetricRow]) -> Chart | None:
    """Each metric's difference with its interval, around a zero that all rows share; None before any is known."""
    drawn = [(row, difference) for row in rows if (difference := _drawn(row))]
    if not drawn:
        return None
    height = ROW * len(drawn) + 18
    zero = WIDTH * ZERO_PART
    parts = [_difference(row, difference, ROW * index, zero) for index, (row, difference) in enumerate(drawn)]
    legend = label("no difference", zero, height - 4, anchor="middle", class_="tick")
    said = [(row.label, *difference_of(row), row.finding.value) for row, _ in drawn]
    effects = [f"{row.label} {effect_note(row)}" for row, _ in drawn if row.least_effect]
    least = f" Upright mark: the least difference looked for ({', '.join(effects)})." if effects else ""
    shows = "; ".join(f"{name} {value} {interval}, {finding}" for name, value, interval, finding in said)
    return Chart(
        "Difference by metric",
        f"Canary minus base in percentage points, with 95 % intervals. Each row has its own scale around zero.{least}",
        picture(
            "differences", "Difference by metric", shows, height, [rule(zero, 22, zero, height - 16, "zero"), *parts, legend]
        ),
        ("metric", "difference", "interval", "verdict"),
        tuple(said),
    )


def _drawn(row: MetricRow) -> Estimate | None:
    """The difference with its interval, which is a mere point where there is no interval yet."""
    if not row.is_just_seen:
        return row.difference
    value = row.counts.canary_rate - row.counts.base_rate
    return Estimate(value, value, value)


def _difference(row: MetricRow, difference: Estimate, top: float, zero: float) -> Markup:
    effect = row.least_effect or 0.0
    left, right = max(-difference.low, 0.0), max(difference.high, effect, 0.0)
    unit = max(left / (zero - 8), right / (WIDTH - zero - 8)) or 1.0
    axis = Axis(-zero * unit, (WIDTH - zero) * unit, 0, WIDTH)
    y, tone = top + 34, "worse" if row.finding is Finding.WORSE else "plain"
    least = rule(axis.at(effect), y - 9, axis.at(effect), y + 9, "least") if effect else Markup()
    return joined(
        [
            label(row.label, 0, top + 16, class_="label strong"),
            label(" ".join(difference_of(row)), WIDTH, top + 16, anchor="end"),
            least,
            rule(axis.at(difference.low), y, axis.at(difference.high), y, f"whisker {tone}"),
            tag("circle", cx=axis.at(difference.value), cy=y, r=4.5, class_=f"dot {tone}"),
        ]
    )


def rates(one: RateLine, report: EvidenceReport, local: LocalTime, *, number: int) -> Chart:
    """One metric's rates by arm with their confidence sequences, and the canary's rate in each minute."""
    drawn = _over_time(report, _highest(one))
    dots = [tag("circle", cx=drawn.x.at(dot.at), cy=drawn.y.at(dot.rate), r=2.5, class_="dot canary") for dot in one.minutes]
    parts = together(
        value_ticks(drawn, [(value, _short(value)) for value in round_ticks(drawn.y.high)]),
        _marks(drawn, report),
        _lines(drawn, one.points),
        dots,
        time_ticks(drawn, local),
    )
    words = f"{one.label}: {', '.join(_latest(one))}"
    return Chart(
        one.label,
        joined([tag("strong", said, class_=said.partition(" ")[0]) for said in _latest(one)]),
        picture(f"rates-{number}", f"{one.label} by arm over time", words, drawn.height, [parts]),
        ("time", "canary", "canary from", "to", "base", "base from", "to"),
        tuple((local(point.at).strftime("%H:%M:%S"), *_three(point.canary), *_three(point.base)) for point in one.points),
    )


def _latest(one: RateLine) -> tuple[str, ...]:
    """The newest rates in words, each begun by its arm."""
    if not one.points:
        return ("canary by minute; not compared yet",)
    return f"canary {percent(one.points[-1].canary.value)}", f"base {percent(one.points[-1].base.value)}"


def _highest(one: RateLine) -> float:
    """Where the scale of the rates ends: above the newest intervals, and above the canary's newest minutes."""
    minutes = max((dot.rate for dot in one.minutes[-NEWEST_MINUTES:]), default=0.0)
    arms = [arm for point in one.points[-1:] for arm in (point.canary, point.base)]
    above = HEADROOM * max((arm.high for arm in arms), default=0.0)
    return min(max(above, 1.1 * minutes), 1.0) or 0.01


def _lines(drawn: Frame, points: Sequence[RatePoint]) -> Iterator[Markup]:
    if len(points) == 1:
        yield from _whiskers(drawn, points[0])
    elif points:
        yield band(drawn, [(point.at, point.base.low, point.base.high) for point in points], "band base")
        yield band(drawn, [(point.at, point.canary.low, point.canary.high) for point in points], "band canary")
        yield line(drawn, [(point.at, point.base.value) for point in points], "line base")
        yield line(drawn, [(point.at, point.canary.value) for point in points], "line canary")


def _whiskers(drawn: Frame, point: RatePoint) -> Iterator[Markup]:
    """The only rates so far: a line of one point would not be seen."""
    for arm, one, aside in (("base", point.base, 4), ("canary", point.canary, -4)):
        x = drawn.x.at(point.at) + aside
        yield rule(x, drawn.y.at(one.low), x, drawn.y.at(min(one.high, drawn.y.high)), f"whisker {arm}")
        yield tag("circle", cx=x, cy=drawn.y.at(one.value), r=3.5, class_=f"dot {arm}")


def weight_and_share(report: EvidenceReport, local: LocalTime) -> Chart:
    """The weight asked as a line, each minute's share as a dot."""
    high = max([one.weight_percent / 100 for one in report.weights] + [one.share for one in report.shares], default=1.0)
    drawn = _over_time(report, min(1.25 * high, 1.0))
    dots = [tag("circle", cx=drawn.x.at(one.at), cy=drawn.y.at(one.share), r=2.5, class_="dot canary") for one in report.shares]
    asked = [(one.at, one.weight_percent / 100) for one in report.weights if one.at <= drawn.x.high]
    words = ", ".join(f"{weight(one.weight_percent)} from {local(one.at):%H:%M}" for one in report.weights)
    parts = together(
        value_ticks(drawn, [(part, _short(part)) for part in round_ticks(drawn.y.high)]),
        [steps(drawn, asked, "line ink"), *dots] if asked else dots,
        time_ticks(drawn, local),
    )
    return Chart(
        "Weight asked, share seen",
        f"Line: the weight that was set ({words}). Dots: the canary's share of each minute's requests.",
        picture("share", "Weight asked and share seen over time", words, drawn.height, [parts]),
        ("time", "share seen", "requests"),
        tuple((local(one.at).strftime("%H:%M"), percent(one.share), f"{one.requests:,}") for one in report.shares),
    )


def evidence_over_time(report: EvidenceReport, local: LocalTime) -> Chart | None:
    """The evidence against its bar, on a logarithmic scale; None before the first minute."""
    total, points = report.evidence, report.evidence_line
    if total is None or not points:
        return None
    top = max(total.log_bar, *(max(one.log_e, one.log_e_live) for one in points)) + log(10)
    drawn = _over_time(report, top, low=LOG_FLOOR)
    powers = [log(10) * power for power in range(-2, int(top / log(10)) + 1)]
    every = -(-len(powers) // 5)
    words = f"evidence {evidence(total.log_e)} of {evidence(total.log_bar)} at the end"
    bar, end = drawn.y.at(total.log_bar), points[-1]
    reached = any(one.log_e >= total.log_bar for one in points)
    parts = together(
        value_ticks(drawn, [(power, _power(power)) for power in powers[::every]]),
        _marks(drawn, report),
        [
            rule(LEFT, bar, WIDTH - RIGHT, bar, "bar"),
            label(f"bar {evidence(total.log_bar)}", LEFT + 6, bar - 5, class_="label bad halo"),
            line(drawn, [(one.at, one.log_e_live) for one in points], "line thin"),
            line(drawn, [(one.at, one.log_e) for one in points], "line ink"),
            tag("circle", cx=drawn.x.at(end.at), cy=drawn.y.at(end.log_e), r=3.5, class_="dot ink"),
        ],
        time_ticks(drawn, local),
    )
    said = "It reached the bar, so the canary is worse." if reached else "It stayed below the bar."
    return Chart(
        "Evidence against the canary",
        f"{said} Thick: with base's history, {words}. Thin: without it, which must reach {evidence(total.log_bar_live)} too.",
        picture("evidence", "Evidence against its bar over time", f"{words}. {said}", drawn.height, [parts]),
        ("time", "evidence", "without history"),
        tuple((local(one.at).strftime("%H:%M"), evidence(one.log_e), evidence(one.log_e_live)) for one in points),
    )


def latency(rows: Sequence[MetricRow]) -> Chart | None:
    """By limit, the share of each arm's requests that took longer; None where no latency was compared."""
    drawn = sorted(
        ((row, row.canary, row.base) for row in rows if row.family is Family.SLOW and row.canary and row.base),
        key=lambda one: one[0].label,
    )
    if not drawn:
        return None
    height = ROW * len(drawn)
    parts = [_latency(row, canary, base, ROW * index) for index, (row, canary, base) in enumerate(drawn)]
    shows = "; ".join(f"{row.label}: canary {percent(canary.value)}, base {percent(base.value)}" for row, canary, base in drawn)
    return Chart(
        "Latency by arm",
        "The share of requests slower than each limit, with 95 % intervals; the limits are percentiles of base's history.",
        picture("latency", "Requests slower than each limit, by arm", shows, height, parts),
        ("limit", "canary", "from", "to", "base", "from", "to"),
        tuple((row.label, *_three(canary), *_three(base)) for row, canary, base in drawn),
    )


def _latency(row: MetricRow, canary: Estimate, base: Estimate, top: float) -> Markup:
    axis = Axis(0.0, max(canary.high, base.high) or 1.0, 4, WIDTH - 4)
    parts = [
        label(row.label, 0, top + 16, class_="label strong"),
        tag(
            "text",
            tag("tspan", f"canary {percent(canary.value)}", class_="canary"),
            tag("tspan", f"base {percent(base.value)}", dx="10", class_="base"),
            x=WIDTH,
            y=top + 16,
            text_anchor="end",
            class_="label",
        ),
    ]
    for arm, one, y in (("canary", canary, top + 29), ("base", base, top + 39)):
        parts.append(rule(axis.at(one.low), y, axis.at(one.high), y, f"whisker {arm}"))
        parts.append(tag("circle", cx=axis.at(one.value), cy=y, r=4, class_=f"dot {arm}"))
    return joined(parts)


def _over_time(report: EvidenceReport, high: float, *, low: float = 0.0) -> Frame:
    """The frame of a picture over time. All have the same times, so that they can be read beside each other."""
    last_at = max((one.last_at for one in report.decisions), default=report.started_at)
    return frame(report.started_at, report.ended_at or last_at, low, high)


def _marks(drawn: Frame, report: EvidenceReport) -> Iterator[Markup]:
    return step_marks(drawn, [(one.at, weight(one.weight_percent)) for one in report.weights])


def _three(one: Estimate) -> tuple[str, str, str]:
    return percent(one.value), percent(one.low), percent(one.high)


def _short(rate: float) -> str:
    return f"{100 * rate:.4g} %"


def _power(log_e: float) -> str:
    return f"{exp(log_e):.3g}" if log_e < log(5000) else power_of_ten(log_e)
