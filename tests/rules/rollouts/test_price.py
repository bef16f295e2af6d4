from decimal import Decimal

import pytest

from canary.rules.rollouts.price import RATES, Usage, price


def test_prices_a_rollout_in_one_line():
    usage = Usage(transitions=271, lambda_calls=63, metrics_requested=54, lambda_gb_seconds=9.45, write_units=120)
    cost = price(usage)
    assert cost.text == "$0.0075: 271 transitions, 63 Lambda calls, 54 metrics requested"
    assert cost.dollars == Decimal("0.00752860063")


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(transitions=1000, lambda_calls=0, metrics_requested=0), "0.025"),
        (Usage(transitions=0, lambda_calls=1_000_000, metrics_requested=0), "0.20"),
        (Usage(transitions=0, lambda_calls=0, metrics_requested=1000), "0.01"),
        (Usage(transitions=0, lambda_calls=0, metrics_requested=0, lambda_gb_seconds=0.5), "0.0000066667"),
        (Usage(transitions=0, lambda_calls=0, metrics_requested=0, write_units=1_000_000), "0.625"),
        (Usage(transitions=0, lambda_calls=0, metrics_requested=0, read_units=1_000_000), "0.125"),
    ],
)
def test_prices_each_kind_of_use_by_its_own_rate(usage, dollars):
    assert price(usage).dollars == Decimal(dollars)


def test_counts_one_as_one():
    text = price(Usage(transitions=1, lambda_calls=1, metrics_requested=1)).text
    assert text == "$0.0000: 1 transition, 1 Lambda call, 1 metric requested"


def test_rates_say_when_where_and_whence():
    assert RATES.compiled_on == "2026-11-23"
    assert RATES.region == "us-east-1"
    assert "docs/aws.md#prices" in RATES.source
