from __future__ import annotations

from math import exp, factorial

import pytest

from canary.rules.judging.incident import as_one, expected_as_one

WON = [2.0, 0.5, 0.0, -1.0]


def test_counts_three_failures_of_a_few_requests_as_one():
    assert as_one(WON, requests=6, failures=3, usual=0.001, phi=1.0) == pytest.approx([2 / 3, 0.5 / 3, 0.0, -1.0])
    assert as_one(WON, requests=20, failures=2, usual=0.001, phi=1.0) == pytest.approx([1.0, 0.25, 0.0, -1.0])


def test_counts_a_burst_once_where_history_already_counts_it():
    assert as_one(WON, requests=6, failures=3, usual=0.001, phi=1.5) == pytest.approx([1.0, 0.25, 0.0, -1.0])
    assert as_one(WON, requests=6, failures=3, usual=0.001, phi=3.0) == WON


@pytest.mark.parametrize(
    ("requests", "failures", "usual"),
    [(6, 1, 0.001), (6, 4, 0.001), (6, 0, 0.001), (21, 3, 0.001), (6, 3, 0.03)],
)
def test_believes_what_no_single_incident_explains(requests: int, failures: int, usual: float):
    assert as_one(WON, requests=requests, failures=failures, usual=usual, phi=1.0) == WON


@pytest.mark.parametrize("phi", [1.0, 1.7, 2.5, 4.0])
def test_the_expectation_is_that_of_poisson_failures(phi: float):
    mean = 1.3
    chances = [exp(-mean) * mean**k / factorial(k) for k in range(60)]
    counted = [min(k, phi) if k in (2, 3) else k for k in range(60)]
    expected = sum(chance * one for chance, one in zip(chances, counted, strict=True))
    assert expected_as_one(mean, requests=6.0, usual=0.001, phi=phi) == pytest.approx(expected)
    assert expected_as_one(mean, requests=21.0, usual=0.001, phi=phi) == mean
    assert expected_as_one(mean, requests=6.0, usual=0.03, phi=phi) == mean
