"""How the report writes figures, instants and durations.

A page is a pure function of its report, so the zone of its times is an argument: a function from an instant to a local time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import exp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canary.rules.reports.evidence_report import Estimate

LocalTime = Callable[[float], datetime]
"""The local time of an instant (epoch seconds)."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
MINUS = "\N{MINUS SIGN}"
EXPONENT_FROM = 14.0
"""Above this logarithm, some 1.2 million, evidence is written as a power of ten."""

LN_10 = 2.302585092994046


def in_utc(at: float) -> datetime:
    """The local time of a reader without a zone."""
    return datetime.fromtimestamp(at, UTC)


def lasting(seconds: float) -> str:
    """A duration for people: ``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < 2 * HOUR:
        return f"{whole // MINUTE} min"
    if whole < 2 * DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def clock(at: float, local: LocalTime) -> str:
    """The time of the day, to the minute: ``14:07``."""
    return local(at).strftime("%H:%M")


def day(at: float, local: LocalTime) -> str:
    """The day: ``2026-01-31``."""
    return local(at).strftime("%Y-%m-%d")


def moment(at: float, local: LocalTime) -> str:
    """An instant with its day and zone: ``2026-01-31 14:07:33 CET``."""
    return local(at).strftime("%Y-%m-%d %H:%M:%S %Z")


def span(first: float, last: float, local: LocalTime) -> str:
    """From when to when, with the zone; the second day only where it is another one."""
    to = clock(last, local) if day(first, local) == day(last, local) else f"{day(last, local)} {clock(last, local)}"
    return f"{day(first, local)} {clock(first, local)}\N{EN DASH}{to} {local(last).strftime('%Z')}"


def percent(rate: float) -> str:
    """A rate as percent, with two digits that count: ``2.9 %``, ``0.047 %``, ``12.4 %``."""
    value = 100 * rate
    return f"{value:.{_decimals(value)}f} %" if value else "0 %"


def points(difference: float, *, like: float | None = None) -> str:
    """A difference of rates in percentage points with its sign: ``+2.8``; ``like`` has the size that sets the decimals."""
    decimals = _decimals(100 * (difference if like is None else like))
    text = f"{100 * difference:+.{decimals}f}"
    return f"0.{'0' * decimals}" if not float(text) else text.replace("-", MINUS)


def interval_points(difference: Estimate) -> tuple[str, str, str]:
    """A difference and the ends of its interval, with the same decimals."""
    like = max(abs(difference.low), abs(difference.high), abs(difference.value)) / 2
    value, low, high = (points(one, like=like) for one in (difference.value, difference.low, difference.high))
    return value, low, high


def times(ratio: float) -> str:
    """How many times as often: ``58``, ``2.3``."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"  # noqa: PLR2004 - two digits count


def evidence(log_e: float) -> str:
    """Evidence from its natural logarithm, with two or three digits: ``137``, ``0.4``, ``10⁸``."""
    if log_e > EXPONENT_FROM:
        return power_of_ten(log_e)
    value = exp(log_e)
    if value >= 10:  # noqa: PLR2004 - whole numbers
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 0.095 else "< 0.1"  # noqa: PLR2004 - one decimal


def power_of_ten(log_e: float) -> str:
    """The power of ten that is nearest to evidence, from its natural logarithm: ``10⁸``."""
    return f"10{_raised(round(log_e / LN_10))}"


def weight(weight_percent: float) -> str:
    """A weight: ``25 %``."""
    return f"{weight_percent:g} %"


def plural(count: int, noun: str) -> str:
    """A count with its noun: ``1 look``, ``1,204 requests``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _decimals(value: float) -> int:
    """Decimals that leave two digits: none above 100, one above 1, and up to four below."""
    size = abs(value)
    bounds = ((99.95, 0), (0.995, 1), (0.0995, 2), (0.00995, 3))
    return next((decimals for least, decimals in bounds if size >= least), 4)


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
