"""PutMetricData: which data CloudWatch accepts into its metrics, and which it refuses.

Decides which combinations of values are valid. The messages are AWS's own (docs/aws.md#put-metric-data).
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from embedded_aws.cloudwatch.metric_store import NO_UNIT, MetricStore, identify
from embedded_aws.cloudwatch.samples import StatisticSet
from embedded_aws.time.timestamps import epoch_of
from embedded_aws.wire.refusal import RefusalError, invalid_combination, invalid_value

_MOST_VALUES = 150
_MOST_DIMENSIONS = 30
_TWO_HOURS = 7_200
_TWO_WEEKS = 14 * 86_400
_FIGURES = ("SampleCount", "Sum", "Minimum", "Maximum")


def put_metric_data(store: MetricStore, now: Callable[[], float], request: Mapping[str, Any]) -> None:
    """Store every datum of the request, or none."""
    data: Sequence[Mapping[str, Any]] = request.get("MetricData") or ()
    for number, datum in enumerate(data, start=1):
        _check(datum, f"MetricData.member.{number}", now())
    for datum in data:
        _put(store, request["Namespace"], datum, now())


def _put(store: MetricStore, namespace: str, datum: Mapping[str, Any], now: float) -> None:
    at = epoch_of(datum.get("Timestamp") or now)
    unit = datum.get("Unit") or NO_UNIT
    metric = identify(namespace, datum["MetricName"], [(d["Name"], d["Value"]) for d in datum.get("Dimensions") or ()])
    figures = datum.get("StatisticValues")
    if figures:
        count, total, lowest, highest = (float(figures[name]) for name in _FIGURES)
        store.put_set(metric, at, StatisticSet(count, total, lowest, highest), unit=unit)
        return
    values = [float(value) for value in datum.get("Values") or [datum.get("Value", 0.0)]]
    counts = [float(count) for count in datum["Counts"]] if datum.get("Counts") else None
    store.put(*metric, at, values, counts, unit=unit)


def _check(datum: Mapping[str, Any], name: str, now: float) -> None:
    _check_combination(datum, name)
    _check_numbers(datum, name)
    _check_age(datum, name, now)
    if len(datum.get("Dimensions") or ()) > _MOST_DIMENSIONS:
        raise invalid_value(f"The collection {name}.Dimensions must not have a size greater than {_MOST_DIMENSIONS}.")


def _check_combination(datum: Mapping[str, Any], name: str) -> None:
    for other in ("Values", "StatisticValues"):
        if datum.get("Value") is not None and datum.get(other):
            raise invalid_combination(
                f"The parameters {name}.Value and {name}.{other} are mutually exclusive and you have specified both."
            )
    if datum.get("Counts") and len(datum["Counts"]) != len(datum.get("Values") or ()):
        raise invalid_value(f"The parameters {name}.Values and {name}.Counts must be of the same size.")
    missing = [figure for figure in _FIGURES if datum.get("StatisticValues") and figure not in datum["StatisticValues"]]
    if missing:
        raise RefusalError("MissingParameter", f"The parameter {name}.StatisticValues.{missing[0]} is required.")


def _check_numbers(datum: Mapping[str, Any], name: str) -> None:
    values = datum.get("Values") or ()
    if len(values) > _MOST_VALUES:
        raise invalid_value(f"The collection {name}.Values must not have a size greater than {_MOST_VALUES}.")
    for value in (*values, datum.get("Value", 0.0)):
        if not isfinite(value):
            raise invalid_value(f"The value {value} for parameter {name}.Value is invalid.")


def _check_age(datum: Mapping[str, Any], name: str, now: float) -> None:
    at = epoch_of(datum.get("Timestamp") or now)
    if at > now + _TWO_HOURS:
        raise invalid_value(f"The parameter {name}.Timestamp must specify a time no more than two hours in the future.")
    if at < now - _TWO_WEEKS:
        raise invalid_value(f"The parameter {name}.Timestamp must specify a time within the past two weeks.")
