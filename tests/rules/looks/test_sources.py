from dataclasses import replace

import pytest

from canary.rules.judging.families import Family
from canary.rules.looks.sources import (
    FUNCTION_ERRORS,
    ArmSource,
    Series,
    all_sources,
    business_sources,
    canary_invocations,
    client_error_source,
    drain_series,
    error_source,
    fixed_limit_sources,
    has_log,
    integrated_series,
    latency_series,
    slow_arm,
    slow_sources,
    sources_of,
    stage_client_error_history,
    stage_error_history,
    stage_latency_history,
)
from canary.rules.targets.policy import SHIPPED
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import a_rollout, a_snapshot, a_target, an_intent, families

LOGGED = a_target()
UNLOGGED = a_target("orders-read", access_log_group=None)
BY_WEIGHTS = a_target("orders-read", stage=None)
WAYS = a_snapshot(), an_intent()


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


def test_reads_function_errors_beside_the_log_where_the_plan_asks_for_them():
    rollout = a_rollout()
    plan = replace(rollout.plan, function_errors=("orders-read",))
    source = sources_of(replace(rollout, plan=plan))[FUNCTION_ERRORS]
    assert FUNCTION_ERRORS not in sources_of(rollout)
    assert source.base == ArmSource((of_lambda("Invocations", LIVE),), (of_lambda("Errors", LIVE),))
    assert source.canary == ArmSource((of_lambda("Invocations", CANARY),), (of_lambda("Errors", CANARY),))
    assert (source.family, source.bad_are, source.counts_bad_always) == (Family.ERRORS, "ended in a function error", True)


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
    assert [(source.metric, source.family) for source in sources] == [("slow_p50", Family.SLOW), ("slow_p99", Family.SLOW)]
    assert sources[1].canary.bad == (filtered("CanaryLatency", "TC(:900)"),)


def test_counts_a_fixed_limit_by_a_filter_of_its_own():
    (source,) = fixed_limit_sources(a_target(metrics=Metrics(latency_limits_ms=(250,))))
    assert (source.metric, source.family) == ("slow_250ms", Family.SLOW)
    assert source.base == ArmSource((filtered("BaseRequests"),), (filtered("BaseSlow250"),))
    assert source.canary == ArmSource((filtered("CanaryRequests"),), (filtered("CanarySlow250"),))


def test_has_no_fixed_limits_without_a_log():
    assert not [*fixed_limit_sources(a_target(access_log_group=None, metrics=Metrics(latency_limits_ms=(250,))))]


def test_compares_everything_that_the_target_names():
    metrics = Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
    sources = all_sources(a_target(metrics=metrics), *WAYS, {"p99": (900.0,)})
    names = ["errors", "client_errors", "slow_p99", "slow_250ms", "business_CheckoutFailed"]
    assert [source.metric for source in sources] == names
    business = sources[-1].canary
    assert business.requests == (Series("Orders", "CheckoutFailed", "SampleCount", (("arm", "canary"),)),)
    assert business.bad == (Series("Orders", "CheckoutFailed", "Sum", (("arm", "canary"),)),)


def test_compares_no_errors_where_the_target_says_so():
    assert all_sources(a_target(metrics=Metrics(errors=False, client_errors=False)), *WAYS, {}) == ()


def test_counts_client_errors_in_the_access_log():
    source = client_error_source(LOGGED)
    assert source is not None
    assert source.base == ArmSource((filtered("BaseRequests"), filtered("BaseRefused")), (filtered("BaseClientErrors"),))
    assert source.canary == ArmSource(
        (filtered("CanaryRequests"), filtered("CanaryRefused")), (filtered("CanaryClientErrors"),)
    )


@pytest.mark.parametrize("target", [UNLOGGED, BY_WEIGHTS, a_target(metrics=Metrics(client_errors=False))])
def test_compares_no_client_errors_without_a_log_or_when_told_not_to(target):
    assert client_error_source(target) is None
    assert "client_errors" not in [source.metric for source in all_sources(target, *WAYS, {})]


def test_knows_where_a_missing_count_of_bad_requests_is_never_zero():
    metrics = Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
    sources = all_sources(a_target(metrics=metrics), *WAYS, {"p99": (900.0,)})
    assert [one.metric for one in sources if one.counts_bad_always] == ["errors", "client_errors", "slow_250ms"]
    assert error_source(UNLOGGED, *WAYS).counts_bad_always
    assert error_source(BY_WEIGHTS, *WAYS).counts_bad_always


def test_reads_a_stages_own_history():
    dimensions = (("ApiName", "orders-api"), ("Stage", "prod"))
    requests = Series("AWS/ApiGateway", "Count", "SampleCount", dimensions)
    assert stage_error_history("orders-api", "prod") == ArmSource(
        (requests,), (Series("AWS/ApiGateway", "5XXError", "Sum", dimensions),)
    )
    assert stage_client_error_history("orders-api", "prod") == ArmSource(
        (requests,), (Series("AWS/ApiGateway", "4XXError", "Sum", dimensions),)
    )
    assert stage_latency_history("orders-api", "prod") == (Series("AWS/ApiGateway", "Latency", "p99", dimensions),)


def test_sees_the_drain_in_base_requests_that_reached_an_integration():
    assert drain_series(LOGGED, *WAYS) == ((filtered("CanaryRequests"),), (filtered("BaseIntegrated"),))
    canary, base = drain_series(UNLOGGED, *WAYS)
    assert (canary, base) == ((of_lambda("Invocations", CANARY),), (of_lambda("Invocations", LIVE),))


def test_sees_the_split_in_requests_that_were_not_refused():
    assert integrated_series(LOGGED, *WAYS) == ((filtered("CanaryRequests"),), (filtered("BaseRequests"),))


def test_sees_the_split_in_lambdas_invocations_without_a_log():
    old, new = ("ExecutedVersion", "1"), ("ExecutedVersion", "2")
    assert integrated_series(UNLOGGED, *WAYS) == ((of_lambda("Invocations", CANARY),), (of_lambda("Invocations", LIVE),))
    assert integrated_series(BY_WEIGHTS, *WAYS) == (
        (of_lambda("Invocations", LIVE, new),),
        (of_lambda("Invocations", LIVE, old),),
    )


def test_counts_how_often_the_canarys_code_ran_with_and_without_a_log():
    assert canary_invocations(a_target("orders-read"), *WAYS) == (of_lambda("Invocations", CANARY),)
    assert canary_invocations(UNLOGGED, *WAYS) == (of_lambda("Invocations", CANARY),)
    assert canary_invocations(BY_WEIGHTS, *WAYS) == (of_lambda("Invocations", LIVE, ("ExecutedVersion", "2")),)
    assert len(canary_invocations(LOGGED, *WAYS)) == 2


FULL = Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
HEARD_AS = {"slow_p50": "latency", "slow_p99": "latency", "business_CheckoutFailed": "business_CheckoutFailed"}
BAD_ARE = {
    "errors": "failed",
    "client_errors": "were 4xx",
    "slow_p50": "took longer than 84.5 ms",
    "slow_p99": "took longer than 840 ms",
    "slow_250ms": "took longer than 250 ms",
    "business_CheckoutFailed": "had CheckoutFailed",
}


def test_every_metric_has_its_family_its_words_and_what_it_is_heard_by():
    sources = sources_of(a_rollout(target=a_target(metrics=FULL), limits_ms={"p50": (84.5,), "p99": (840.0,)}))
    assert [*sources] == [*BAD_ARE]
    assert {metric: source.family for metric, source in sources.items()} == families(*BAD_ARE)
    assert {metric: source.bad_are for metric, source in sources.items()} == BAD_ARE
    assert {metric: source.heard_as for metric, source in sources.items()} == dict.fromkeys(BAD_ARE, "requests") | HEARD_AS


def test_says_every_limit_that_slow_requests_are_slower_than():
    unlogged = a_target(access_log_group=None)
    (source,) = slow_sources(latency_series(unlogged, *WAYS), {"p50": (84.5, 20.0)})
    assert source.bad_are == "took longer than 84.5 or 20 ms"


def test_a_business_metric_is_no_latency_whatever_its_name():
    (source,) = business_sources(a_target(metrics=Metrics(business=(BusinessMetric("500ms", "Orders"),))))
    assert (source.family, source.bad_are) == (Family.BUSINESS, "had 500ms")


def test_every_family_has_a_source_and_a_figure_in_each_policy():
    assert {source.family for source in sources_of(a_rollout(target=a_target(metrics=FULL), limits_ms={})).values()} == {
        *Family
    }
    assert all(policy.delta.keys() == {*Family} for policy in SHIPPED.values())
