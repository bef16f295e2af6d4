from __future__ import annotations

import pytest

from canary.rules.judging.beginning import begin_evidence, begin_step
from canary.rules.judging.counts import Counts
from tests.builders import families
from tests.rules.judging.test_judge import HISTORY, STAKES, evidence_of, look_at


def test_coarse_metrics_are_fixed_at_the_start():
    metrics = "errors", "client_errors"
    stakes = {"errors": 0.9, "client_errors": 0.1}
    evidence = begin_evidence(dict.fromkeys(metrics, HISTORY), families=families(*metrics), stakes=stakes, alpha=0.01)
    assert [evidence.history.bases[metric].is_coarse for metric in metrics] == [False, True]
    little_worse = Counts(120_000, 266, 120_000, 200)
    after = look_at(evidence, *[little_worse] * 5, metric="client_errors")
    assert after.metrics["client_errors"].log_e < 0.0
    assert look_at(evidence, *[little_worse] * 5).metrics["errors"].log_e > 5.0


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_refuses_an_alpha_that_is_no_probability(alpha: float):
    with pytest.raises(ValueError, match="alpha must be above 0 and below 1, got"):
        evidence_of(alpha=alpha)


@pytest.mark.parametrize("stakes", [{"errors": 0.9}, {"errors": 0.7, "slow_p99": 0.7}, {"errors": 1.5, "slow_p99": -0.5}, {}])
def test_refuses_stakes_that_are_no_shares_of_one_unit(stakes: dict[str, float]):
    with pytest.raises(ValueError, match="stakes must be above 0 and sum to 1, got"):
        begin_evidence({metric: [] for metric in stakes}, families=families(*stakes), stakes=stakes, alpha=0.01)


def test_refuses_a_metric_without_stake():
    with pytest.raises(ValueError, match=r"every metric needs a stake, got \['errors'\] for \['errors', 'slow_p99'\]"):
        begin_evidence(
            {"errors": [], "slow_p99": []}, families=families("errors", "slow_p99"), stakes={"errors": 1.0}, alpha=0.01
        )


@pytest.mark.parametrize("points", [0.0, 1.0, -0.01, 5.0])
def test_refuses_a_delta_that_is_no_rate(points: float):
    with pytest.raises(ValueError, match=f"delta must be above 0 and below 1, got {points} for errors"):
        begin_step(evidence_of(), {"errors": points})


def test_refuses_to_begin_a_step_without_a_delta_for_each_metric():
    with pytest.raises(ValueError, match=r"every metric needs a delta, got none for \['business_CheckoutFailed'\]"):
        begin_step(evidence_of(stakes=STAKES), {"errors": 0.005, "slow_p99": 0.05})


def test_refuses_a_delta_for_a_metric_that_is_not_judged():
    with pytest.raises(ValueError, match=r"metrics are fixed at the start, got \['latency'\]"):
        begin_step(evidence_of(), {"errors": 0.005, "latency": 0.1})
