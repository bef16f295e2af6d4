"""The access log that the arms are counted from: the line to write, and the metric filters that read it.

Decides which request counts for which arm: the canary's are those that say so, the base's all others, since the stage says
neither while it has no canary (docs/aws.md#is-canary-request). Numbers stand without quotes, so that filters can compare
and publish them; what may be missing stands in quotes, because API Gateway writes "-" for it. Does not know who writes the
line or runs the filters.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FIELDS = (
    ("requestId", '"$context.requestId"'),
    ("extendedRequestId", '"$context.extendedRequestId"'),
    ("deploymentId", '"$context.deploymentId"'),
    ("stage", '"$context.stage"'),
    ("isCanary", '"$context.isCanaryRequest"'),
    ("httpMethod", '"$context.httpMethod"'),
    ("resourcePath", '"$context.resourcePath"'),
    ("status", "$context.status"),
    ("responseLatency", "$context.responseLatency"),
    ("integrationLatency", '"$context.integrationLatency"'),
    ("integrationStatus", '"$context.integrationStatus"'),
    ("errorResponseType", '"$context.error.responseType"'),
)

LOG_FORMAT = "{" + ",".join(f'"{name}":{value}' for name, value in _FIELDS) + "}"
"""The access-log format, one JSON line a request."""

_READ_BY_FILTERS = ("isCanary", "status", "responseLatency", "integrationLatency", "integrationStatus")
_REQUEST_IDS = ("$context.requestId", "$context.extendedRequestId")
_LONGEST_FORMAT = 3_000
_VARIABLE = re.compile(r"\$context(?:\.\w+)+")
_FIRST_SAMPLE = 900_000_001

_CANARY = '$.isCanary = "true"'
_BASE = '$.isCanary != "true"'
_IS_ERROR = "$.status >= 500"
# Lambda's status is there although the function raised, the latency although the status is not: either tells that base
# code ran. A drain that takes "-" for something else waits in vain and goes back, which is the safe error.
_IS_INTEGRATED = '($.integrationLatency != "-" || $.integrationStatus != "-")'


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """One metric filter; ``value`` is a constant or a selector, ``default`` what a minute without a match counts."""

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


def metric_filters(target_name: str, latency_limits_ms: Sequence[int] = ()) -> tuple[MetricFilter, ...]:
    """The filters of a target's access-log group, two more for each fixed latency limit in milliseconds."""
    return tuple(
        MetricFilter(
            name=f"canary-{target_name}-{metric}",
            pattern=f"{{ {condition} }}",
            namespace=metric_namespace(target_name),
            metric=metric,
            value=value,
            default=0.0 if value == "1" else None,
        )
        for metric, condition, value in _measures(latency_limits_ms)
    )


def find_misfit(log_format: str) -> str | None:
    """Why the filters could not read lines of this format, None if they can; other fields beside ours do no harm."""
    if "\n" in log_format.strip():
        return "the access-log format has several lines; write it as one"
    if len(log_format) > _LONGEST_FORMAT:
        return f"the access-log format has {len(log_format)} characters; API Gateway takes {_LONGEST_FORMAT}"
    if not any(name in _VARIABLE.findall(log_format) for name in _REQUEST_IDS):
        return "the access-log format has neither $context.requestId nor $context.extendedRequestId; add one"
    variables = list(dict.fromkeys(_VARIABLE.findall(log_format)))
    samples = {variable: str(_FIRST_SAMPLE + number) for number, variable in enumerate(variables)}
    try:
        line = json.loads(_VARIABLE.sub(lambda match: samples[match[0]], log_format))
    except ValueError:
        return "a line of the access-log format is no JSON; write it as a JSON object with the variables as values"
    if not isinstance(line, dict):
        return "a line of the access-log format is no JSON object; put it in braces"
    return next(_misfits(line, samples), None)


def _measures(latency_limits_ms: Sequence[int]) -> Iterator[tuple[str, str, str]]:
    for arm, condition in (("Canary", _CANARY), ("Base", _BASE)):
        yield f"{arm}Requests", condition, "1"
        yield f"{arm}Errors", f"{condition} && {_IS_ERROR}", "1"
        yield f"{arm}Latency", condition, "$.responseLatency"
        for limit in latency_limits_ms:
            yield f"{arm}Slow{limit}", f"{condition} && $.responseLatency > {limit}", "1"
    yield "BaseIntegrated", f"{_BASE} && {_IS_INTEGRATED}", "1"


def _misfits(line: dict[str, object], samples: dict[str, str]) -> Iterator[str]:
    for name, value in _FIELDS:
        if name not in _READ_BY_FILTERS:
            continue
        sample = samples.get(value.strip('"'))
        is_quoted = value.startswith('"')
        expected = sample if is_quoted or sample is None else int(sample)
        if sample is None or line.get(name) != expected:
            how = "in quotes" if is_quoted else "without quotes"
            yield f'the access-log format needs {name} as {value.strip(chr(34))} {how}; write "{name}":{value}'
