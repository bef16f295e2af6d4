import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.sources import (
    ArmSource,
    Series,
    all_sources,
    drain_series,
    error_source,
    family_of,
    fixed_limit_sources,
    has_log,
    latency_series,
    slow_arm,
    slow_sources,
    stage_error_history,
    stage_latency_history,
    stakes,
)
from canary.rules.target import BusinessMetric, Metrics
from tests.builders import a_target, a_way_back, an_intent

LOGGED = a_target()
UNLOGGED = a_target("orders-read", access_log_group=None)
BY_WEIGHTS = a_target("orders-read", stage=None)
WAYS = a_way_back(), an_intent()


def filtered(name, statistic="Sum"):
    return Series("Canary/orders", name, statistic)


def of_lambda(name, *resource, statistic="Sum"):
    return Series("AWS/Lambda", name, statistic, (("FunctionName", "orders-read"), *resource))


LIVE, CANARY = ("Resource", "orders-read:live"), ("Resource", "orders-read:canary")


@pytest.mark.parametrize(("target", "is_logged"), [(LOGGED, True), (UNLOGGED, False), (BY_WEIGHTS, False)])
def test_judges_on_the_access_log_where_there_is_one(target, is_logged):
    assert has_log(target) is is_logged


def test_weights_are_never_judged_on_an_access_log():
    assert not has_log(a_target(stage=None, access_log_group="/apigw/orders"))


def test_reads_errors_from_the_metric_filters():
    source = error_source(LOGGED, *WAYS)
    assert source.base == ArmSource((filtered("BaseRequests"),), (filtered("BaseErrors"),))
    assert source.canary == ArmSource((filtered("CanaryRequests"),), (filtered("CanaryErrors"),))


def test_reads_errors_of_the_aliases_without_a_log():
    source = error_source(UNLOGGED, *WAYS)
    assert source.base == ArmSource((of_lambda("Invocations", LIVE),), (of_lambda("Errors", LIVE),))
    assert source.canary == ArmSource((of_lambda("Invocations", CANARY),), (of_lambda("Errors", CANARY),))


def test_tells_versions_apart_behind_a_weighted_alias():
    source = error_source(BY_WEIGHTS, *WAYS)
    old, new = ("ExecutedVersion", "1"), ("ExecutedVersion", "2")
    assert source.base.requests == (of_lambda("Invocations", LIVE, old),)
    assert source.canary.bad == (of_lambda("Errors", LIVE, new),)


def test_adds_up_all_functions():
    source = error_source(a_target(access_log_group=None), *WAYS)
    names = [dict(series.dimensions)["FunctionName"] for series in source.base.requests]
    assert names == ["orders-read", "orders-write"]


def test_reads_latency_from_the_metric_filters_or_of_each_alias():
    assert latency_series(LOGGED, *WAYS).base == (filtered("BaseLatency", "p99"),)
    assert latency_series(LOGGED, *WAYS).canary == (filtered("CanaryLatency", "p99"),)
    assert latency_series(UNLOGGED, *WAYS).canary == (of_lambda("Duration", CANARY, statistic="p99"),)


def test_counts_what_is_no_slower_than_the_limit():
    arm = slow_arm((filtered("BaseLatency", "p99"),), (812.5,))
    assert arm == ArmSource(
        (filtered("BaseLatency", "SampleCount"),), (filtered("BaseLatency", "TC(:812.5)"),), counts_good=True
    )


@pytest.mark.parametrize(("limit", "written"), [(250.0, "250"), (0.5, "0.5"), (1234567.0, "1234567"), (99.96, "100")])
def test_writes_a_limit_as_cloudwatch_reads_it(limit, written):
    assert slow_arm((filtered("X"),), (limit,)).bad[0].statistic == f"TC(:{written})"


def test_each_series_has_a_limit_of_its_own():
    series = (filtered("A"), filtered("B"))
    assert [one.statistic for one in slow_arm(series, (1.0, 2.0)).bad] == ["TC(:1)", "TC(:2)"]
    with pytest.raises(ValueError, match="zip"):
        slow_arm(series, (1.0,))


def test_has_one_slow_metric_for_each_percentile():
    sources = [*slow_sources(latency_series(LOGGED, *WAYS), {"p50": (40.0,), "p99": (900.0,)})]
    assert [(source.metric, source.is_latency) for source in sources] == [("slow_p50", True), ("slow_p99", True)]
    assert sources[1].canary.bad == (filtered("CanaryLatency", "TC(:900)"),)


def test_counts_a_fixed_limit_by_a_filter_of_its_own():
    (source,) = fixed_limit_sources(a_target(metrics=Metrics(latency_limits_ms=(250,))))
    assert (source.metric, source.is_latency) == ("slow_250ms", True)
    assert source.base == ArmSource((filtered("BaseRequests"),), (filtered("BaseSlow250"),))
    assert source.canary == ArmSource((filtered("CanaryRequests"),), (filtered("CanarySlow250"),))


def test_has_no_fixed_limits_without_a_log():
    assert not [*fixed_limit_sources(a_target(access_log_group=None, metrics=Metrics(latency_limits_ms=(250,))))]


def test_compares_everything_that_the_target_names():
    metrics = Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
    sources = all_sources(a_target(metrics=metrics), *WAYS, {"p99": (900.0,)})
    assert [source.metric for source in sources] == ["errors", "slow_p99", "slow_250ms", "business_CheckoutFailed"]
    business = sources[-1].canary
    assert business.requests == (Series("Orders", "CheckoutFailed", "SampleCount", (("arm", "canary"),)),)
    assert business.bad == (Series("Orders", "CheckoutFailed", "Sum", (("arm", "canary"),)),)


def test_compares_no_errors_where_the_target_says_so():
    assert all_sources(a_target(metrics=Metrics(errors=False)), *WAYS, {}) == ()


def test_reads_a_stages_own_history():
    dimensions = (("ApiName", "orders-api"), ("Stage", "prod"))
    requests = Series("AWS/ApiGateway", "Count", "SampleCount", dimensions)
    assert stage_error_history("orders-api", "prod") == ArmSource(
        (requests,), (Series("AWS/ApiGateway", "5XXError", "Sum", dimensions),)
    )
    assert stage_latency_history("orders-api", "prod") == (Series("AWS/ApiGateway", "Latency", "p99", dimensions),)


def test_sees_the_drain_in_base_requests_that_reached_an_integration():
    assert drain_series(LOGGED, *WAYS) == ((filtered("CanaryRequests"),), (filtered("BaseIntegrated"),))
    canary, base = drain_series(UNLOGGED, *WAYS)
    assert (canary, base) == ((of_lambda("Invocations", CANARY),), (of_lambda("Invocations", LIVE),))


@pytest.mark.parametrize(
    ("metrics", "shares"),
    [
        ((), {}),
        (("errors",), {"errors": 1}),
        (("slow_p50", "slow_p99"), {"slow_p50": 1 / 2, "slow_p99": 1 / 2}),
        (("errors", "slow_p50", "slow_p99"), {"errors": 1 / 2, "slow_p50": 1 / 4, "slow_p99": 1 / 4}),
    ],
)
def test_all_latency_limits_share_the_stake_of_one_metric(metrics, shares):
    assert stakes(metrics) == shares


@given(st.sets(st.sampled_from(["errors", "slow_p50", "slow_p90", "slow_250ms", "business_A", "business_B"]), min_size=1))
def test_stakes_add_up_to_one(metrics):
    assert sum(stakes(tuple(metrics)).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("metric", "family"),
    [("errors", "errors"), ("slow_p99", "slow"), ("slow_250ms", "slow"), ("business_Checkout_Failed", "business")],
)
def test_knows_the_policys_key_of_a_metric(metric, family):
    assert family_of(metric) == family
