"""Binomial draws, compared with the distribution itself."""

from __future__ import annotations

from math import comb, sqrt
from random import Random
from statistics import fmean, pvariance

import pytest

from canary_cli.backtest.thinning import binomial

DRAWS = 4000


@pytest.mark.parametrize(("n", "p"), [(0, 0.3), (7, 0.0), (7, 1.0), (100_000, 0.0), (100_000, 1.0)])
def test_what_is_certain_is_not_drawn(n: int, p: float):
    assert binomial(n, p, Random(1)) == round(n * p)


@pytest.mark.parametrize(("n", "p"), [(40, 0.02), (600, 0.1), (600, 0.5), (6000, 0.9), (60_000, 0.25)])
def test_mean_and_variance_are_those_of_the_distribution(n: int, p: float):
    rng = Random(f"{n} {p}")
    found = [binomial(n, p, rng) for _ in range(DRAWS)]
    mean, variance = n * p, n * p * (1 - p)

    assert min(found) >= 0
    assert max(found) <= n
    assert fmean(found) == pytest.approx(mean, abs=5 * sqrt(variance / DRAWS))
    assert pvariance(found) == pytest.approx(variance, rel=5 * sqrt(2 / DRAWS))


def test_every_number_comes_as_often_as_it_should():
    rng, n, p = Random(3), 60, 0.4
    found = [binomial(n, p, rng) for _ in range(DRAWS)]
    for k in range(18, 31):
        expected = DRAWS * comb(n, k) * p**k * (1 - p) ** (n - k)
        assert found.count(k) == pytest.approx(expected, abs=5 * sqrt(expected))
