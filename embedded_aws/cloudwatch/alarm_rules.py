"""Which state an alarm is in: CloudWatch's rules for M out of N and for missing data.

Decides the state from the points of the evaluation range, which is longer than the evaluation periods. Where recent points are
missing, older real points are used first; only the rest is filled as TreatMissingData says (docs/aws.md#alarm-missing-data).
Knows no metrics, no clock and no names.
"""

import enum
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

EXTRA_PERIODS = 2
"""How many periods the evaluation range reaches back beyond the evaluation periods."""


class State(enum.StrEnum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(enum.StrEnum):
    """How a missing point counts: the values of TreatMissingData."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class Comparison(enum.StrEnum):
    """How a point is compared with the threshold."""

    GREATER = "GreaterThanThreshold"
    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"

    def breaches(self, value: float, threshold: float) -> bool:
        """Whether the value breaches the threshold."""
        return _COMPARE[self](value, threshold)


_COMPARE: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One real data point: the start of its period, its value, and whether it breaches."""

    at: int
    value: float
    is_breaching: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome: the new state (None keeps the old one), the points used (newest first), and the number of filled periods."""

    state: State | None
    points: tuple[Point, ...]
    filled: int


def evaluate(recent: Sequence[Point | None], *, periods: int, datapoints: int, missing: Missing) -> Evaluation:
    """The state that follows from the evaluation range; ``recent`` is oldest first, with None where data is missing.

    ``periods`` is N and ``datapoints`` is M: the alarm fires when M of the N points breach.
    """
    newest_first = [point for point in reversed(recent) if point is not None]
    if len(newest_first) >= periods:
        used = tuple(newest_first[:periods])
        return Evaluation(_state_of(used, datapoints), used, 0)
    used = tuple(newest_first)
    return Evaluation(_state_with_gaps(recent, used, periods, datapoints, missing), used, periods - len(used))


def _state_of(used: Sequence[Point], datapoints: int, *, filled_as_breaching: int = 0) -> State:
    breaching = sum(point.is_breaching for point in used) + filled_as_breaching
    return State.ALARM if breaching >= datapoints else State.OK


def _state_with_gaps(
    recent: Sequence[Point | None], used: Sequence[Point], periods: int, datapoints: int, missing: Missing
) -> State | None:
    if _state_of(used, datapoints) is State.ALARM:
        return State.ALARM
    only_breaching = all(point.is_breaching for point in used)
    match missing:
        case Missing.BREACHING:
            return _state_of(used, datapoints, filled_as_breaching=periods - len(used))
        case Missing.NOT_BREACHING:
            return State.OK
        case Missing.IGNORE:
            return None if only_breaching else State.OK
        case Missing.MISSING:
            if not used:
                return State.INSUFFICIENT_DATA
            is_old_enough = only_breaching and _age_of_oldest(recent) >= datapoints
            return State.ALARM if is_old_enough else State.OK
    assert_never(missing)


def _age_of_oldest(recent: Sequence[Point | None]) -> int:
    """The age in periods of the oldest real point in the range; the newest period is 1."""
    oldest = next(place for place, point in enumerate(recent) if point is not None)
    return len(recent) - oldest
