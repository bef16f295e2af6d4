"""A backtest as lines of text. Pure: it renders values and reads nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from canary.rules.checks.forecast import in_minutes
from canary.rules.checks.hours import spans_of
from canary_cli.backtest.releases import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.sources import Series
    from canary_cli.backtest.asking import Inquiry
    from canary_cli.backtest.figures import FaultFigures, PolicyFigures
    from canary_cli.backtest.running import Backtest

WIDTH = 10
"""Columns of the name before each line's text, as in a plan."""

SOURCE = "AWS's own metrics of the stage; to tell the arms apart, a rollout needs the access log first"

HEADS = ("fault", "caught", "in the median", "nine in ten within", "promoted", "held")


def lines_of_inquiry(target: str, inquiry: Inquiry) -> Iterator[str]:
    """What a backtest will read, and its price."""
    since = _day(inquiry.begin)
    yield f"{target}: up to {inquiry.most_starts} starts since {since}, one every {_hours(inquiry.every_hours)}"
    names: dict[str, list[str]] = {}
    for one in _series(inquiry):
        if one.name not in names.setdefault(one.namespace, []):
            names[one.namespace].append(one.name)
    yield from (_line("reads", f"{space}: {', '.join(found)}, since {_day(inquiry.start)}") for space, found in names.items())
    if inquiry.percentiles:
        found = ", ".join(inquiry.percentiles)
        yield _line("limits", f"{found} by the hour, and of each start the requests above its own limits")
    price = f"${inquiry.most['most_dollars']:.3f} at list prices"
    yield _line("price", f"up to {inquiry.most_metrics:,} metrics of GetMetricData, {price}")


def lines_of_backtest(found: Backtest) -> Iterator[str]:
    """What would have come of it: base's past first, then each policy."""
    if found.first_at is None or found.requests_per_minute is None:
        yield f"{found.target}: base has no minute with requests, so nothing can be replayed"
        return
    since, until = _day(found.first_at), _day(found.last_at or 0)
    yield f"{found.target}: {_starts(found.starts)} on base's own minutes of {since} to {until}"
    failed = "" if found.error_rate is None else f", {100 * found.error_rate:.2g} % of them failed"
    yield _line("traffic", f"{found.requests_per_minute:,.1f} requests per minute{failed}")
    if found.minutes_without_data:
        yield _line("missing", f"{found.minutes_without_data:,} minutes had no data: no request, or nothing that counted them")
    if found.is_stage:
        yield _line("source", SOURCE)
    yield _line("compared", ", ".join(found.compared) or "nothing")
    yield from (_line("left out", one) for one in found.not_replayed)
    if found.young_starts:
        yield _line("young", f"{_starts(found.young_starts)} had less than a day of history, and judged more cautiously")
    if found.starts_without_history:
        yield _line("left out", f"{_starts(found.starts_without_history)}, because base had too little history by then")
    for one in found.policies:
        yield from _of_policy(one, found.lost_share)
    yield from (_line("note", note) for note in found.notes)


def _of_policy(one: PolicyFigures, lost_share: float | None) -> Iterator[str]:
    yield ""
    if not one.replayed or one.false_share is None:
        lasts = in_minutes(one.longest_minutes)
        yield f"{one.policy}: no figures, for no start has both a history and {lasts} of data, which a rollout may last"
        return
    yield f"{one.policy}: {one.rolled_back} of {one.replayed} good releases rolled back ({100 * one.false_share:.2g} %)"
    if one.rolled_back:
        by = f", {one.by_alarms} of them by an alarm" if one.by_alarms else ""
        yield _line("false", f"at {spans_of(one.false_hours)}{by}")
    if one.median_minutes is not None:
        yield _line("promoted", f"{one.promoted}, after {in_minutes(one.median_minutes)} in the median")
    if one.held:
        yield _line("held", f"{one.held} for too little traffic, at {spans_of(one.held_hours)}")
    if one.cut_off:
        yield _line(
            "left out", f"{_starts(one.cut_off)}: a rollout may last {in_minutes(one.longest_minutes)}, beyond the data"
        )
    yield from _table([HEADS, *(_cells(fault, lost_share) for fault in one.faults)])


def _cells(one: FaultFigures, lost_share: float | None) -> tuple[str, ...]:
    name = f"{one.fault.value} (1 of {1 / lost_share:.0f})" if lost_share and one.fault is Fault.LOST_ROUTE else one.fault.value
    times = ("-" if minutes is None else in_minutes(minutes) for minutes in (one.median_minutes, one.most_minutes))
    return (name, f"{one.caught} of {one.replayed}", *times, str(one.promoted), str(one.held))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _series(inquiry: Inquiry) -> Iterator[Series]:
    for past in (inquiry.own, inquiry.stage):
        if past:
            yield from sorted((*past.series, *past.latency), key=lambda one: one.name)


def _starts(count: int) -> str:
    return "1 start" if count == 1 else f"{count:,} starts"


def _hours(hours: int) -> str:
    return "hour" if hours == 1 else f"{hours} hours"


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _line(name: str, text: str) -> str:
    return f"  {name:<{WIDTH}}{text}"
