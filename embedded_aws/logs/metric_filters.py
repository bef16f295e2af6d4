"""Metric filters: what a matching log line adds to which metric.

Decides which filters CloudWatch Logs accepts and what a filter extracts from a line. Messages about limits use AWS's own
words where they are recorded (docs/aws.md#metric-filter-limits).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_aws.cloudwatch.metric_store import NO_UNIT
from embedded_aws.logs.filter_pattern import Event, FilterPattern, parse_pattern
from embedded_aws.logs.json_selector import MISSING, SELECTOR, Select, compile_selector
from embedded_aws.wire.refusal import RefusalError

_MOST_DIMENSIONS = 3
_LONGEST_NAME = 512
_LONGEST_PATTERN = 1_024
_MOST_REGEXES = 2
_NAME = re.compile(r"[^:*]*")
_SELECTOR = re.compile(SELECTOR)
_RESERVED = "AWS/"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A metric filter of a log group, compiled.

    ``value`` is a constant or a selector. ``default`` is the value for a minute with lines but no match; None adds nothing.
    """

    name: str
    pattern: FilterPattern
    namespace: str
    metric: str
    value: float | Select
    default: float | None
    unit: str
    dimensions: tuple[tuple[str, Select], ...]
    created_at: float
    request: Mapping[str, Any]

    def describe(self, group: str) -> dict[str, Any]:
        """The filter as DescribeMetricFilters shows it."""
        return {
            "filterName": self.name,
            "filterPattern": self.pattern.text,
            "metricTransformations": [dict(self.request["metricTransformations"][0])],
            "creationTime": int(self.created_at * 1_000),
            "logGroupName": group,
            "applyOnTransformedLogs": bool(self.request.get("applyOnTransformedLogs")),
        }

    def take(self, event: Event | None) -> tuple[Dimensions, float] | None:
        """The dimensions and the value of a matching line; None if the line lacks one of them."""
        found = event or {}
        value = self.value if isinstance(self.value, float) else _number(self.value(found))
        dimensions = [(name, _dimension_text(select(found))) for name, select in self.dimensions]
        known = tuple((name, text) for name, text in dimensions if text is not None)
        return (known, value) if value is not None and len(known) == len(dimensions) else None


def parse_metric_filter(request: Mapping[str, Any], now: float) -> MetricFilter:
    """The filter in a PutMetricFilter request; RefusalError where CloudWatch Logs would refuse it."""
    name, text = request["filterName"], request.get("filterPattern") or ""
    check_length("filterName", name, _LONGEST_NAME)
    if not _NAME.fullmatch(name):
        raise constraint_error("filterName", name, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    check_length("filterPattern", text, _LONGEST_PATTERN)
    transformations: Sequence[Mapping[str, Any]] = request.get("metricTransformations") or ()
    if len(transformations) != 1:
        raise constraint_error(
            "metricTransformations", str(list(transformations)), "Member must have length less than or equal to 1"
        )
    transformation = transformations[0]
    dimensions = transformation.get("dimensions") or {}
    default = transformation.get("defaultValue")
    _check_dimensions(dimensions, default)
    if transformation["metricNamespace"].startswith(_RESERVED):
        raise RefusalError("InvalidParameterException", f"Metric namespaces starting with {_RESERVED} are reserved for AWS.")
    return MetricFilter(
        name=name,
        pattern=_parse_pattern(text),
        namespace=transformation["metricNamespace"],
        metric=transformation["metricName"],
        value=_parse_value(transformation["metricValue"]),
        default=None if default is None else float(default),
        unit=transformation.get("unit") or NO_UNIT,
        dimensions=tuple((key, compile_selector(selector)) for key, selector in dimensions.items()),
        created_at=now,
        request=request,
    )


def _parse_pattern(text: str) -> FilterPattern:
    pattern = parse_pattern(text)
    if pattern.regexes > _MOST_REGEXES:
        raise RefusalError(
            "InvalidParameterException",
            f"A filter pattern takes at most {_MOST_REGEXES} regular expressions, got {pattern.regexes}.",
        )
    return pattern


def check_length(parameter: str, value: str, longest: int) -> None:
    """Refuse a value that is too long, in AWS's words."""
    if len(value) > longest:
        raise constraint_error(parameter, value, f"Member must have length less than or equal to {longest}")


def constraint_error(parameter: str, value: str, constraint: str) -> RefusalError:
    """The refusal of a value that breaks a rule of the service's model, in AWS's words."""
    return RefusalError(
        "InvalidParameterException",
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {constraint}",
    )


def _check_dimensions(dimensions: Mapping[str, str], default: float | None) -> None:
    if len(dimensions) > _MOST_DIMENSIONS:
        raise RefusalError(
            "InvalidParameterException", f"A metric filter takes at most {_MOST_DIMENSIONS} dimensions, got {len(dimensions)}."
        )
    if not all(_SELECTOR.fullmatch(selector) for selector in dimensions.values()):
        raise RefusalError("InvalidParameterException", "Invalid metric transformation: dimension value must be valid selector")
    if dimensions and default is not None:
        raise RefusalError(
            "InvalidParameterException", "Invalid metric transformation: dimensions and default value are mutually exclusive."
        )


def _parse_value(text: str) -> float | Select:
    return float(text) if _NUMBER.fullmatch(text) else compile_selector(text)


def _dimension_text(node: object) -> str | None:
    if node is MISSING or isinstance(node, (dict, list)):
        return None
    return node if isinstance(node, str) else json.dumps(node)


def _number(node: object) -> float | None:
    return float(node) if isinstance(node, (int, float)) and not isinstance(node, bool) else None
