"""Whether CloudWatch Logs finds exactly the lines that the controller's filter patterns should match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.rules.targets.access_log import LOG_FORMAT, metric_filters
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Metrics, Outside, OutsideRoute, Stage, Target, TargetFunction
from embedded_aws.logs.filter_pattern import parse_pattern
from verify.questions.patch_question import PatchQuestion
from verify.scratch.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch.scratch import Scratch

AS_MEANT, OTHERWISE = "as-meant", "otherwise"
STAGE = Stage("a1b2c3d4e5", "prod", "lambdaAlias")
TARGET = Target(
    name="asked",
    functions=(TargetFunction("orders", "live", "canary"),),
    policy=STANDARD,
    stage=STAGE,
    access_log_group="asked",
    metrics=Metrics(latency_limits_ms=(800,)),
    outside=Outside(routes=(OutsideRoute("/legacy/*", ("GET",)),)),
)
"""A target with every kind of condition that a pattern can have."""
USUAL = {
    "requestId": "r",
    "extendedRequestId": "x",
    "integration.requestId": "f",
    "apiId": STAGE.rest_api_id,
    "stage": STAGE.stage_name,
    "deploymentId": "d1",
    "isCanaryRequest": "-",
    "httpMethod": "GET",
    "resourcePath": "/orders/{id}",
    "status": "200",
    "responseLatency": "27",
    "integrationLatency": "25",
    "integrationStatus": "200",
    "error.responseType": "-",
}
LINES: Mapping[str, Mapping[str, str]] = {
    "of base without a canary": {},
    "of base beside a canary": {"isCanaryRequest": "false"},
    "of the canary": {"isCanaryRequest": "true"},
    "a 500 of the canary": {"isCanaryRequest": "true", "status": "500"},
    "a 499 of base": {"status": "499"},
    "a 400 of the canary": {"isCanaryRequest": "true", "status": "400"},
    "a 399 of base": {"status": "399"},
    "at a latency limit": {"responseLatency": "800"},
    "above a latency limit": {"isCanaryRequest": "true", "responseLatency": "801"},
    "refused before its integration": {"status": "403", "integrationLatency": "-", "integrationStatus": "-"},
    "with a function that raised": {"status": "502", "integrationLatency": "-", "integrationStatus": "200"},
    "without numbers": {"status": "-", "responseLatency": "-"},
    "of another API": {"apiId": "zzzzzzzzzz"},
    "of another stage": {"stage": "production"},
    "of a route outside": {"resourcePath": "/legacy/orders"},
    "of another method of a route outside": {"resourcePath": "/legacy/orders", "httpMethod": "POST"},
    "of an unknown path": {"resourcePath": "-", "status": "403"},
}
"""The variables that differ from the usual ones, by what is special about the line."""


class MetricFilterPatterns(PatchQuestion):
    """Try every pattern of a target on lines as API Gateway writes them."""

    slug = "metric-filter-patterns"
    how = "pass the patterns of all metric filters of a target, and lines of its access log, to TestMetricFilter"
    parts = frozenset()

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        lines = {name: written(changes) for name, changes in LINES.items()}
        patterns = {each.metric: each.pattern for each in metric_filters(TARGET)}
        wrong = []
        for metric, pattern in patterns.items():
            answered = scratch.aws.call(
                "logs", "test_metric_filter", filterPattern=pattern, logEventMessages=list(lines.values())
            )
            found = {int(match["eventNumber"]) for match in answered["matches"]}
            wrong += _mistaken(metric, pattern, lines, found)
        evidence = f"{len(patterns)} patterns on {len(lines)} lines, {len(wrong)} not as expected"
        return Answer(OTHERWISE if wrong else AS_MEANT, (evidence, *wrong))


def written(changes: Mapping[str, str]) -> str:
    """A line of the access log. Longer names are replaced first, because some names begin with another name."""
    line = LOG_FORMAT
    for name, value in sorted({**USUAL, **changes}.items(), key=lambda item: -len(item[0])):
        line = line.replace(f"$context.{name}", value)
    return line


def _mistaken(metric: str, pattern: str, lines: Mapping[str, str], found: set[int]) -> list[str]:
    """The lines that were found but should not match, or the other way round; CloudWatch Logs counts lines from 1."""
    meant = parse_pattern(pattern)
    mistaken = []
    for number, (name, line) in enumerate(lines.items(), start=1):
        is_meant = meant.matches(line, _event(line))
        if is_meant is not (number in found):
            mistaken.append(f"{metric}: a line {name} was {'missed' if is_meant else 'found'}")
    return mistaken


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
