from __future__ import annotations

from math import isnan, sqrt

import pytest

from bench.ratios import paired_ratio


def test_the_ratio_is_the_geometric_mean_over_the_cells():
    assert paired_ratio([[(2.0, 1.0), (6.0, 3.0)], [(1.0, 2.0)] * 2]) == (pytest.approx(1.0), pytest.approx(0.0))


def test_the_error_is_that_of_the_paired_differences():
    multiple, error = paired_ratio([[(1.0, 1.0), (3.0, 1.0)]])
    assert multiple == 2.0
    assert error == pytest.approx(2.0 * (sqrt(2.0) / 2.0) / sqrt(2.0))


def test_a_cell_in_which_nobody_is_harmed_is_left_out():
    calm = [[(0.0, 0.0)], [(0.0, 1.0)], []]
    assert paired_ratio([*calm, [(3.0, 2.0)]]) == (pytest.approx(1.5), 0.0)
    assert all(map(isnan, paired_ratio(calm)))
