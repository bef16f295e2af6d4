"""The dashboard of a target: its rollout, then base on the left and canary on the right, on the same scale.

Shows what the judge and the alarms read, from the same series. The series of weighted aliases do not exist before a rollout, so
the dashboard searches for them. Decides nothing.
"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from canary.rules.looks.look_metrics import DIMENSION, EVIDENCE, NAMESPACE, SHARE, VERDICT, WEIGHT, number_of
from canary.rules.looks.sources import Arm, Series, business_sources, has_log
from canary.rules.looks.verdict import VerdictKind
from canary.rules.targets.access_log import metric_namespace
from canary.rules.targets.alarms import target_alarms
from canary_cdk.watch import dashboard_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from constructs import Construct

    from canary.rules.targets.target import Target, TargetFunction

MINUTE = cdk.Duration.minutes(1)
PERCENTILES = ("p50", "p90", "p99")
HALF, THIRD = 12, 8
DASHBOARD_ALARMS = 100


def arms_dashboard(scope: Construct, target: Target) -> cloudwatch.Dashboard:
    """The rollout above, both arms side by side, the alarms below."""
    stack = cdk.Stack.of(scope)
    rows = [_rollout(target), *_rows(target)]
    if alarms := _alarms(scope, target):
        rows.append([cloudwatch.AlarmStatusWidget(title="Alarms that roll back", alarms=alarms, width=2 * HALF)])
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=dashboard_name(stack, target.name),
        widgets=rows,
        period_override=cloudwatch.PeriodOverride.INHERIT,
    )


def _rollout(target: Target) -> list[cloudwatch.IWidget]:
    """What each look saw and decided. A metric cannot make an annotation, so past steps are steps of the weight's line."""
    steps = [_mark(float(step.weight_percent), f"step {number}") for number, step in enumerate(target.policy.steps, start=1)]
    verdicts = [_mark(number_of(one), one.value.lower().replace("_", " ")) for one in VerdictKind]
    bar = _mark(-log10(target.policy.alpha), "the bar: roll back")
    return [
        _looks("rollout: weight set and share seen, in percent", [(WEIGHT, "weight"), (SHARE, "share")], target, steps),
        _looks("rollout: evidence against the canary, as a power of ten", [(EVIDENCE, "evidence")], target, [bar]),
        _looks("rollout: verdict of each look", [(VERDICT, "verdict")], target, verdicts),
    ]


def _looks(
    title: str, metrics: list[tuple[str, str]], target: Target, marks: list[cloudwatch.HorizontalAnnotation]
) -> cloudwatch.GraphWidget:
    dimensions = ((DIMENSION, target.name),)
    drawn = [_metric(Series(NAMESPACE, name, "Maximum", dimensions), label) for name, label in metrics]
    return cloudwatch.GraphWidget(title=title, left=drawn, left_annotations=marks, width=THIRD)


def _mark(value: float, label: str) -> cloudwatch.HorizontalAnnotation:
    return cloudwatch.HorizontalAnnotation(value=value, label=label)


def _rows(target: Target) -> Iterator[list[cloudwatch.IWidget]]:
    if has_log(target):
        yield _row("requests per minute", {arm: _log_requests(target, arm) for arm in Arm})
        yield _row("latency in ms", {arm: _log_latency(target, arm) for arm in Arm})
    elif target.stage:
        yield _row("calls and errors per minute", {arm: list(_alias_calls(target, arm)) for arm in Arm})
    else:
        yield [_versions(target)]
    for metric, source in zip(target.metrics.business, business_sources(target), strict=True):
        pairs = {Arm.BASE: source.base, Arm.CANARY: source.canary}
        yield _row(metric.name, {arm: [_metric(one, metric.name) for one in pair.bad] for arm, pair in pairs.items()})


def _row(title: str, metrics: dict[Arm, list[cloudwatch.IMetric]]) -> list[cloudwatch.IWidget]:
    return [cloudwatch.GraphWidget(title=f"{arm.value}: {title}", left=metrics[arm], width=HALF) for arm in Arm]


def _log_requests(target: Target, arm: Arm) -> list[cloudwatch.IMetric]:
    space, prefix = metric_namespace(target.name), arm.value.capitalize()
    labels = {
        "Requests": "requests",
        "Errors": "errors",
        **({"ClientErrors": "4xx"} if target.metrics.client_errors else {}),
        **{f"Slow{limit}": f"slow{limit}" for limit in target.metrics.latency_limits_ms},
    }
    return [_metric(Series(space, f"{prefix}{what}", "Sum"), label) for what, label in labels.items()]


def _log_latency(target: Target, arm: Arm) -> list[cloudwatch.IMetric]:
    space, name = metric_namespace(target.name), f"{arm.value.capitalize()}Latency"
    return [_metric(Series(space, name, percentile), percentile) for percentile in PERCENTILES]


def _alias_calls(target: Target, arm: Arm) -> Iterator[cloudwatch.IMetric]:
    for function in target.functions:
        alias = function.live if arm is Arm.BASE else function.canary
        dimensions = (("FunctionName", function.name), ("Resource", f"{function.name}:{alias}"))
        for name in ("Invocations", "Errors"):
            yield _metric(Series("AWS/Lambda", name, "Sum", dimensions), f"{function.name} {name.lower()}")


def _versions(target: Target) -> cloudwatch.GraphWidget:
    """One line per version, because with weighted aliases only the version distinguishes the arms."""
    searches = [_search(function, name) for function in target.functions for name in ("Invocations", "Errors")]
    return cloudwatch.GraphWidget(title="both arms: calls and errors per minute, by version", left=searches, width=2 * HALF)


def _search(function: TargetFunction, name: str) -> cloudwatch.IMetric:
    schema = "{AWS/Lambda,FunctionName,Resource,ExecutedVersion}"
    resource = f'FunctionName="{function.name}" Resource="{function.name}:{function.live}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{schema} {resource} MetricName=\"{name}\"', 'Sum', 60)",
        using_metrics={},
        label=f"{function.name} {name.lower()}",
        period=MINUTE,
    )


def _metric(one: Series, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=one.namespace,
        metric_name=one.name,
        statistic=one.statistic,
        dimensions_map=dict(one.dimensions),
        period=MINUTE,
        label=label,
    )


def _alarms(scope: Construct, target: Target) -> list[cloudwatch.IAlarm]:
    names: Iterable[str] = [*(alarm.name for alarm in target_alarms(target)), *target.alarms]
    return [
        cloudwatch.Alarm.from_alarm_name(scope, f"Shown{number}", name)
        for number, name in enumerate(names, start=1)
        if number <= DASHBOARD_ALARMS
    ]
