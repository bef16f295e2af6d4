from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.counts import Counts, RawCounts, is_possible, slow_requests


def test_holds_both_arms_of_a_minute():
    assert Counts(nc=10, ec=10, nb=0, eb=0) == Counts(10, 10, 0, 0)


@pytest.mark.parametrize("wrong", [(5, 6, 10, 0), (5, 0, 10, 11), (5, -1, 10, 0), (-1, 0, 10, 0), (5, 0, -2, -1)])
def test_refuses_more_bad_requests_than_requests(wrong: tuple[int, int, int, int]):
    with pytest.raises(ValueError, match=r"bad requests must be between 0 and the requests, got .* read the minute again"):
        Counts(*wrong)


def test_names_the_counts_it_refuses():
    with pytest.raises(ValueError, match="got 1 of 5 in the canary and 11 of 10 in base"):
        Counts(5, 1, 10, 11)


def test_knows_which_counts_fit_together():
    assert is_possible(3, 3)
    assert is_possible(0, 0)
    assert not is_possible(3, 4)
    assert not is_possible(3, -1)


@pytest.mark.parametrize(
    ("n", "trimmed_count", "slow"),
    [
        (100.0, 99.0, 1),
        (100.0, 98.6, 1),
        (100.0, 98.4, 2),
        (100.0, 0.0, 100),
        (100.0, 100.3, 0),
        (100.0, 101.0, 0),
        (0.0, 0.0, 0),
        (3.0, -0.6, 3),
    ],
)
def test_counts_what_lies_beyond_the_trimmed_part_as_slow(n: float, trimmed_count: float, slow: int):
    assert slow_requests(n, trimmed_count) == slow


@given(n=st.integers(0, 10**9), trimmed_count=st.floats(-10.0, 2e9))
def test_slow_requests_always_fit_the_requests(n: int, trimmed_count: float):
    assert is_possible(n, slow_requests(float(n), trimmed_count))


class TestRawCounts:
    def test_are_whole_where_both_arms_bad_requests_were_counted(self):
        assert RawCounts(60, 0, 540, 2).is_whole
        assert not RawCounts(60, None, 540, 2).is_whole
        assert not RawCounts(60, 0, 540, None).is_whole

    def test_are_possible_as_far_as_they_were_counted(self):
        assert RawCounts(60, None, 540, 2).is_possible
        assert not RawCounts(60, None, 540, 541).is_possible

    def test_are_trusted_as_far_as_they_can_be_right(self):
        assert RawCounts(60, 3, 540, 2).trusted == RawCounts(60, 3, 540, 2)
        assert RawCounts(60, None, 540, 2).trusted == RawCounts(60, None, 540, 2)
        assert RawCounts(60, 61, 540, 2).trusted == RawCounts(60, None, 540, 2)
        assert RawCounts(60, 3, 540, -1).trusted == RawCounts(60, 3, 540, None)

    def test_are_folded_only_when_they_are_whole(self):
        assert RawCounts(60, 1, 540, 2).counts == Counts(60, 1, 540, 2)
        with pytest.raises(ValueError, match="leave the metric out of the minute"):
            _ = RawCounts(60, None, 540, 2).counts


@pytest.mark.parametrize(
    ("nc", "nb", "share", "exceeds"),
    [
        (0, 0, 0.1, False),
        (0, 600, 0.1, False),
        (60, 540, 0.1, False),
        (82, 518, 0.1, False),  # 2.9 sigma
        (84, 516, 0.1, True),  # 3.1 sigma
        (30, 0, 0.9, False),  # chance: 4 %
        (60, 0, 0.9, True),
        (60, 0, 1.0, False),
    ],
)
def test_a_canary_exceeds_a_share_beyond_three_sigma(*, nc: int, nb: int, share: float, exceeds: bool):
    assert Counts(nc, 0, nb, 0).exceeds(share) is exceeds
