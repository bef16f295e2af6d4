"""What a deployed template costs per month even without a rollout, from one dated table of list prices.

Counts what CloudFormation creates: custom metrics, alarms, dashboards, and the calls of schedules. Free tiers are not deducted.
What costs only cents per month for any fleet is left out: log storage, the table, parameters, queues, rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canary.rules.rollouts.price import MILLION
from canary.rules.rollouts.price import RATES as ROLLOUT_RATES
from canary.rules.rollouts.report import SECONDS_PER_CALL

HOURS = 730
"""Hours per month, as AWS counts them."""

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
UNIT_HOURS = {"minute": Decimal(1) / 60, "hour": Decimal(1), "day": Decimal(24)}

Resources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rates:
    """List prices in US dollars per month, without tax and free tiers.

    ``compiled_on`` is the day on which the table was compiled, ``source`` says from what.
    """

    compiled_on: str
    region: str
    source: str
    custom_metric: Decimal
    alarm_metric: Decimal
    dashboard: Decimal
    trace: Decimal


RATES = Rates(
    compiled_on="2026-11-23",
    region="us-east-1",
    source="the services' public pricing pages, as quoted in docs/aws.md#prices",
    custom_metric=Decimal("0.30"),  # for each of the first ten thousand; charged for hours in which it gets data
    alarm_metric=Decimal("0.10"),  # for each metric that an alarm reads, charged by the hour
    dashboard=Decimal("3.00"),
    trace=Decimal(5) / MILLION,  # X-Ray, per recorded trace
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill: what, how many, and dollars per month."""

    what: str
    count: int
    dollars: Decimal


def bill(template: Mapping[str, Any], *, rates: Rates = RATES) -> tuple[Line, ...]:
    """The lines of a synthesised template that cost something."""
    resources: Resources = template["Resources"]
    metrics, alarm_metrics = len(set(_custom_metrics(resources))), sum(_alarm_metrics(resources))
    dashboards = len(list(_of_type(resources, "AWS::CloudWatch::Dashboard")))
    calls = list(_scheduled_calls(resources))
    count = round(sum(each for each, _ in calls))
    lines = (
        Line("custom metrics", metrics, metrics * rates.custom_metric),
        Line("metrics of alarms", alarm_metrics, alarm_metrics * rates.alarm_metric),
        Line("dashboards", dashboards, dashboards * rates.dashboard),
        Line("scheduled calls", count, sum((each * _call_price(memory) for each, memory in calls), Decimal())),
        Line("traces of them", count, count * rates.trace),
    )
    return tuple(line for line in lines if line.count)


def total(lines: tuple[Line, ...]) -> Decimal:
    """Dollars per month."""
    return sum((line.dollars for line in lines), Decimal())


def _custom_metrics(resources: Resources) -> Iterator[tuple[str, str]]:
    for properties in _of_type(resources, "AWS::Logs::MetricFilter"):
        for one in properties["MetricTransformations"]:
            yield one["MetricNamespace"], one["MetricName"]


def _alarm_metrics(resources: Resources) -> Iterator[int]:
    """The paid metrics of each alarm: an expression is free, the metrics that it reads are not."""
    for properties in _of_type(resources, "AWS::CloudWatch::Alarm"):
        yield sum("MetricStat" in query for query in properties["Metrics"]) if "Metrics" in properties else 1


def _scheduled_calls(resources: Resources) -> Iterator[tuple[Decimal, int]]:
    """For each scheduled rule: calls per month, and the memory in MB of the function that is called."""
    for properties in _of_type(resources, "AWS::Events::Rule"):
        match = RATE.fullmatch(properties.get("ScheduleExpression", ""))
        for target in properties["Targets"] if match else ():
            name = target["Arn"]["Fn::GetAtt"][0]
            hours = int(match[1]) * UNIT_HOURS[match[2]] if match else Decimal(1)
            yield HOURS / hours, int(resources[name]["Properties"]["MemorySize"])


def _call_price(memory_mb: int) -> Decimal:
    seconds = Decimal(repr(SECONDS_PER_CALL))
    return ROLLOUT_RATES.lambda_request + Decimal(memory_mb) / 1024 * seconds * ROLLOUT_RATES.lambda_gb_second


def _of_type(resources: Resources, kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in resources.values():
        if resource["Type"] == kind:
            yield resource["Properties"]
