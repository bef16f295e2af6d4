from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.bets import SHARES
from canary.rules.judging.staking import kept_for_shifts, log_sum, stake, unstaked


def test_stakes_one_unit_in_all():
    assert stake(0) == pytest.approx(0.42)
    assert sum(map(stake, range(1, 30))) == pytest.approx(0.175)
    assert sum(map(stake, range(30, 200_000))) == pytest.approx(0.105, rel=1e-3)
    assert kept_for_shifts(0) == pytest.approx(0.3)
    assert sum(SHARES) == pytest.approx(1.0)


@pytest.mark.parametrize("minutes", [0, 1, 2, 29, 30, 31, 500])
def test_holds_back_what_is_not_yet_staked(minutes: int):
    assert unstaked(minutes) == pytest.approx(0.7 - sum(map(stake, range(minutes))))
    assert unstaked(minutes) > 0.0


@given(logs=st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=8), shift=st.sampled_from([0.0, 1e5, -1e5]))
def test_sums_what_no_float_could_hold(logs: list[float], shift: float):
    expected = log(sum(map(exp, logs))) + shift
    assert log_sum([number + shift for number in logs]) == pytest.approx(expected, abs=1e-8)
