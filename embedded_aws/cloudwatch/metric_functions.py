"""Metric math's functions.

Decides what each function makes of its arguments, above all of missing points: IF drops a point whose condition is
missing, and FILL gives a point to every period of the range (docs/aws.md#metric-math-if).
"""

import math
import statistics as numbers
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from embedded_aws.cloudwatch.metric_algebra import DROPPED, MathError, Series, Value, World, each, kept, many, one

Function = Callable[[World, Sequence[Value]], Value]

CONSTANTS = {"REPEAT": "REPEAT", "LINEAR": "LINEAR"}
"""Words that cannot be ids."""

NOT_BUILT = frozenset(
    {
        "ANOMALY_DETECTION_BAND",
        "DATE",
        "DAY",
        "DB_PERF_INSIGHTS",
        "DIFF_TIME",
        "EPOCH",
        "HOUR",
        "INSIGHT_RULE_METRIC",
        "LAMBDA",
        "MINUTE",
        "MONTH",
        "SEARCH",
        "SERVICE_QUOTA",
        "SLICE",
        "SORT",
        "YEAR",
    }
)
"""Functions that CloudWatch has and the embedded AWS does not."""


def _arguments(name: str, least: int, most: int) -> Callable[[Function], Function]:
    """Check the number of arguments before calling the function."""

    def wrap(function: Function) -> Function:
        def checked(world: World, arguments: Sequence[Value]) -> Value:
            if least <= len(arguments) <= most:
                return function(world, arguments)
            raise MathError(f"{name} takes {least} to {most} arguments, got {len(arguments)}")

        return checked

    return wrap


def _pointwise(function: Callable[[float], float]) -> Function:
    return lambda _, arguments: each(function, arguments[0])


def _along(function: Callable[[Series], Series]) -> Function:
    """A function of one series, applied to each series of an array."""

    def apply(_: World, arguments: Sequence[Value]) -> Value:
        value = arguments[0]
        return [function(series) for series in value] if isinstance(value, list) else function(one(value))

    return apply


def _aggregate(function: Callable[[Sequence[float]], float], *, missing_is_zero: bool = False) -> Function:
    """One number from a series; from an array, one series with a number for each time at which any series has a point."""

    def apply(_: World, arguments: Sequence[Value]) -> Value:
        value = arguments[0]
        if not isinstance(value, list):
            return _number(function, list(one(value).values()))
        times = sorted({at for series in value for at in series})
        return kept((at, function(list(_points_at(value, at, missing_is_zero=missing_is_zero)))) for at in times)

    return apply


def _number(function: Callable[[Sequence[float]], float], points: Sequence[float]) -> float:
    try:
        return float(function(points))
    except ValueError:  # no points still have a sum and a count, but no mean and no maximum
        return DROPPED


def _points_at(array: Sequence[Series], at: int, *, missing_is_zero: bool) -> Iterator[float]:
    for series in array:
        if at in series:
            yield series[at]
        elif missing_is_zero:
            yield 0.0


def _metrics(world: World, arguments: Sequence[Value]) -> Value:
    part = arguments[0] if arguments else ""
    if not isinstance(part, str):
        raise MathError("METRICS takes a quoted text that is part of an id")
    return [one(world.values[name]) for name in world.metric_ids if part in name]


def _fill(world: World, arguments: Sequence[Value]) -> Value:
    value, filler = arguments
    if isinstance(value, list):
        return [_filled(world, series, filler) for series in value]
    return _filled(world, one(value), filler)


def _filled(world: World, series: Series, filler: Value) -> Series:
    match filler:
        case "REPEAT":
            return _repeated(world.grid, series)
        case "LINEAR":
            return _interpolated(world, series)
        case float():
            return kept((at, series.get(at, filler)) for at in world.grid)
        case dict():
            return {at: value for at in world.grid if (value := series.get(at, filler.get(at))) is not None}
    raise MathError("FILL takes a number, a time series, REPEAT or LINEAR as its second argument")


def _repeated(grid: Sequence[int], series: Series) -> Series:
    filled: Series = {}
    last: float | None = None
    for at in grid:
        last = series.get(at, last)
        if last is not None:
            filled[at] = last
    return filled


def _interpolated(world: World, series: Series) -> Series:
    filled = dict(series)
    for (start, before), (end, after) in pairwise(series.items()):
        for at in range(start + world.period, end, world.period):
            filled[at] = before + (after - before) * (at - start) / (end - start)
    return dict(sorted(filled.items()))


def _if(_: World, arguments: Sequence[Value]) -> Value:
    condition, chosen = arguments[0], arguments[1]
    other = arguments[2] if len(arguments) > 2 else None  # noqa: PLR2004 (the third argument)
    if isinstance(condition, float):
        return chosen if condition else other if other is not None else {}
    otherwise = _branch(other, missing=0.0 if isinstance(chosen, dict) else DROPPED)
    then = _branch(chosen, missing=0.0)
    return kept((at, then(at) if test else otherwise(at)) for at, test in one(condition).items())


def _branch(value: Value | None, *, missing: float) -> Callable[[int], float]:
    match value:
        case None:
            return lambda _: DROPPED
        case float():
            return lambda _: value
        case dict():
            return lambda at: value.get(at, missing)
    raise MathError("IF takes numbers and time series")


def _differences(series: Series) -> Series:
    return {at: value - before for (_, before), (at, value) in pairwise(series.items())}


def _rates(series: Series) -> Series:
    return {at: (value - before) / (at - start) for (start, before), (at, value) in pairwise(series.items())}


def _running_sums(series: Series) -> Series:
    total = 0.0
    return {at: (total := total + value) for at, value in series.items()}


def _logarithm(function: Callable[[float], float]) -> Function:
    return _pointwise(lambda number: function(number) if number > 0 else DROPPED)


def _constant_series(world: World, arguments: Sequence[Value]) -> Value:
    number = arguments[0]
    if not isinstance(number, float):
        raise MathError("TIME_SERIES takes a number")
    return kept((at, number) for at in world.grid)


FUNCTIONS: dict[str, Function] = {
    name: _arguments(name, least, most)(function)
    for name, least, most, function in (
        ("ABS", 1, 1, _pointwise(abs)),
        ("AVG", 1, 1, _aggregate(numbers.fmean, missing_is_zero=True)),
        ("CEIL", 1, 1, _pointwise(lambda number: float(math.ceil(number)))),
        ("DATAPOINT_COUNT", 1, 1, _aggregate(len)),
        ("DIFF", 1, 1, _along(_differences)),
        ("FILL", 2, 2, _fill),
        ("FIRST", 1, 1, lambda _, arguments: many(arguments[0])[0]),
        ("FLOOR", 1, 1, _pointwise(lambda number: float(math.floor(number)))),
        ("IF", 2, 3, _if),
        ("LAST", 1, 1, lambda _, arguments: many(arguments[0])[-1]),
        ("LOG", 1, 1, _logarithm(math.log)),
        ("LOG10", 1, 1, _logarithm(math.log10)),
        ("MAX", 1, 1, _aggregate(max)),
        ("METRICS", 0, 1, _metrics),
        ("METRIC_COUNT", 1, 1, lambda _, arguments: float(len(many(arguments[0])))),
        ("MIN", 1, 1, _aggregate(min)),
        ("PERIOD", 1, 1, lambda world, _: float(world.period)),
        ("RATE", 1, 1, _along(_rates)),
        ("REMOVE_EMPTY", 1, 1, lambda _, arguments: [series for series in many(arguments[0]) if series]),
        ("RUNNING_SUM", 1, 1, _along(_running_sums)),
        ("STDDEV", 1, 1, _aggregate(numbers.pstdev)),
        ("SUM", 1, 1, _aggregate(sum)),
        ("TIME_SERIES", 1, 1, _constant_series),
    )
}
