"""Metric math's values, and what its operators do to numbers, time series and arrays of time series.

Decides what happens where a point is missing: next to a point that is present it counts as 0. A division by zero drops
the point (docs/aws.md#metric-math). A time series is a dict from the start of a period to its value, oldest first.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Series = dict[int, float]
Value = float | str | Series | list[Series]

DROPPED = math.nan  # marks a point that cannot be computed; no NaN ever stays in a series


class MathError(ValueError):
    """An expression that metric math rejects."""


@dataclass(frozen=True, slots=True)
class World:
    """What an expression is computed on: values by id, the metrics' ids in order, the starts of the range's periods."""

    values: Mapping[str, Value]
    metric_ids: Sequence[str]
    grid: Sequence[int]
    period: int

    def value_of(self, name: str) -> Value:
        """The series or result with this id."""
        if name not in self.values:
            raise MathError(f"no metric or expression has the id {name!r}")
        return self.values[name]


Operator = Callable[[Value, Value], Value]


def one(value: Value) -> Series:
    """The value, which must be one time series."""
    if isinstance(value, dict):
        return value
    raise MathError("a time series is needed here")


def many(value: Value) -> list[Series]:
    """The value, which must be an array of time series."""
    if isinstance(value, list):
        return value
    raise MathError("an array of time series is needed here")


def negate(value: Value) -> Value:
    """The value with its sign changed."""
    return each(operator.neg, value)


def _divide(left: float, right: float) -> float:
    return left / right if right else DROPPED


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        return DROPPED


def kept(points: Iterable[tuple[int, float]]) -> Series:
    """Only the points that could be computed."""
    return {at: value for at, value in points if math.isfinite(value)}


def each(function: Callable[[float], float], value: Value) -> Value:
    """Apply the function to a number, or to every point."""
    match value:
        case float():
            return function(value)
        case dict():
            return kept((at, function(number)) for at, number in value.items())
        case list():
            return [kept((at, function(number)) for at, number in series.items()) for series in value]
    raise MathError(f"a number or a time series is needed, got {value!r}")


def _both(function: Callable[[float, float], float]) -> Operator:
    """The operator, applied to numbers or point by point to series; a point missing on one side counts as 0."""

    def combine(left: Value, right: Value) -> Value:
        match left, right:
            case dict(), dict():
                times = left if left.keys() == right.keys() else sorted(left.keys() | right.keys())
                return kept((at, function(left.get(at, 0.0), right.get(at, 0.0))) for at in times)
            case _, float():
                return each(lambda number: function(number, right), left)
            case float(), _:
                return each(lambda number: function(left, number), right)
            case list(), dict():
                return [one(combine(series, right)) for series in left]
            case dict(), list():
                return [one(combine(left, series)) for series in right]
        raise MathError("an operator takes numbers, time series, or one array with a number or a time series")

    return combine


def _compare(function: Callable[[float, float], bool]) -> Operator:
    return _both(lambda left, right: float(function(left, right)))


OPERATORS: dict[str, Operator] = {
    "+": _both(operator.add),
    "-": _both(operator.sub),
    "*": _both(operator.mul),
    "/": _both(_divide),
    "^": _both(_power),
    "==": _compare(operator.eq),
    "!=": _compare(operator.ne),
    "<": _compare(operator.lt),
    "<=": _compare(operator.le),
    ">": _compare(operator.gt),
    ">=": _compare(operator.ge),
    "&&": _compare(lambda left, right: bool(left and right)),
    "||": _compare(lambda left, right: bool(left or right)),
}
OPERATORS["AND"] = OPERATORS["&&"]
OPERATORS["OR"] = OPERATORS["||"]
