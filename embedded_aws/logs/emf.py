"""The embedded metric format: metrics written inside a JSON log line.

Decides which metrics a line carries. A directive that violates the specification yields no metrics
(docs/aws.md#embedded-metrics). The rest of the line is ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_aws.cloudwatch.metric_store import NO_UNIT, Metric, identify

MARK = '"_aws"'
"""What every line of the format contains; a line without it is not parsed."""

_MOST_METRICS = 100
_MOST_DIMENSIONS = 30
_MOST_VALUES = 100
_MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class EmbeddedMetric:
    """One metric with its values and its time in epoch seconds."""

    metric: Metric
    at: float
    values: tuple[float, ...]
    unit: str


def embedded_metrics(event: Mapping[str, Any], at: float) -> Iterator[EmbeddedMetric]:
    """The metrics of a parsed line that was logged at the epoch second `at`."""
    metadata = event.get("_aws")
    if not isinstance(metadata, dict):
        return
    stamp = metadata.get("Timestamp")
    moment = stamp / _MILLISECONDS if isinstance(stamp, (int, float)) else at
    for directive in metadata.get("CloudWatchMetrics") or ():
        yield from _of_directive(event, directive, moment)


def _of_directive(event: Mapping[str, Any], directive: Mapping[str, Any], at: float) -> Iterator[EmbeddedMetric]:
    namespace, definitions = directive.get("Namespace"), directive.get("Metrics") or ()
    if not namespace or len(definitions) > _MOST_METRICS:
        return
    for keys in directive.get("Dimensions") or ((),):
        dimensions = _dimensions(event, keys)
        if dimensions is None:
            continue
        for definition in definitions:
            values = _values(event.get(definition.get("Name")))
            if values:
                metric = identify(namespace, definition["Name"], dimensions)
                yield EmbeddedMetric(metric, at, values, definition.get("Unit") or NO_UNIT)


def _dimensions(event: Mapping[str, Any], keys: Sequence[str]) -> dict[str, str] | None:
    if len(keys) > _MOST_DIMENSIONS:
        return None
    found = {key: event.get(key) for key in keys}
    texts = {key: value for key, value in found.items() if isinstance(value, str)}
    return texts if len(texts) == len(found) else None


def _values(node: object) -> tuple[float, ...]:
    nodes = node if isinstance(node, list) else [node]
    numbers = [float(one) for one in nodes if isinstance(one, (int, float)) and not isinstance(one, bool)]
    return tuple(numbers) if len(numbers) == len(nodes) <= _MOST_VALUES else ()
