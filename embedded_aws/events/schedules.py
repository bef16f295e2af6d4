"""Schedule expressions, ``rate(...)`` and ``cron(...)``: when a schedule is due next.

All times are epoch seconds. A cron has the fields minutes, hours, day of month, month, day of week and year, and is
accurate to a minute. Rules are in UTC (docs/aws.md#rule-schedules), schedules in a time zone
(docs/aws.md#schedule-types). What happens at those times is decided elsewhere.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((.*)\)")
_LAST_YEAR = 2199


class ScheduleError(ValueError):
    """An expression that EventBridge would refuse."""


def parse_schedule(expression: str, zone: tzinfo = UTC) -> Callable[[float], float | None]:
    """A function that gives the schedule's next time after a time, or None if there is no further one.

    Raises:
        ScheduleError: the expression is neither a rate nor a cron that EventBridge accepts.

    """
    period = parse_rate(expression)
    if period is not None:
        return lambda after: after + period
    if (cron := _CRON.fullmatch(expression)) and len(cron[1].split()) == 6:  # noqa: PLR2004 - cron has six fields
        return _Cron.parse(*cron[1].split(), zone=zone).next_after
    raise ScheduleError(f"{expression!r} is not a schedule; write it like rate(5 minutes) or cron(0 12 ? * MON-FRI *)")


def parse_rate(expression: str) -> int | None:
    """The seconds between two times of a rate; None for any other expression.

    Raises:
        ScheduleError: the expression is a rate that EventBridge rejects.

    """
    rate = _RATE.fullmatch(expression)
    if rate is None:
        return None
    count, unit, plural = int(rate[1]), rate[2], bool(rate[3])
    if count < 1 or plural == (count == 1):
        raise ScheduleError(f"{expression!r} is not a rate; write it like rate(1 minute) or rate(5 minutes)")
    return count * _UNITS[unit]


def epoch_of(wall: datetime, zone: tzinfo) -> float | None:
    """The epoch second of a local time: the first one where clocks go back, None where they skip it."""
    at = wall.replace(tzinfo=zone).timestamp()
    return at if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == wall else None


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    month_days: str
    weekdays: str
    zone: tzinfo

    @classmethod
    def parse(cls, minutes: str, hours: str, month_days: str, months: str, weekdays: str, years: str, *, zone: tzinfo) -> _Cron:
        if (month_days == "?") == (weekdays == "?"):
            raise ScheduleError(f"cron needs ? in day of month or in day of week, got {month_days} and {weekdays}")
        return cls(
            frozenset(_numbers(minutes, 0, 59)),
            frozenset(_numbers(hours, 0, 23)),
            frozenset(_numbers(months, 1, 12, _MONTHS)),
            frozenset(_numbers(years, 1970, _LAST_YEAR)),
            month_days,
            weekdays,
            zone,
        )

    def next_after(self, after: float) -> float | None:
        """The first minute after ``after`` that all fields match.

        A local time that the zone's clocks skip is left out; one that occurs twice counts once.
        """
        start = datetime.fromtimestamp(after, self.zone).replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=1)
        for day in self._days(start):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    moment = day.replace(hour=hour, minute=minute)
                    at = epoch_of(moment, self.zone) if moment >= start else None
                    if at is not None and at > after:
                        return at
        return None

    def _days(self, start: datetime) -> Iterator[datetime]:
        for year in sorted(each for each in self.years if each >= start.year):
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(self._days_in(year, month)):
                    yield datetime(year, month, day)  # noqa: DTZ001 - a day of the local calendar

    def _days_in(self, year: int, month: int) -> set[int]:
        last = calendar.monthrange(year, month)[1]
        if self.weekdays == "?":
            return {day for part in self.month_days.split(",") for day in _month_days(part, year, month, last)}
        return {day for part in self.weekdays.split(",") for day in _weekdays(part, year, month, last)}


def _numbers(text: str, lowest: int, highest: int, names: Sequence[str] = ()) -> set[int]:
    """The numbers that a cron field matches: ``*``, lists, ranges, steps, names."""
    return {number for part in text.split(",") for number in _part(part, lowest, highest, names)}


def _part(part: str, lowest: int, highest: int, names: Sequence[str]) -> range:
    span, _, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span in {"*", "?"}:
        start, end = lowest, highest
    else:
        start = _number(first, lowest, highest, names)
        end = _number(last, lowest, highest, names) if dash else (highest if step else start)
    return range(start, end + 1, _number(step, 1, highest, ()) if step else 1)


def _number(text: str, lowest: int, highest: int, names: Sequence[str]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + lowest
    if not text.isdigit() or not lowest <= int(text) <= highest:
        raise ScheduleError(f"{text!r} is not a number from {lowest} to {highest}; fix the cron")
    return int(text)


def _month_days(part: str, year: int, month: int, last: int) -> set[int]:
    """Days of one month: ``L`` is the last, ``15W`` the weekday nearest to the 15th."""
    if part == "L":
        return {last}
    if part.endswith("W"):
        return {_nearest_weekday(year, month, min(_number(part[:-1], 1, 31, ()), last), last)}
    return {day for day in _part(part, 1, 31, ()) if day <= last}


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _weekdays(part: str, year: int, month: int, last: int) -> set[int]:
    """Days of one month by weekday; 1 is Sunday, ``6L`` the last Friday and ``6#3`` the third."""
    name, hash_, which = part.partition("#")
    if hash_ or (part.endswith("L") and part != "L"):
        weekday = _number(name.removesuffix("L"), 1, 7, _WEEKDAYS)
        days = [day for day in range(1, last + 1) if _aws_weekday(year, month, day) == weekday]
        position = _number(which, 1, 5, ()) if hash_ else len(days)
        return set(days[position - 1 : position])
    wanted = {7} if part == "L" else set(_part(part, 1, 7, _WEEKDAYS))
    return {day for day in range(1, last + 1) if _aws_weekday(year, month, day) in wanted}


def _aws_weekday(year: int, month: int, day: int) -> int:
    return (calendar.weekday(year, month, day) + 1) % 7 + 1
