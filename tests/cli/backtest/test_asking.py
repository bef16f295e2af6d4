"""What a backtest asks of CloudWatch, known before it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.rules.releases.release import Request
from canary.rules.targets.policy import SHIPPED, STANDARD
from canary.rules.targets.target import BusinessMetric, Metrics
from canary_cli.backtest.asking import MOST_DAYS, inquire
from canary_cli.backtest.backtest_text import lines_of_inquiry
from canary_cli.backtest.frugal import POINTS_PER_CALL, FrugalReader
from canary_cli.planning.drafting import draft_of
from tests.builders import NOON, a_target
from tests.cli.planning.test_prospect import seen

DAY = 86_400


def a_draft(api_name: str = "orders", **target):
    chosen = a_target(**target)
    draft = draft_of(Request("orders"), chosen, seen(target=chosen))
    return replace(draft, plan=replace(draft.plan, api_name=api_name))


def asked(*policies, days=MOST_DAYS, **target):
    return inquire(a_draft(**target), policies or (STANDARD,), now=NOON, days=days)


def test_two_weeks_reach_back_as_far_as_cloudwatch_keeps_minutes():
    found = asked()
    assert found.end == NOON - 120
    assert found.begin == found.end - 14 * DAY
    assert NOON - 15 * DAY < found.start == NOON - 15 * DAY + 3600
    assert asked(days=2).start == found.end - 3 * DAY


def test_the_stages_own_metrics_stand_in_where_there_is_an_access_log():
    found = asked(metrics=Metrics(slow=("p99",), business=(BusinessMetric("CheckoutFailed", "Orders"),)))
    assert [one.metric for one in found.own.metrics] == ["errors", "client_errors", "business_CheckoutFailed"]
    assert [one.metric for one in found.stage.metrics] == ["errors", "client_errors", "business_CheckoutFailed"]
    assert {one.arm.bad[0].name for one in found.stage.metrics} == {"5XXError", "4XXError", "CheckoutFailed"}
    assert (found.own.traffic, found.stage.latency[0].name) == ("errors", "Latency")
    assert asked(api_name="").stage is None
    assert asked(access_log_group=None).stage is None


def test_function_errors_are_lambdas_own_whether_the_log_is_old_or_new():
    draft = a_draft(metrics=Metrics(client_errors=False))
    found = inquire(replace(draft, plan=replace(draft.plan, function_errors=("orders-read",))), (STANDARD,), now=NOON, days=1)
    (own,) = (one for one in found.own.metrics if one.metric == "function_errors")
    assert own in found.stage.metrics
    assert own.arm.bad[0].namespace == "AWS/Lambda"


@pytest.mark.parametrize(
    ("metrics", "traffic"),
    [
        (Metrics(), "errors"),
        (Metrics(errors=False), "client_errors"),
        (Metrics(errors=False, client_errors=False, latency_limits_ms=(200,)), "slow_200ms"),
    ],
)
def test_requests_are_counted_as_a_look_counts_them(metrics: Metrics, traffic: str):
    assert asked(metrics=metrics).own.traffic == traffic


def test_a_target_that_compares_only_percentiles_cannot_be_asked():
    assert asked(metrics=Metrics(errors=False, client_errors=False)) is None
    fixed = asked(metrics=Metrics(errors=False, client_errors=False, slow=(), latency_limits_ms=(200,)))
    assert (fixed.own.latency, fixed.stage, fixed.percentiles) == ((), None, ())


def test_the_price_counts_every_metric_that_may_be_read():
    found = asked(metrics=Metrics(slow=("p50", "p99")))
    assert found.most["most_starts"] == 14 * 24
    own, stage = 4, 3  # requests, refused, errors and 4xx; count, 5xx and 4xx
    assert found.most["most_metrics"] == own + stage + 2 + 2 + 336 * 3
    assert found.most["most_dollars"] == pytest.approx(found.most["most_metrics"] / 100_000)
    lines = [*lines_of_inquiry("orders", found)]
    assert lines[0].startswith("orders: up to 336 starts since ")
    assert lines[1].startswith("  reads     Canary/orders: Base")
    assert lines[-1] == "  price     up to 1,019 metrics of GetMetricData, $0.010 at list prices"
    assert not any("limits" in line for line in lines_of_inquiry("orders", asked(metrics=Metrics(slow=()))))


def test_more_policies_than_two_minutes_judge_make_the_starts_rarer():
    assert asked().every_hours == 1
    everything = asked(*SHIPPED.values())
    assert everything.every_hours == 4
    assert next(lines_of_inquiry("orders", everything)).endswith("one every 4 hours")


@pytest.mark.parametrize("seconds", [14_400, 50_000])
def test_no_call_asks_for_more_points_than_an_answer_holds(seconds: int):
    found = asked()
    starts = found.starts_per_call(seconds)
    assert starts >= 1
    assert starts * 4 * (DAY + seconds + (starts - 1) * 3600) // 60 <= POINTS_PER_CALL


class Cloudwatch:
    """Counts what is asked, and knows nothing."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def get_metric_data(self, **arguments):
        self.asked.append(len(arguments["MetricDataQueries"]))
        return {"MetricDataResults": []}


def test_long_series_are_read_a_few_at_a_time():
    cloudwatch, found = Cloudwatch(), asked()
    reader = FrugalReader(cloudwatch)
    series = sorted(found.own.series | found.stage.series, key=str)
    values = reader.read([*series, *series], found.start, found.end)
    assert cloudwatch.asked == [4, 3]
    assert (reader.requested, len(values)) == (7, 7)
