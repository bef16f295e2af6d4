"""The metric filters that count both arms in the stage's access log.

Decides which request counts for which arm: lines that say so are the canary's, all others are base's, because a stage without a
canary says neither (docs/aws.md#is-canary-request). An arm's requests are those that were served; requests refused with 4xx
before any integration are counted separately. Several stages may share a log group, so only lines of the target's own API and
stage count, and no line of a route outside the rollout. This module does not know the line's format (`log_format`) or who runs
the filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.targets.log_format import LOG_FORMAT, find_misfit, find_untrusted_text
from canary.rules.targets.outside import inside_conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Stage, Target

__all__ = [
    "LOG_FORMAT",
    "LONGEST_PATTERN",
    "MOST_FILTERS",
    "MetricFilter",
    "filter_prefix",
    "find_long_pattern",
    "find_misfit",
    "find_untrusted_text",
    "metric_filters",
    "metric_namespace",
]

MOST_FILTERS = 100
"""Per log group (docs/aws.md#metric-filter-limits)."""

LONGEST_PATTERN = 1_024
"""Characters of one filter's pattern (docs/aws.md#metric-filter-limits)."""

_ARMS = {"Canary": '$.isCanary = "true"', "Base": '$.isCanary != "true"'}
_IS_ERROR = "$.status >= 500"
_IS_CLIENT_ERROR = "$.status >= 400 && $.status < 500"
# Lambda's status is present even if the function raised, and the latency even if the status is missing: either shows that
# base's code ran. If "-" ever meant something else, the drain would wait in vain and the rollout would roll back, which is the
# safe error.
_IS_INTEGRATED = '($.integrationLatency != "-" || $.integrationStatus != "-")'
# All answers except 4xx given before any integration. It is unknown for which arm those count
# (docs/aws.md#is-canary-of-refused-request), so they must not dilute either arm's rate of failures and slow answers.
_IS_SERVED = '($.integrationLatency != "-" || $.integrationStatus != "-" || $.status < 400 || $.status >= 500)'
_IS_REFUSED = '$.integrationLatency = "-" && $.integrationStatus = "-"'


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """One metric filter; ``value`` is a constant or a selector, ``default`` the count of a minute without a match."""

    name: str
    pattern: str
    namespace: str
    metric: str
    value: str
    default: float | None

    def put_arguments(self, log_group: str) -> dict[str, object]:
        """The keyword arguments of `logs.put_metric_filter`."""
        transformation: dict[str, object] = {
            "metricNamespace": self.namespace,
            "metricName": self.metric,
            "metricValue": self.value,
        }
        if self.default is not None:
            transformation["defaultValue"] = self.default
        return {
            "logGroupName": log_group,
            "filterName": self.name,
            "filterPattern": self.pattern,
            "metricTransformations": [transformation],
        }


def metric_namespace(target_name: str) -> str:
    """The namespace of a target's metric filters."""
    return f"Canary/{target_name}"


def filter_prefix(target_name: str) -> str:
    """The prefix of the names of a target's metric filters."""
    return f"canary-{target_name}-"


def metric_filters(target: Target) -> tuple[MetricFilter, ...]:
    """The filters of a target's access-log group; none if the target has no stage or no log."""
    if target.stage is None or target.access_log_group is None:
        return ()
    ours = _conditions_of(target.stage, target)
    return tuple(
        MetricFilter(
            name=f"{filter_prefix(target.name)}{metric}",
            pattern=f"{{ {' && '.join((*conditions, *ours))} }}",
            namespace=metric_namespace(target.name),
            metric=metric,
            value=value,
            default=0.0 if value == "1" else None,
        )
        for metric, conditions, value in _measures(target)
    )


def find_long_pattern(target: Target) -> str | None:
    """The filter whose pattern is longer than CloudWatch Logs accepts, with its length; None if all fit."""
    longest = max(metric_filters(target), key=lambda one: len(one.pattern), default=None)
    if longest is None or len(longest.pattern) <= LONGEST_PATTERN:
        return None
    return (
        f"the routes outside make the pattern of the metric filter {longest.name} {len(longest.pattern)} characters long; "
        f"CloudWatch Logs accepts {LONGEST_PATTERN}"
    )


def _conditions_of(stage: Stage, target: Target) -> tuple[str, ...]:
    """The conditions of every line that counts; they end each pattern, after the conditions that distinguish the lines."""
    return (
        f'$.apiId = "{stage.rest_api_id}"',
        f'$.stage = "{stage.stage_name}"',
        *inside_conditions(target.outside),
    )


def _measures(target: Target) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The metrics of both arms: name, conditions, and the value per line."""
    for arm, its in _ARMS.items():
        yield f"{arm}Requests", (its, _IS_SERVED), "1"
        yield f"{arm}Errors", (its, _IS_ERROR), "1"
        if target.metrics.client_errors:
            yield f"{arm}ClientErrors", (its, _IS_CLIENT_ERROR), "1"
            yield f"{arm}Refused", (its, _IS_CLIENT_ERROR, _IS_REFUSED), "1"
        yield f"{arm}Latency", (its, _IS_SERVED), "$.responseLatency"
        for limit in target.metrics.latency_limits_ms:
            yield f"{arm}Slow{limit}", (its, _IS_SERVED, f"$.responseLatency > {limit}"), "1"
    yield "BaseIntegrated", (_ARMS["Base"], _IS_INTEGRATED), "1"
