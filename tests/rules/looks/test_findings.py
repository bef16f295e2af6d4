import pytest

from canary.rules.looks.findings import Finding, compare, describe_findings
from canary.rules.looks.sources import sources_of
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import a_rollout, a_target

COUNT = MetricCount(nc=720, ec=16, nb=6480, eb=3)
METRICS = Metrics(latency_limits_ms=(250,), business=(BusinessMetric("CheckoutFailed", "Orders"),))
SOURCES = sources_of(a_rollout(target=a_target(metrics=METRICS), limits_ms={"p99": (840.0,)}))


def test_reports_every_metric_under_its_word():
    findings = {
        "errors": Finding.NOT_WORSE,
        "business_CheckoutFailed": Finding.NO_DATA,
        "slow_p99": Finding.NOT_WORSE,
        "latency": Finding.NOT_JUDGED,
        "client_errors": Finding.TOO_FEW,
    }
    assert describe_findings(findings) == (
        "not worse: errors, slow_p99; too few requests: client_errors; no data: business_CheckoutFailed; not judged: latency"
    )


def test_reports_nothing_where_nothing_was_found():
    assert describe_findings({}) == ""


@pytest.mark.parametrize(
    ("metric", "what"),
    [
        ("errors", "failed"),
        ("client_errors", "were 4xx"),
        ("slow_p99", "took longer than 840 ms"),
        ("slow_250ms", "took longer than 250 ms"),
        ("business_CheckoutFailed", "had CheckoutFailed"),
    ],
)
def test_compares_both_arms_with_their_rates(metric, what):
    assert compare(SOURCES[metric], COUNT) == f"16 of 720 canary requests (2.22 %) {what}, 3 of 6,480 of base (0.05 %)"


def test_an_arm_without_requests_has_no_rate():
    assert (
        compare(SOURCES["errors"], MetricCount(nc=0, nb=10))
        == "0 of 0 canary requests (none seen) failed, 0 of 10 of base (0.00 %)"
    )
