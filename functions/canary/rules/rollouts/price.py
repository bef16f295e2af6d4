"""What a rollout costs, from one dated table of list prices.

It counts what a rollout itself uses. It leaves out free tiers, what also costs money between rollouts (alarms, custom metrics,
log storage) and the minutes of a waiting pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

THOUSAND = 1_000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """List prices in US dollars, without tax and free tiers.

    ``compiled_on`` is the day on which the table was compiled, ``source`` says from what.
    """

    compiled_on: str
    region: str
    source: str
    transition: Decimal
    lambda_request: Decimal
    lambda_gb_second: Decimal
    metric: Decimal
    write_unit: Decimal
    read_unit: Decimal
    scanned_gb: Decimal


RATES = Rates(
    compiled_on="2026-11-23",
    region="us-east-1",
    source="the services' public pricing pages, as quoted in docs/aws.md#prices",
    transition=Decimal("0.025") / THOUSAND,  # Step Functions, Standard workflow; a retry is one too
    lambda_request=Decimal("0.20") / MILLION,
    lambda_gb_second=Decimal("0.0000133334"),  # arm64
    metric=Decimal("0.01") / THOUSAND,  # GetMetricData: each metric of each call, with up to five statistics
    write_unit=Decimal("0.625") / MILLION,  # DynamoDB on demand: up to 1 KB; twice that in a transaction
    read_unit=Decimal("0.125") / MILLION,  # up to 4 KB read consistently
    scanned_gb=Decimal("0.005"),  # CloudWatch Logs Insights, by the bytes that a query scans
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one rollout used. ``lambda_gb_seconds`` is memory in GB times billed seconds, summed over all calls."""

    transitions: int
    lambda_calls: int
    metrics_requested: int
    lambda_gb_seconds: float = 0.0
    write_units: int = 0
    read_units: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars, and a line that says what they pay for."""

    dollars: Decimal
    text: str


def price(usage: Usage, *, rates: Rates = RATES) -> Price:
    """What ``usage`` costs at these rates."""
    dollars = (
        usage.transitions * rates.transition
        + usage.lambda_calls * rates.lambda_request
        + Decimal(repr(usage.lambda_gb_seconds)) * rates.lambda_gb_second
        + usage.metrics_requested * rates.metric
        + usage.write_units * rates.write_unit
        + usage.read_units * rates.read_unit
    )
    counts = (
        _counted(usage.transitions, "transition"),
        _counted(usage.lambda_calls, "Lambda call"),
        f"{_counted(usage.metrics_requested, 'metric')} requested",
    )
    return Price(dollars, f"${dollars:.4f}: {', '.join(counts)}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
